"""Short cut for the query engine's reads of S3: a query over sixty days asks for hundreds of ranges and listings.

moto takes some milliseconds for each; this answers the same from the same objects in a tenth of that. Only reads, only the
engine's (its callers' permissions were checked before the query began), and only their plain forms: the rest is moto's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, quote, unquote
from xml.sax.saxutils import escape

from moto.s3.models import s3_backends

from embedded.cloud.objects import DiskKey, store
from embedded.engine.configuration import ENGINE_ACCESS_KEY

MOST_KEYS = 1000
_ENGINE = f"Credential={ENGINE_ACCESS_KEY}/"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_LIST_PARAMETERS = {"list-type", "prefix", "max-keys", "encoding-type", "fetch-owner"}


def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes] | None:
    """The response to a plain read of the engine's; None for everything else."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or _ENGINE not in environ.get("HTTP_AUTHORIZATION", ""):
        return None
    bucket_name, _, _ = environ["PATH_INFO"].lstrip("/").partition("/")
    bucket = _bucket(bucket_name)
    if bucket is None:
        return None
    key = unquote(environ.get("RAW_URI", environ["PATH_INFO"]).split("?")[0]).lstrip("/").partition("/")[2]
    if key:
        return _read(bucket, key, environ, start_response)
    return _listing(bucket, environ, start_response)


def _bucket(name: str) -> Any:
    for account in list(s3_backends.values()):
        for backend in list(account.values()):
            if name in backend.buckets:
                return backend.buckets[name]
    return None


def _read(bucket: Any, key: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes] | None:
    found = bucket.keys.get(key)
    if not isinstance(found, DiskKey) or environ.get("QUERY_STRING"):
        return None
    size, given = found.contentsize, _RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
    first, last = 0, size - 1
    if given and given[1]:
        first, last = int(given[1]), min(int(given[2] or last), last)
    elif given:
        first = max(size - int(given[2]), 0)
    if first > last and size:
        return None
    headers = [
        ("Content-Length", str(last - first + 1)),
        ("ETag", found.etag),
        ("Last-Modified", format_datetime(found.last_modified.replace(microsecond=0, tzinfo=None)).replace("-0000", "GMT")),
        ("Accept-Ranges", "bytes"),
        ("Content-Type", "application/octet-stream"),
    ]
    if given:
        headers.append(("Content-Range", f"bytes {first}-{last}/{size}"))
    body = b""
    if environ["REQUEST_METHOD"] == "GET":
        with store().path(found.data_name).open("rb") as file:
            file.seek(first)
            body = file.read(last - first + 1)
    start_response("206 Partial Content" if given else "200 OK", headers)
    return [body]


def _listing(bucket: Any, environ: dict[str, Any], start_response: Any) -> Iterable[bytes] | None:
    """One page of ListObjectsV2 without delimiter, where one page is all there is."""
    parameters = parse_qs(environ.get("QUERY_STRING", ""))
    if parameters.get("list-type") != ["2"] or parameters.keys() - _LIST_PARAMETERS:
        return None
    prefix = parameters.get("prefix", [""])[0]
    keys = sorted(name for name in list(bucket.keys) if name.startswith(prefix))
    found = [(name, bucket.keys.get(name)) for name in keys]
    if len(found) > MOST_KEYS or not all(isinstance(entry, DiskKey) for _, entry in found):
        return None
    encoded = parameters.get("encoding-type") == ["url"]
    contents = "".join(
        f"<Contents><Key>{escape(quote(name, safe='/') if encoded else name)}</Key>"
        f"<LastModified>{entry.last_modified:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
        f"<ETag>{escape(entry.etag)}</ETag><Size>{entry.contentsize}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for name, entry in found
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{bucket.name}</Name><Prefix>{escape(quote(prefix, safe='/') if encoded else prefix)}</Prefix>"
        f"<KeyCount>{len(found)}</KeyCount><MaxKeys>{MOST_KEYS}</MaxKeys><IsTruncated>false</IsTruncated>"
        f"{'<EncodingType>url</EncodingType>' if encoded else ''}{contents}</ListBucketResult>"
    ).encode()
    if environ["REQUEST_METHOD"] == "HEAD":
        return None
    start_response("200 OK", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]
