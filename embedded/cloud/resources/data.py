"""Glue, Athena, DynamoDB and Secrets Manager as CloudFormation makes them."""

import json

from embedded.cloud.resources.base import Made, Properties, ResourceType, Scope, pick, without


def _database(scope: Scope, properties: Properties) -> Made:
    scope.client("glue").create_database(DatabaseInput=properties["DatabaseInput"])
    return Made(properties["DatabaseInput"]["Name"])


def _change_database(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    scope.client("glue").update_database(Name=ref, DatabaseInput=new["DatabaseInput"])
    return Made(ref)


def _table(scope: Scope, properties: Properties) -> Made:
    table = properties["TableInput"]
    scope.client("glue").create_table(DatabaseName=properties["DatabaseName"], TableInput=table)
    return Made(table["Name"])


def _change_table(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    if new["TableInput"]["Name"] != ref:
        made = _table(scope, new)
        scope.client("glue").delete_table(DatabaseName=old["DatabaseName"], Name=ref)
        return made
    scope.client("glue").update_table(DatabaseName=new["DatabaseName"], TableInput=new["TableInput"])
    return Made(ref)


def _workgroup(scope: Scope, properties: Properties) -> Made:
    scope.client("athena").create_work_group(
        Name=properties["Name"],
        Configuration=properties.get("WorkGroupConfiguration", {}),
        **pick(properties, "Description", "Tags"),
    )
    return Made(properties["Name"])


def _change_workgroup(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    from moto.athena.models import athena_backends  # moto's UpdateWorkGroup does not exist

    group = athena_backends[scope.account][scope.region].work_groups[ref]
    group.configuration = group.configuration | new.get("WorkGroupConfiguration", {})
    group.description = new.get("Description", group.description)
    return Made(ref)


def _delete_workgroup(scope: Scope, ref: str, properties: Properties) -> None:
    scope.client("athena").delete_work_group(WorkGroup=ref, RecursiveDeleteOption=True)


def _named_query(scope: Scope, properties: Properties) -> Made:
    wanted = pick(properties, "Database", "QueryString", "WorkGroup", "Description")
    answer = scope.client("athena").create_named_query(Name=properties.get("Name") or scope.name(128), **wanted)
    return Made(answer["NamedQueryId"], {"NamedQueryId": answer["NamedQueryId"]})


def _delete_named_query(scope: Scope, ref: str, properties: Properties) -> None:
    from moto.athena.models import athena_backends  # moto's DeleteNamedQuery does not exist

    athena_backends[scope.account][scope.region].named_queries.pop(ref, None)


_TABLE_OWN = (
    "TimeToLiveSpecification",
    "PointInTimeRecoverySpecification",
    "TableName",
    "Tags",
    "ContributorInsightsSpecification",
    "KinesisStreamSpecification",
    "DeletionProtectionEnabled",
)


def _dynamo_table(scope: Scope, properties: Properties) -> Made:
    name = properties.get("TableName") or scope.name(255)
    wanted = without(properties, *_TABLE_OWN)
    if "SSESpecification" in wanted:
        wanted["SSESpecification"] = {
            "Enabled": wanted["SSESpecification"].get("SSEEnabled", False),
            **without(wanted["SSESpecification"], "SSEEnabled"),
        }
    answer = scope.client("dynamodb").create_table(TableName=name, **wanted)["TableDescription"]
    _change_dynamo_table(scope, name, properties, {})
    return Made(name, {"Arn": answer["TableArn"], "StreamArn": answer.get("LatestStreamArn", "")})


def _change_dynamo_table(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    dynamodb = scope.client("dynamodb")
    if "TimeToLiveSpecification" in new and new["TimeToLiveSpecification"] != old.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(TableName=ref, TimeToLiveSpecification=new["TimeToLiveSpecification"])
    if "PointInTimeRecoverySpecification" in new:
        dynamodb.update_continuous_backups(
            TableName=ref, PointInTimeRecoverySpecification=new["PointInTimeRecoverySpecification"]
        )
    description = dynamodb.describe_table(TableName=ref)["Table"]
    return Made(ref, {"Arn": description["TableArn"], "StreamArn": description.get("LatestStreamArn", "")})


def _secret(scope: Scope, properties: Properties) -> Made:
    arn = scope.client("secretsmanager").create_secret(
        Name=properties.get("Name") or scope.name(200),
        SecretString=_secret_value(scope, properties),
        **pick(properties, "Description", "KmsKeyId", "Tags"),
    )["ARN"]
    return Made(arn, {"Id": arn})


def _secret_value(scope: Scope, properties: Properties) -> str:
    if "SecretString" in properties:
        return str(properties["SecretString"])
    wanted = properties.get("GenerateSecretString")
    if wanted is None:
        return "{}"
    own = ("SecretStringTemplate", "GenerateStringKey")
    word = scope.client("secretsmanager").get_random_password(**without(wanted, *own))["RandomPassword"]
    if "GenerateStringKey" not in wanted:
        return str(word)
    return json.dumps(json.loads(wanted["SecretStringTemplate"]) | {wanted["GenerateStringKey"]: word})


def _change_secret(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    changes = pick(new, "Description", "KmsKeyId")
    if "SecretString" in new and new["SecretString"] != old.get("SecretString"):
        changes["SecretString"] = new["SecretString"]
    scope.client("secretsmanager").update_secret(SecretId=ref, **changes)
    return Made(ref, {"Id": ref})


def _delete_secret(scope: Scope, ref: str, properties: Properties) -> None:
    scope.client("secretsmanager").delete_secret(SecretId=ref, ForceDeleteWithoutRecovery=True)


TYPES = {
    "AWS::Glue::Database": ResourceType(
        _database, lambda s, ref, p: s.client("glue").delete_database(Name=ref), _change_database
    ),
    "AWS::Glue::Table": ResourceType(
        _table,
        lambda s, ref, p: s.client("glue").delete_table(DatabaseName=p["DatabaseName"], Name=ref),
        _change_table,
        ("DatabaseName",),
    ),
    "AWS::Athena::WorkGroup": ResourceType(_workgroup, _delete_workgroup, _change_workgroup, ("Name",)),
    "AWS::Athena::NamedQuery": ResourceType(_named_query, _delete_named_query),
    "AWS::DynamoDB::Table": ResourceType(
        _dynamo_table,
        lambda s, ref, p: s.client("dynamodb").delete_table(TableName=ref),
        _change_dynamo_table,
        ("TableName", "KeySchema"),
    ),
    "AWS::SecretsManager::Secret": ResourceType(_secret, _delete_secret, _change_secret, ("Name",)),
}
