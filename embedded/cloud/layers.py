"""Lambda layers: which versions of AWS's published ones there are in a region, and how large a function may be with them.

A function's layers are not unpacked here, its packages being this interpreter's. But a deployment that names a version that
nobody has published, or a layer of another region, fails as it does in AWS. Layers of publishers that are not listed are
taken for the user's own. Sources: AWS SDK for pandas, "AWS Lambda Managed Layers"; Powertools for AWS Lambda (Python),
"Installation"; AWS Lambda, "Lambda quotas".
"""

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

MOST_UNZIPPED_BYTES = 262_144_000
MOST_LAYERS = 5
_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:(?P<name>[\w-]+):(?P<version>\d+)"
)


@dataclass(frozen=True)
class PublicLayer:
    """A layer in one account: the versions that are listed in each region, and what one takes unzipped."""

    versions: dict[str, tuple[int, ...]]
    megabytes: int


_NAMES = """ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1
eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"""
_REGIONS = _NAMES.split()
_PUBLISHED = {
    # awswrangler 3.16.0, 3.16.1 and 3.17.0.
    ("336392948345", "AWSSDKPandas-Python313-Arm64"): PublicLayer(
        {**dict.fromkeys(_REGIONS, (9, 12, 14)), "af-south-1": (11,)}, 204
    ),
    ("017000801446", "AWSLambdaPowertoolsPythonV3-python313-arm64"): PublicLayer(
        dict.fromkeys([*_REGIONS, "af-south-1"], tuple(range(1, 28))), 30
    ),
}


def check(arns: Iterable[str], region: str, code: bytes) -> None:
    """Raise ValueError, with Lambda's words, for layers that are not there and a function that is too large with them."""
    listed = list(arns)
    if len(listed) > MOST_LAYERS:
        raise ValueError(f"You cannot reference more than {MOST_LAYERS} layers.")
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        size = sum(file.file_size for file in archive.infolist())
    size += sum(_megabytes(arn, region) for arn in listed) * 1024 * 1024
    if size > MOST_UNZIPPED_BYTES:
        raise ValueError(
            f"Function code combined with layers exceeds the maximum allowed size of {MOST_UNZIPPED_BYTES} bytes. "
            f"The actual size is {size} bytes."
        )


def _megabytes(arn: str, region: str) -> int:
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ValueError(f"1 validation error detected: Value '{arn}' at 'layers' failed to satisfy constraint")
    if match["region"] != region:
        raise ValueError(f"Layers are not in the same region as the function. Layers are expected to be in region {region}.")
    published = _PUBLISHED.get((match["account"], match["name"]))
    if published is None:
        is_known_publisher = match["account"] in {account for account, _ in _PUBLISHED}
        if not is_known_publisher:
            return 0
    elif int(match["version"]) in published.versions.get(region, ()):
        return published.megabytes
    raise ValueError(
        f"User is not authorized to perform: lambda:GetLayerVersion on resource: {arn} because no resource-based policy "
        "allows the lambda:GetLayerVersion action"
    )
