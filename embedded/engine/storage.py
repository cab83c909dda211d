"""The embedded S3, from inside its own process: what Athena writes for a query, and reads back."""

from moto.s3.models import S3Backend, s3_backends


def split_location(location: str) -> tuple[str, str]:
    """`s3://bucket/a/b` as (bucket, a/b)."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


def bucket_exists(account: str, location: str) -> bool:
    """Whether the location's bucket is there."""
    return split_location(location)[0] in _backend(account).buckets


def put_text(account: str, location: str, text: str) -> None:
    """Write one object."""
    bucket, key = split_location(location)
    _backend(account).put_object(bucket, key, text.encode())


def get_text(account: str, location: str) -> str:
    """Read one object; raises FileNotFoundError when somebody has removed it."""
    bucket, key = split_location(location)
    found = _backend(account).get_object(bucket, key)
    if found is None:
        raise FileNotFoundError(location)
    return bytes(found.value).decode()


def list_below(account: str, location: str) -> list[str]:
    """The locations of all objects below a prefix, sorted."""
    bucket, prefix = split_location(location)
    prefix = prefix.rstrip("/") + "/"
    backend = _backend(account)
    keys, *_ = backend.list_objects(backend.get_bucket(bucket), prefix, None, None, None)
    return [f"s3://{bucket}/{key.name}" for key in keys]


def _backend(account: str) -> S3Backend:
    return s3_backends[account]["aws"]
