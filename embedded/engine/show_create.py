"""SHOW CREATE TABLE: a Glue table as the Hive DDL that would make it."""

from typing import Any


def show_create_table(table: dict[str, Any]) -> list[str]:
    """The statement's lines, as Athena prints them."""
    storage = table["StorageDescriptor"]
    lines = [f"CREATE EXTERNAL TABLE `{table['Name']}`("]
    lines += _columns(storage["Columns"])
    if table.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *_columns(table["PartitionKeys"])]
    lines += ["ROW FORMAT SERDE ", f"  '{storage['SerdeInfo']['SerializationLibrary']}' "]
    lines += ["STORED AS INPUTFORMAT ", f"  '{storage['InputFormat']}' "]
    lines += ["OUTPUTFORMAT ", f"  '{storage['OutputFormat']}'"]
    lines += ["LOCATION", f"  '{storage['Location']}'"]
    properties = [f"  '{name}'='{value}'" for name, value in sorted(table.get("Parameters", {}).items())]
    return [*lines, "TBLPROPERTIES (", ", \n".join(properties) + ")"]


def _columns(columns: list[dict[str, str]]) -> list[str]:
    texts = [f"  `{column['Name']}` {column['Type']}{_comment(column)}" for column in columns]
    return [f"{text}, " for text in texts[:-1]] + [f"{texts[-1]})"]


def _comment(column: dict[str, str]) -> str:
    comment = (column.get("Comment") or "").replace("'", "\\'")
    return f" COMMENT '{comment}'" if comment else ""
