"""The managed layers that the functions run on: which account publishes which version in each region, and how large it is.

The functions run on Python 3.13 and arm64. The layers carry awswrangler, pyarrow and Powertools; boto3 is in neither of
them: it is the Lambda runtime's own. Sources: AWS SDK for pandas, "AWS Lambda Managed Layers", version 3.16.1 (3.17.0 is
left out: its pyarrow crashes on times, aws-sdk-pandas #3393); Powertools for AWS Lambda (Python), "Installation".
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.settings.files import Layers
from lake.errors import ConfigurationError

MOST_UNZIPPED_MB = 250
"""What Lambda allows a function's code and all its layers, unzipped."""

_PANDAS_ACCOUNT, _POWERTOOLS_ACCOUNT = "336392948345", "017000801446"
_PANDAS_REGIONS = """af-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2
ca-central-1 eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"""


@dataclass(frozen=True)
class LayerVersion:
    """One version of a published layer. unzipped_mb: what it takes of MOST_UNZIPPED_MB."""

    account: str
    layer: str
    version: int
    unzipped_mb: int

    def arn(self, region: str) -> str:
        """The ARN in a region."""
        return f"arn:aws:lambda:{region}:{self.account}:layer:{self.layer}:{self.version}"


def _pandas(version: int) -> LayerVersion:
    return LayerVersion(_PANDAS_ACCOUNT, "AWSSDKPandas-Python313-Arm64", version, 204)


SDK_FOR_PANDAS = {region: _pandas(11 if region == "af-south-1" else 12) for region in _PANDAS_REGIONS.split()}
"""awswrangler 3.16.1 by region. Its pyarrow has two codecs, snappy and gzip (docs/decisions/0006)."""

_POWERTOOLS = LayerVersion(_POWERTOOLS_ACCOUNT, "AWSLambdaPowertoolsPythonV3-python313-arm64", 27, 30)
POWERTOOLS = dict.fromkeys(SDK_FOR_PANDAS, _POWERTOOLS)
"""Powertools by region; it is published in more regions than these. Its size is that of the packages that it lists."""

_LISTS = {
    "sdk_for_pandas": (
        "AWSSDKPandas-Python313-Arm64",
        "AWS Lambda Managed Layers, in the docs of AWS SDK for pandas",
    ),
    "powertools": ("AWSLambdaPowertoolsPythonV3-python313-arm64", "Installation, in the docs of Powertools"),
}
_KNOWN = {"sdk_for_pandas": SDK_FOR_PANDAS, "powertools": POWERTOOLS}


def regions_of_layers(layers: Layers, region: str | None, file: str = "deployment.yaml") -> dict[str, dict[str, str]]:
    """ARNs of both layers (sdk_for_pandas, powertools) by region: for the deployment's, or for each where it has none.

    Raises ConfigurationError for a region in which no version is known and none is set, and for a layer of another region.
    """
    found: dict[str, dict[str, str]] = {}
    for name, known in _KNOWN.items():
        given = getattr(layers, name)
        if given is None and region is not None and region not in known:
            layer, listed = _LISTS[name]
            raise ConfigurationError(
                f"{file}: region is {region!r}, for which no version of the layer {layer} is known here; set "
                f"layers.{name} to its ARN ({listed}), or use one of {', '.join(sorted(known))}"
            )
        if given is not None:
            _check_region(f"{file}: layers.{name}", given, region)
        regions = [region] if region else sorted(known)
        found[name] = {at: given.replace("{region}", at) if given else known[at].arn(at) for at in regions}
    return found


def _check_region(where: str, arn: str, region: str | None) -> None:
    own = arn.split(":")[3]
    if own not in ("{region}", region or own):
        raise ConfigurationError(
            f"{where} is {arn!r}, a layer of {own}; a function takes layers of its own region, which is {region}"
        )


def check_sizes(layers: Layers, region: str | None, code_mb: float) -> None:
    """Raise ConfigurationError where the functions' code and the known layers are larger than Lambda allows.

    A layer whose ARN is set has a size that is not known here, and is not counted.
    """
    sizes = {
        name: max(version.unzipped_mb for at, version in known.items() if region in (None, at))
        for name, known in _KNOWN.items()
        if getattr(layers, name) is None
    }
    total = code_mb + sum(sizes.values())
    if total > MOST_UNZIPPED_MB:
        parts = ", ".join([f"{code_mb:.0f} of code", *(f"{size} of {name}" for name, size in sizes.items())])
        raise ConfigurationError(
            f"the functions take {total:.0f} MB unzipped ({parts}), and Lambda allows {MOST_UNZIPPED_MB}; take a package "
            "out of the asset (infra/asset.py), or set a smaller layer in deployment.yaml"
        )
