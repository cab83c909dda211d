"""Alarms, dashboards and logs as CloudFormation makes them."""

from embedded.cloud.resources.base import Made, Properties, ResourceType, Scope, tags_as_dict, without


def _alarm(scope: Scope, properties: Properties) -> Made:
    return _change_alarm(scope, properties.get("AlarmName") or scope.name(255), properties, {})


def _change_alarm(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    wanted = without(new, "AlarmName", "Tags")
    scope.client("cloudwatch").put_metric_alarm(AlarmName=ref, **wanted)
    return Made(ref, {"Arn": scope.arn("cloudwatch", f"alarm:{ref}")})


def _composite_alarm(scope: Scope, properties: Properties) -> Made:
    return _change_composite(scope, properties.get("AlarmName") or scope.name(255), properties, {})


def _change_composite(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    scope.client("cloudwatch").put_composite_alarm(AlarmName=ref, **without(new, "AlarmName", "Tags"))
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
        {key[0].lower() + key[1:]: value for key, value in one.items()} for one in properties["MetricTransformations"]
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
    "AWS::CloudWatch::Alarm": ResourceType(_alarm, _delete_alarm, _change_alarm, ("AlarmName",)),
    "AWS::CloudWatch::CompositeAlarm": ResourceType(_composite_alarm, _delete_alarm, _change_composite, ("AlarmName",)),
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
        lambda s, ref, p: s.client("logs").delete_metric_filter(logGroupName=p["LogGroupName"], filterName=ref),
    ),
    "AWS::Logs::QueryDefinition": ResourceType(_query_definition),
}
