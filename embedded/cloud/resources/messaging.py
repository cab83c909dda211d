"""Queues, topics, rules and schedules as CloudFormation makes them."""

import json
from typing import Any

from embedded.cloud.resources.base import (
    Made,
    Properties,
    ResourceType,
    Scope,
    pick,
    tags_as_dict,
    without,
)


def _queue_attributes(properties: Properties) -> dict[str, str]:
    plain = without(properties, "QueueName", "Tags")
    return {
        name: json.dumps(value) if isinstance(value, dict) else str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in plain.items()
    }


def _queue(scope: Scope, properties: Properties) -> Made:
    name = properties.get("QueueName") or scope.name(80)
    url = scope.client("sqs").create_queue(
        QueueName=name, Attributes=_queue_attributes(properties), tags=tags_as_dict(properties)
    )["QueueUrl"]
    return Made(url, {"Arn": scope.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _change_queue(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    scope.client("sqs").set_queue_attributes(QueueUrl=ref, Attributes=_queue_attributes(new))
    name = ref.rsplit("/", 1)[-1]
    return Made(ref, {"Arn": scope.arn("sqs", name), "QueueName": name, "QueueUrl": ref})


def _queue_policy(scope: Scope, properties: Properties) -> Made:
    for url in properties["Queues"]:
        scope.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": json.dumps(properties["PolicyDocument"])}
        )
    return Made(scope.name())


def _topic(scope: Scope, properties: Properties) -> Made:
    name = properties.get("TopicName") or scope.name(256)
    attributes = {key: properties[key] for key in ("DisplayName", "KmsMasterKeyId") if key in properties}
    sns = scope.client("sns")
    arn = sns.create_topic(Name=name, Attributes=attributes, Tags=properties.get("Tags", []))["TopicArn"]
    for one in properties.get("Subscription", []):
        sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])
    return Made(arn, {"TopicName": name, "TopicArn": arn})


def _change_topic(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    for name in ("DisplayName", "KmsMasterKeyId"):
        if name in new:
            scope.client("sns").set_topic_attributes(TopicArn=ref, AttributeName=name, AttributeValue=new[name])
    return Made(ref, {"TopicName": ref.rsplit(":", 1)[-1], "TopicArn": ref})


def _topic_policy(scope: Scope, properties: Properties) -> Made:
    for arn in properties["Topics"]:
        scope.client("sns").set_topic_attributes(
            TopicArn=arn,
            AttributeName="Policy",
            AttributeValue=json.dumps(properties["PolicyDocument"]),
        )
    return Made(scope.name())


def _subscription(scope: Scope, properties: Properties) -> Made:
    attributes = {
        name: json.dumps(properties[name]) if isinstance(properties[name], dict) else str(properties[name]).lower()
        for name in ("FilterPolicy", "RawMessageDelivery", "RedrivePolicy")
        if name in properties
    }
    arn = scope.client("sns").subscribe(
        ReturnSubscriptionArn=True,
        Attributes=attributes,
        **pick(properties, "TopicArn", "Protocol", "Endpoint"),
    )["SubscriptionArn"]
    return Made(arn, {"Arn": arn})


def _rule(scope: Scope, properties: Properties) -> Made:
    return _change_rule(scope, properties.get("Name") or scope.name(64), properties, {})


def _change_rule(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    events = scope.client("events")
    bus = new.get("EventBusName", "default")
    wanted: dict[str, Any] = pick(new, "ScheduleExpression", "State", "Description", "RoleArn")
    if "EventPattern" in new:
        wanted["EventPattern"] = json.dumps(new["EventPattern"])
    arn = events.put_rule(Name=ref, EventBusName=bus, **wanted)["RuleArn"]
    kept = {target["Id"] for target in new.get("Targets", [])}
    gone = [target["Id"] for target in old.get("Targets", []) if target["Id"] not in kept]
    if gone:
        events.remove_targets(Rule=ref, EventBusName=bus, Ids=gone)
    if new.get("Targets"):
        events.put_targets(Rule=ref, EventBusName=bus, Targets=new["Targets"])
    return Made(ref, {"Arn": arn})


def _delete_rule(scope: Scope, ref: str, properties: Properties) -> None:
    bus = properties.get("EventBusName", "default")
    ids = [target["Id"] for target in properties.get("Targets", [])]
    if ids:
        scope.client("events").remove_targets(Rule=ref, EventBusName=bus, Ids=ids)
    scope.client("events").delete_rule(Name=ref, EventBusName=bus)


_SCHEDULE = (
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "FlexibleTimeWindow",
    "Target",
    "State",
    "GroupName",
    "Description",
    "StartDate",
    "EndDate",
    "KmsKeyArn",
)


def _schedule(scope: Scope, properties: Properties) -> Made:
    name = properties.get("Name") or scope.name(64)
    arn = scope.client("scheduler").create_schedule(Name=name, **pick(properties, *_SCHEDULE))["ScheduleArn"]
    return Made(name, {"Arn": arn})


def _change_schedule(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    arn = scope.client("scheduler").update_schedule(Name=ref, **pick(new, *_SCHEDULE))["ScheduleArn"]
    return Made(ref, {"Arn": arn})


def _delete_schedule(scope: Scope, ref: str, properties: Properties) -> None:
    scope.client("scheduler").delete_schedule(Name=ref, **pick(properties, "GroupName"))


def _schedule_group(scope: Scope, properties: Properties) -> Made:
    name = properties.get("Name") or scope.name(64)
    arn = scope.client("scheduler").create_schedule_group(Name=name, Tags=properties.get("Tags", []))
    return Made(name, {"Arn": arn["ScheduleGroupArn"]})


TYPES = {
    "AWS::SQS::Queue": ResourceType(
        _queue,
        lambda s, ref, p: s.client("sqs").delete_queue(QueueUrl=ref),
        _change_queue,
        ("QueueName",),
    ),
    "AWS::SQS::QueuePolicy": ResourceType(_queue_policy, None, lambda s, ref, new, old: _queue_policy(s, new)),
    "AWS::SNS::Topic": ResourceType(
        _topic,
        lambda s, ref, p: s.client("sns").delete_topic(TopicArn=ref),
        _change_topic,
        ("TopicName",),
    ),
    "AWS::SNS::TopicPolicy": ResourceType(_topic_policy, None, lambda s, ref, new, old: _topic_policy(s, new)),
    "AWS::SNS::Subscription": ResourceType(
        _subscription, lambda s, ref, p: s.client("sns").unsubscribe(SubscriptionArn=ref)
    ),
    "AWS::Events::Rule": ResourceType(_rule, _delete_rule, _change_rule, ("Name", "EventBusName")),
    "AWS::Scheduler::Schedule": ResourceType(_schedule, _delete_schedule, _change_schedule, ("Name", "GroupName")),
    "AWS::Scheduler::ScheduleGroup": ResourceType(
        _schedule_group,
        lambda s, ref, p: s.client("scheduler").delete_schedule_group(Name=ref),
        lambda s, ref, new, old: Made(ref, {"Arn": s.arn("scheduler", f"schedule-group/{ref}")}),
        ("Name",),
    ),
}
