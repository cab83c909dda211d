"""The CDK app: `cdk synth`, `cdk deploy --all`. Settings come from config/, or the folder that `-c config=...` names."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "functions"))

from infra.synthesis import synthesize
from lake.errors import ConfigurationError

if __name__ == "__main__":
    try:
        synthesize()
    except ConfigurationError as error:
        sys.exit(f"error: {error}")
