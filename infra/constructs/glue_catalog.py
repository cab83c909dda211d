"""The Glue databases and tables that sql/ declares, and the tables of builds beside the stored rollups."""

from __future__ import annotations

from aws_cdk import Aws, CfnResource, RemovalPolicy
from constructs import Construct

from infra.deployment import Deployment
from lake.relations import Table


class GlueCatalog(Construct):
    """One database for each folder of sql/; a table in it for each file of its tables/."""

    def __init__(self, scope: Construct, deployment: Deployment, bucket: str) -> None:
        super().__init__(scope, "Catalog")
        self._deployment, self._bucket = deployment, bucket
        catalog = deployment.catalog
        described = {name: f"Outlay: what sql/{name}/ declares" for name in catalog.databases}
        described |= {name: "Outlay: what rollups built, published or not" for name in catalog.builds_databases}
        self._databases = {name: self._database(name, sentence) for name, sentence in described.items()}
        for table in catalog.tables:
            self._table(table)
        for rollup in catalog.rollups:
            self._table(catalog.builds_table(rollup))

    def database(self, name: str) -> str:
        """Reference to the Glue database of what sql/<name>/ declares."""
        return self._databases[name].ref

    def _database(self, name: str, sentence: str) -> CfnResource:
        return self._resource(
            f"{name}Database",
            "AWS::Glue::Database",
            {
                "CatalogId": Aws.ACCOUNT_ID,
                "DatabaseInput": {
                    "Name": self._deployment.names.database(name),
                    "Description": sentence,
                },
            },
        )

    def _table(self, table: Table) -> None:
        self._resource(
            f"{table.database}-{table.name}",
            "AWS::Glue::Table",
            {
                "CatalogId": Aws.ACCOUNT_ID,
                "DatabaseName": self.database(table.database),
                "TableInput": table.glue_input(self._bucket),
            },
        )

    def _resource(self, name: str, kind: str, properties: dict[str, object]) -> CfnResource:
        resource = CfnResource(self, name, type=kind, properties=properties)
        kept = self._deployment.settings.deployment.keep_data
        resource.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if kept else RemovalPolicy.DESTROY)
        return resource
