"""Which resource an API call is about, where moto does not say, and what IAM calls the action."""

from collections.abc import Callable
from typing import Any

from moto.athena.responses import AthenaResponse
from moto.awslambda.responses import LambdaResponse
from moto.cloudformation.responses import CloudFormationResponse
from moto.dynamodb.responses import DynamoHandler
from moto.glue.responses import GlueResponse
from moto.kms.responses import KmsResponse
from moto.secretsmanager.models import secretsmanager_backends
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.sns.responses import SNSResponse

IAM_PREFIXES = {  # the name that requests are signed with -> the prefix of its IAM actions, where they differ
    "monitoring": "cloudwatch",
    "tagging": "tag",
    "email": "ses",
    "cost-explorer": "ce",
    "api.pricing": "pricing",
}
SAME_PERMISSION = {  # an API's operation -> the IAM action that it needs, where they differ
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:CopyObject": "s3:PutObject",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sns:PublishBatch": "sns:Publish",
}


def install_resources() -> None:
    """Teaches moto's services which ARN a request is about; "*" where that can't be told."""
    owners: dict[type, Callable[[Any], str]] = {
        AthenaResponse: _athena,
        CloudFormationResponse: lambda call: _named(call, "cloudformation", "stack/", call._get_param("StackName")),
        DynamoHandler: _dynamodb,
        GlueResponse: _glue,
        KmsResponse: _kms,
        LambdaResponse: _lambda,
        SNSResponse: lambda call: call._get_param("TopicArn") or call._get_param("TargetArn") or "*",
        SecretsManagerResponse: _secret,
    }
    for response, resource in owners.items():
        response._determine_resource = resource  # type: ignore[attr-defined]


def _arn(call: Any, service: str, rest: str) -> str:
    return f"arn:aws:{service}:{call.region}:{call.current_account}:{rest}"


def _named(call: Any, service: str, kind: str, name: str | None) -> str:
    if not name:
        return "*"
    return name if name.startswith("arn:") else _arn(call, service, f"{kind}{name}")


def _athena(call: Any) -> str:
    query = call.athena_backend.executions.get(call._get_param("QueryExecutionId"))
    return _named(call, "athena", "workgroup/", query.workgroup if query else call._get_param("WorkGroup"))


def _dynamodb(call: Any) -> str:
    return _named(call, "dynamodb", "table/", call.body.get("TableName"))


def _glue(call: Any) -> str:
    database = call._get_param("DatabaseName")
    table_input = call._get_param("TableInput") or {}
    table = call._get_param("TableName") or call._get_param("Name") or table_input.get("Name")
    if database and table:
        return _arn(call, "glue", f"table/{database}/{table}")
    name = database or call._get_param("Name") or (call._get_param("DatabaseInput") or {}).get("Name")
    return _arn(call, "glue", f"database/{name}") if name else "*"


def _kms(call: Any) -> str:
    name = call._get_param("KeyId")
    return "*" if name and "alias/" in name else _named(call, "kms", "key/", name)


def _lambda(call: Any) -> str:
    parts = call.path.split("/functions/")
    if len(parts) < 2:
        return "*"
    name = parts[1].split("/")[0].replace("%3A", ":")
    return _named(call, "lambda", "function:", name)


def _secret(call: Any) -> str:
    wanted = call._get_param("SecretId")
    if not wanted:
        return "*"
    for secret in secretsmanager_backends[call.current_account][call.region].secrets.values():
        if wanted in (secret.name, secret.arn):
            return str(secret.arn)
    return _named(call, "secretsmanager", "secret:", wanted)
