"""An S3 and a Glue client over one folder: what the bills need of them, with nothing held in memory."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DELIVERED = datetime(2026, 11, 20, 6, tzinfo=UTC)


class FolderS3:
    """Objects are files under root, by key."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_object(self, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803 - boto3's names
        """Write an object."""
        self.path(Key).write_bytes(Body)

    def path(self, key: str) -> Path:
        """The file of an object; its folder is made."""
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """An object's body."""
        return {"Body": io.BytesIO(self.path(Key).read_bytes())}

    def head_object(self, Key: str, **_: Any) -> dict[str, str]:  # noqa: N803
        """An object's tag."""
        return {"ETag": self._tag(self.path(Key))}

    def download_file(self, _bucket: str, key: str, path: str) -> None:
        """Copy an object to a file."""
        shutil.copyfile(self.path(key), path)

    def upload_file(self, path: str, _bucket: str, key: str) -> None:
        """Copy a file to an object."""
        shutil.copyfile(path, self.path(key))

    def get_paginator(self, _operation: str) -> FolderS3:
        """Pages of list_objects_v2."""
        return self

    def paginate(self, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        """All objects whose keys begin with Prefix, in one page."""
        found = sorted(path for path in self._root.rglob("*") if path.is_file())
        keys = [(str(path.relative_to(self._root)), path) for path in found]
        contents = [
            {"Key": key, "ETag": self._tag(path), "LastModified": DELIVERED, "Size": path.stat().st_size}
            for key, path in keys
            if key.startswith(Prefix)
        ]
        yield {"Contents": contents}

    def _tag(self, path: Path) -> str:
        stamp = f"{path}{path.stat().st_size}"
        return hashlib.sha256(stamp.encode()).hexdigest()


class EmptyGlue:
    """No partition yet; takes every one."""

    def get_paginator(self, _operation: str) -> EmptyGlue:
        """Pages of get_partitions."""
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        """None."""
        return [{"Partitions": []}]

    def batch_create_partition(self, **_: Any) -> dict[str, Any]:
        """Taken."""
        return {}

    def batch_update_partition(self, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
        """None of them is there."""
        missing = {"ErrorCode": "EntityNotFoundException"}
        return {"Errors": [{"PartitionValueList": entry["PartitionValueList"], "ErrorDetail": missing} for entry in Entries]}
