"""Uploads the assets of a cloud assembly to the bootstrap bucket, as `cdk deploy` does."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from embedded.cloud.embedded import EmbeddedCloud


class AssetError(Exception):
    """An asset that can't be uploaded."""


def upload_assets(cloud: EmbeddedCloud, cdk_out: Path, asset_manifest: str) -> None:
    """Puts what an asset manifest lists where the stacks will look for it. Raises AssetError for container images."""
    assets = json.loads((cdk_out / asset_manifest).read_text())
    if assets.get("dockerImages"):
        raise AssetError(f"{asset_manifest}: the embedded cloud has no container images.")
    for asset in assets.get("files", {}).values():
        source = cdk_out / asset["source"]["path"]
        if source.name.endswith(".template.json"):
            continue  # templates are handed over directly
        content = _zipped(source) if asset["source"]["packaging"] == "zip" else source.read_bytes()
        for destination in asset["destinations"].values():
            _upload(cloud, destination, content)


def _upload(cloud: EmbeddedCloud, destination: dict[str, str], content: bytes) -> None:
    region = destination.get("region", cloud.region)
    account = cloud.account
    bucket = destination["bucketName"].replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)
    s3 = cloud.client("s3", account, region)
    ensure_bucket(s3, bucket, region)
    s3.put_object(Bucket=bucket, Key=destination["objectKey"], Body=content)


def ensure_bucket(s3: Any, bucket: str, region: str) -> None:
    """Makes the bootstrap bucket where nobody has bootstrapped."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **where)


def _zipped(folder: Path) -> bytes:
    """The folder as an archive that depends on its files only: same files, same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                file.writestr(zipfile.ZipInfo(str(path.relative_to(folder))), path.read_bytes())
    return archive.getvalue()
