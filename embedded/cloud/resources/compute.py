"""Lambda functions and what hangs on them, as CloudFormation makes them."""

import io
import json
import zipfile
from typing import Any

from moto.awslambda.utils import get_backend

from embedded.cloud import layers
from embedded.cloud.resources.base import (
    Made,
    Properties,
    ResourceType,
    Scope,
    pick,
    tags_as_dict,
    without,
)

_CONFIGURATION = (
    "Description",
    "Handler",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "VpcConfig",
    "Environment",
    "Layers",
    "TracingConfig",
    "EphemeralStorage",
    "KmsKeyArn",
)
_CREATION = (*_CONFIGURATION, "Architectures", "PackageType")


def _code(properties: Properties) -> dict[str, Any]:
    code = properties["Code"]
    if "ZipFile" not in code:
        return pick(code, "S3Bucket", "S3Key", "S3ObjectVersion")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("index.py", code["ZipFile"])
    return {"ZipFile": archive.getvalue()}


def _function(scope: Scope, properties: Properties) -> Made:
    name = properties.get("FunctionName") or scope.name(64)
    _check_trust(scope, properties["Role"])
    scope.client("lambda").create_function(
        FunctionName=name,
        Code=_code(properties),
        Tags=tags_as_dict(properties),
        **pick(properties, *_CREATION),
    )
    try:
        _check_layers(scope, name, properties)
    except ValueError:
        scope.client("lambda").delete_function(FunctionName=name)
        raise
    return _keep_what_moto_drops(scope, name, properties)


def _change_function(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    client = scope.client("lambda")
    _check_trust(scope, new["Role"])
    client.update_function_configuration(FunctionName=ref, **pick({"Environment": {"Variables": {}}} | new, *_CONFIGURATION))
    if new["Code"] != old["Code"]:
        client.update_function_code(FunctionName=ref, **_code(new))
    _check_layers(scope, ref, new)
    return _keep_what_moto_drops(scope, ref, new)


def _check_layers(scope: Scope, name: str, properties: Properties) -> None:
    function: Any = get_backend(scope.account, scope.region).get_function(name)
    layers.check(properties.get("Layers", ()), scope.region, function.code_bytes)


def _keep_what_moto_drops(scope: Scope, name: str, properties: Properties) -> Made:
    function: Any = get_backend(scope.account, scope.region).get_function(name)
    function.outlay_dead_letter_arn = properties.get("DeadLetterConfig", {}).get("TargetArn")
    function.outlay_log_group = properties.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
    function.outlay_log_format = properties.get("LoggingConfig", {}).get("LogFormat", "Text")
    function.tracing_config = properties.get("TracingConfig") or {"Mode": "PassThrough"}
    function.reserved_concurrency = properties.get("ReservedConcurrentExecutions")
    return Made(name, {"Arn": scope.arn("lambda", f"function:{name}")})


def _check_trust(scope: Scope, role_arn: str) -> None:
    from moto.iam.models import iam_backends

    role = iam_backends[scope.account]["aws"].get_role_by_arn(role_arn)
    document = json.loads(role.assume_role_policy_document)
    if "lambda.amazonaws.com" not in json.dumps(document):
        raise ValueError(f"The role {role_arn} cannot be assumed by Lambda: its trust policy does not name it.")


def _permission(scope: Scope, properties: Properties) -> Made:
    statement = scope.name(100)
    wanted = pick(
        properties,
        "Action",
        "Principal",
        "SourceArn",
        "SourceAccount",
        "EventSourceToken",
        "PrincipalOrgID",
        "FunctionUrlAuthType",
    )
    scope.client("lambda").add_permission(FunctionName=properties["FunctionName"], StatementId=statement, **wanted)
    return Made(statement, {"Id": statement})


def _delete_permission(scope: Scope, ref: str, properties: Properties) -> None:
    scope.client("lambda").remove_permission(FunctionName=properties["FunctionName"], StatementId=ref)


def _invoke_config(scope: Scope, properties: Properties) -> Made:
    wanted = pick(properties, "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
    scope.client("lambda").put_function_event_invoke_config(FunctionName=properties["FunctionName"], **wanted)
    return Made(f"{properties['FunctionName']}|$LATEST")


def _delete_invoke_config(scope: Scope, ref: str, properties: Properties) -> None:
    scope.client("lambda").delete_function_event_invoke_config(FunctionName=properties["FunctionName"])


def _event_source(scope: Scope, properties: Properties) -> Made:
    answer = scope.client("lambda").create_event_source_mapping(**without(properties, "Tags"))
    return Made(answer["UUID"], {"Id": answer["UUID"]})


def _version(scope: Scope, properties: Properties) -> Made:
    answer = scope.client("lambda").publish_version(FunctionName=properties["FunctionName"])
    return Made(answer["FunctionArn"], {"Version": answer["Version"], "FunctionArn": answer["FunctionArn"]})


TYPES = {
    "AWS::Lambda::Function": ResourceType(
        _function,
        lambda s, ref, p: s.client("lambda").delete_function(FunctionName=ref),
        _change_function,
        ("FunctionName",),
    ),
    "AWS::Lambda::Permission": ResourceType(_permission, _delete_permission),
    "AWS::Lambda::EventInvokeConfig": ResourceType(
        _invoke_config,
        _delete_invoke_config,
        lambda s, ref, new, old: _invoke_config(s, new),
        ("FunctionName",),
    ),
    "AWS::Lambda::EventSourceMapping": ResourceType(
        _event_source, lambda s, ref, p: s.client("lambda").delete_event_source_mapping(UUID=ref)
    ),
    "AWS::Lambda::Version": ResourceType(_version),
}
