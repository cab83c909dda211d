"""S3 objects as real files: the lake can be looked at, outgrow memory, and outlive the process.

The bytes of each object version are one immutable file under `<root>/.data`; `<root>/<bucket>/<key>` is a second name
(a hard link) of the newest version. A reader that has begun therefore always gets one version whole, and a person can
open the lake with a Parquet viewer. Keys that no file can be called (`a//b`, `a/..`, a key below another key) have
only their data file.
"""

import contextvars
import hashlib
from pathlib import Path
from typing import Any

import moto.s3.models as s3_models
from moto.s3.exceptions import MissingKey
from moto.s3.responses import S3Response

from embedded.cloud.object_store import FileBody, ObjectStore

_ranged_read: contextvars.ContextVar[bool] = contextvars.ContextVar("ranged_read", default=False)


_store: ObjectStore | None = None


def store() -> ObjectStore:
    """The store that `install` made. Raises RuntimeError before that."""
    if _store is None:
        raise RuntimeError("embedded.cloud.objects.install has not been called.")
    return _store


class DiskKey(s3_models.FakeKey):
    """An S3 object version (or an upload's part) of moto whose value is a file."""

    __module__ = "moto.s3.models"  # moto's base class reads the service's name from it

    def __init__(self, name: str, value: bytes, *args: Any, **keywords: Any) -> None:
        self._data_name = ""
        keywords["max_buffer_size"] = 1
        super().__init__(name, value, *args, **keywords)
        if self.bucket_name:
            store().publish(self._data_name, self.bucket_name, str(self.name))

    @property
    def value(self) -> Any:
        """The content: bytes, or a FileBody while a ranged GET is answered."""
        path = store().path(self._data_name)
        if _ranged_read.get():
            return FileBody(path, self.contentsize)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise MissingKey(key=str(self.name)) from None

    @value.setter
    def value(self, content: bytes | str) -> None:
        content = content.encode() if isinstance(content, str) else bytes(content)
        if self._data_name:
            store().remove(self._data_name, self.bucket_name, str(self.name))
        self._data_name = store().write(content)
        self.contentsize = len(content)
        if self._etag is None:
            self._etag = hashlib.md5(content, usedforsecurity=False).hexdigest()

    @property
    def etag(self) -> str:
        """The quoted entity tag."""
        return f'"{self._etag}"'

    @property
    def data_name(self) -> str:
        """The name of the file below `.data` that holds the content."""
        return self._data_name

    def dispose(self, garbage: bool = False) -> None:
        """Deletes the file. Collecting a dropped Python object (garbage) leaves it: the lake outlives the process."""
        if not garbage and not self.disposed:
            store().remove(self._data_name, self.bucket_name, str(self.name))
            if self.multipart:
                self.multipart.dispose()
        self.disposed = True


def adopt(
    bucket: Any,
    key: str,
    data_name: str,
    *,
    etag: str,
    version_id: str | None,
    storage: str,
    versioned: bool,
) -> DiskKey:
    """An object whose file already exists (from an earlier process), ready to be put among a bucket's keys."""
    entry = DiskKey(
        key,
        b"",
        account_id=bucket.account_id,
        region_name=bucket.region_name,
        bucket_name=None,
        version_id=version_id,
        is_versioned=versioned,
        storage=storage,
        etag=etag,
    )
    store().remove(entry._data_name, None, key)
    entry._data_name = data_name
    entry.bucket_name = bucket.name
    entry.contentsize = store().path(data_name).stat().st_size
    store().publish(data_name, bucket.name, key)
    return entry


def install(root: Path, scratch: Path | None = None) -> ObjectStore:
    """Makes moto keep its S3 objects under `root`, and read no more of them than a request asks for.

    scratch: a folder that takes what is written instead, so that nothing below `root` changes.
    """
    global _store
    _store = ObjectStore(root, scratch)
    models: Any = s3_models
    models.FakeKey = DiskKey
    response: Any = S3Response
    whole_object = response.get_object
    whole_range = response._handle_range_header

    def get_object(self: Any) -> Any:
        token = _ranged_read.set(bool(self.headers.get("range")))
        try:
            return whole_object(self)
        finally:
            _ranged_read.reset(token)

    def handle_range(self: Any, request: Any, headers: dict[str, Any], content: Any) -> Any:
        status, headers, content = whole_range(self, request, headers, content)
        return status, headers, bytes(content) if isinstance(content, FileBody) else content

    response.get_object = get_object
    response._handle_range_header = handle_range
    return _store
