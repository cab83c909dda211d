"""Queues, topics, rules, schedules, alarms and logs as CloudFormation makes them."""

import json
from typing import Any

from local.cloud.resources.base import (
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
        name: json.dumps(value)
        if isinstance(value, dict)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
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
    attributes = {
        key: properties[key] for key in ("DisplayName", "KmsMasterKeyId") if key in properties
    }
    sns = scope.client("sns")
    arn = sns.create_topic(Name=name, Attributes=attributes, Tags=properties.get("Tags", []))[
        "TopicArn"
    ]
    for one in properties.get("Subscription", []):
        sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])
    return Made(arn, {"TopicName": name, "TopicArn": arn})


def _change_topic(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    for name in ("DisplayName", "KmsMasterKeyId"):
        if name in new:
            scope.client("sns").set_topic_attributes(
                TopicArn=ref, AttributeName=name, AttributeValue=new[name]
            )
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
        name: json.dumps(properties[name])
        if isinstance(properties[name], dict)
        else str(properties[name]).lower()
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
    arn = scope.client("scheduler").create_schedule(Name=name, **pick(properties, *_SCHEDULE))[
        "ScheduleArn"
    ]
    return Made(name, {"Arn": arn})


def _change_schedule(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    arn = scope.client("scheduler").update_schedule(Name=ref, **pick(new, *_SCHEDULE))[
        "ScheduleArn"
    ]
    return Made(ref, {"Arn": arn})


def _delete_schedule(scope: Scope, ref: str, properties: Properties) -> None:
    scope.client("scheduler").delete_schedule(Name=ref, **pick(properties, "GroupName"))


def _schedule_group(scope: Scope, properties: Properties) -> Made:
    name = properties.get("Name") or scope.name(64)
    arn = scope.client("scheduler").create_schedule_group(
        Name=name, Tags=properties.get("Tags", [])
    )
    return Made(name, {"Arn": arn["ScheduleGroupArn"]})


def _alarm(scope: Scope, properties: Properties) -> Made:
    return _change_alarm(scope, properties.get("AlarmName") or scope.name(255), properties, {})


def _change_alarm(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    wanted = without(new, "AlarmName", "Tags")
    scope.client("cloudwatch").put_metric_alarm(AlarmName=ref, **wanted)
    return Made(ref, {"Arn": scope.arn("cloudwatch", f"alarm:{ref}")})


def _composite_alarm(scope: Scope, properties: Properties) -> Made:
    return _change_composite(scope, properties.get("AlarmName") or scope.name(255), properties, {})


def _change_composite(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    scope.client("cloudwatch").put_composite_alarm(
        AlarmName=ref, **without(new, "AlarmName", "Tags")
    )
    return Made(ref, {"Arn": scope.arn("cloudwatch", f"alarm:{ref}")})


def _dashboard(scope: Scope, properties: Properties) -> Made:
    name = properties.get("DashboardName") or scope.name(255)
    return _change_dashboard(scope, name, properties, {})


def _change_dashboard(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    scope.client("cloudwatch").put_dashboard(DashboardName=ref, DashboardBody=new["DashboardBody"])
    return Made(ref)


def _delete_alarm(scope: Scope, ref: str, properties: Properties) -> None:
    scope.client("cloudwatch").delete_alarms(AlarmNames=[ref])


def _log_group(scope: Scope, properties: Properties) -> Made:
    name = properties.get("LogGroupName") or scope.name(512)
    logs = scope.client("logs")
    logs.create_log_group(logGroupName=name, tags=tags_as_dict(properties))
    return _change_log_group(scope, name, properties, {})


def _change_log_group(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    logs = scope.client("logs")
    if "RetentionInDays" in new:
        logs.put_retention_policy(logGroupName=ref, retentionInDays=int(new["RetentionInDays"]))
    elif "RetentionInDays" in old:
        logs.delete_retention_policy(logGroupName=ref)
    return Made(ref, {"Arn": scope.arn("logs", f"log-group:{ref}:*")})


def _metric_filter(scope: Scope, properties: Properties) -> Made:
    name = properties.get("FilterName") or scope.name(512)
    changes = [
        {key[0].lower() + key[1:]: value for key, value in one.items()}
        for one in properties["MetricTransformations"]
    ]
    scope.client("logs").put_metric_filter(
        logGroupName=properties["LogGroupName"],
        filterName=name,
        filterPattern=properties["FilterPattern"],
        metricTransformations=changes,
    )
    return Made(name)


def _query_definition(scope: Scope, properties: Properties) -> Made:
    return Made(scope.name())  # a saved query of the console: nothing here reads it


TYPES = {
    "AWS::SQS::Queue": ResourceType(
        _queue,
        lambda s, ref, p: s.client("sqs").delete_queue(QueueUrl=ref),
        _change_queue,
        ("QueueName",),
    ),
    "AWS::SQS::QueuePolicy": ResourceType(
        _queue_policy, None, lambda s, ref, new, old: _queue_policy(s, new)
    ),
    "AWS::SNS::Topic": ResourceType(
        _topic,
        lambda s, ref, p: s.client("sns").delete_topic(TopicArn=ref),
        _change_topic,
        ("TopicName",),
    ),
    "AWS::SNS::TopicPolicy": ResourceType(
        _topic_policy, None, lambda s, ref, new, old: _topic_policy(s, new)
    ),
    "AWS::SNS::Subscription": ResourceType(
        _subscription, lambda s, ref, p: s.client("sns").unsubscribe(SubscriptionArn=ref)
    ),
    "AWS::Events::Rule": ResourceType(_rule, _delete_rule, _change_rule, ("Name", "EventBusName")),
    "AWS::Scheduler::Schedule": ResourceType(
        _schedule, _delete_schedule, _change_schedule, ("Name", "GroupName")
    ),
    "AWS::Scheduler::ScheduleGroup": ResourceType(
        _schedule_group,
        lambda s, ref, p: s.client("scheduler").delete_schedule_group(Name=ref),
        lambda s, ref, new, old: Made(ref, {"Arn": s.arn("scheduler", f"schedule-group/{ref}")}),
        ("Name",),
    ),
    "AWS::CloudWatch::Alarm": ResourceType(_alarm, _delete_alarm, _change_alarm, ("AlarmName",)),
    "AWS::CloudWatch::CompositeAlarm": ResourceType(
        _composite_alarm, _delete_alarm, _change_composite, ("AlarmName",)
    ),
    "AWS::CloudWatch::Dashboard": ResourceType(
        _dashboard,
        lambda s, ref, p: s.client("cloudwatch").delete_dashboards(DashboardNames=[ref]),
        _change_dashboard,
        ("DashboardName",),
    ),
    "AWS::Logs::LogGroup": ResourceType(
        _log_group,
        lambda s, ref, p: s.client("logs").delete_log_group(logGroupName=ref),
        _change_log_group,
        ("LogGroupName",),
    ),
    "AWS::Logs::MetricFilter": ResourceType(
        _metric_filter,
        lambda s, ref, p: s.client("logs").delete_metric_filter(
            logGroupName=p["LogGroupName"], filterName=ref
        ),
    ),
    "AWS::Logs::QueryDefinition": ResourceType(_query_definition),
}
