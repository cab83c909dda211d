"""What outlives the embedded cloud: buckets with their objects, Glue's catalog, Athena's workgroups and saved queries.

One JSON file, `<home>/state/lake.json`; the objects' bytes are files already (`embedded.cloud.objects`). Functions,
schedules, roles and secrets are not kept: a lake is opened again to be read, and deployed again to be run.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import moto
from moto.athena.models import NamedQuery, athena_backends
from moto.glue.models import glue_backends
from moto.s3.models import FakeDeleteMarker, s3_backends

from embedded.cloud import objects

FORMAT = 1


class StateError(Exception):
    """The saved lake is missing or can't be read; the text says what to do."""


def path_of(home: Path) -> Path:
    """The file that holds a lake's state."""
    return home / "state" / "lake.json"


def save(home: Path) -> Path:
    """Writes the state, in one step: a reader sees the old file or the new one."""
    content = {
        "format": FORMAT,
        "moto": moto.__version__,
        "buckets": [_bucket(account, bucket) for account, bucket in _buckets()],
        "databases": [
            _database(account, region, database)
            for account, region, backend in _regional(glue_backends)
            for database in backend.databases.values()
        ],
        "workgroups": [
            {
                "account": account,
                "region": region,
                "name": group.name,
                "configuration": group.configuration,
                "description": group.description,
            }
            for account, region, backend in _regional(athena_backends)
            for group in backend.work_groups.values()
        ],
        "queries": [
            {
                "account": account,
                "region": region,
                "id": query.id,
                "name": query.name,
                "database": query.database,
                "description": query.description,
                "sql": query.query_string,
                "workgroup": query.workgroup.name,
            }
            for account, region, backend in _regional(athena_backends)
            for query in backend.named_queries.values()
        ],
    }
    target = path_of(home)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, default=_plain))
    temporary.replace(target)
    return target


def load(home: Path) -> None:
    """Reads the state into this process's moto. Raises StateError where there is none, or another format's."""
    source = path_of(home)
    if not source.exists():
        raise StateError(f"There is no saved lake in {home}: run `make run` first.")
    content = json.loads(source.read_text())
    if content.get("format") != FORMAT:
        raise StateError(f"{source}: format {content.get('format')} is not {FORMAT}: run `make run` again.")
    for bucket in content["buckets"]:
        _restore_bucket(bucket)
    for database in content["databases"]:
        _restore_database(database)
    for group in content["workgroups"]:
        backend = athena_backends[group["account"]][group["region"]]
        backend.work_groups.pop(group["name"], None)
        backend.create_work_group(group["name"], group["configuration"], group["description"], [])
    for query in content["queries"]:
        backend = athena_backends[query["account"]][query["region"]]
        restored = NamedQuery(
            query["name"],
            query["description"],
            query["database"],
            query["sql"],
            backend.work_groups[query["workgroup"]],
        )
        restored.id = query["id"]
        backend.named_queries[restored.id] = restored


def _buckets() -> list[tuple[str, Any]]:
    return [
        (account, bucket) for account, parts in list(s3_backends.items()) for bucket in list(parts["aws"].buckets.values())
    ]


def _regional(backends: Any) -> list[tuple[str, str, Any]]:
    return [
        (account, region, backend)
        for account, regions in list(backends.items())
        for region, backend in list(regions.items())
    ]


def _bucket(account: str, bucket: Any) -> dict[str, Any]:
    versions = [
        {
            "key": key,
            "file": version.data_name,
            "etag": version.etag.strip('"'),
            "version": version.version_id,
            "storage": version.storage_class,
            "modified": version.last_modified,
            "metadata": dict(version.metadata),
        }
        for key in list(bucket.keys)
        for version in bucket.keys.getlist(key)
        if not isinstance(version, FakeDeleteMarker)
    ]
    return {
        "account": account,
        "name": bucket.name,
        "region": bucket.region_name,
        "versioning": bucket.versioning_status,
        "objects": versions,
    }


def _restore_bucket(saved: dict[str, Any]) -> None:
    backend = s3_backends[saved["account"]]["aws"]
    bucket = backend.create_bucket(saved["name"], saved["region"])
    bucket.versioning_status = saved["versioning"]
    for one in saved["objects"]:
        version = objects.adopt(
            bucket,
            one["key"],
            one["file"],
            etag=one["etag"],
            version_id=one["version"],
            storage=one["storage"],
            versioned=bucket.is_versioned,
        )
        version.last_modified = datetime.fromisoformat(one["modified"])
        version.set_metadata(one["metadata"])
        bucket.keys.setlist(one["key"], [*bucket.keys.getlist(one["key"], []), version])


def _database(account: str, region: str, database: Any) -> dict[str, Any]:
    tables = [
        {
            "input": table.versions[str(table._current_version)],
            "partitions": [partition.partition_input for partition in table.partitions.values()],
        }
        for table in database.tables.values()
    ]
    return {
        "account": account,
        "region": region,
        "name": database.name,
        "input": database.input,
        "tables": tables,
    }


def _restore_database(saved: dict[str, Any]) -> None:
    backend = glue_backends[saved["account"]][saved["region"]]
    backend.create_database(saved["name"], saved["input"], {})
    for one in saved["tables"]:
        table = backend.create_table(saved["name"], one["input"]["Name"], one["input"])
        table = table or backend.get_table(saved["name"], one["input"]["Name"])
        for partition in one["partitions"]:
            table.create_partition(partition)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} {value!r} can't be saved.")
