"""Data Exports as CloudFormation makes them."""

from embedded.cloud import billing
from embedded.cloud.resources.base import Made, Properties, ResourceType, Scope


def _export(scope: Scope, properties: Properties) -> Made:
    arn = billing.create_export(scope.account, scope.region, properties["Export"])
    return Made(arn, {"ExportArn": arn})


TYPES = {
    "AWS::BCMDataExports::Export": ResourceType(
        _export,
        lambda scope, ref, properties: billing.delete_export(scope.account, ref),
    ),
}
