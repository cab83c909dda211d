"""docs/reliability.md says what the fault tests show."""

import subprocess
import sys

from local.reliability import DOCUMENT, ROOT

SCRIPT = "import sys; from local.reliability import collect, document; sys.stdout.write(document(collect()))"


def test_the_table_of_faults_is_made_from_the_tests() -> None:
    # In a process of its own: pytest collects once a process.
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = DOCUMENT.read_text(encoding="utf-8")
    assert found == done.stdout, "docs/reliability.md is not what the tests say; run: .venv/bin/python -m local.reliability"
    assert found.count("\n| ") - found.count("\n| fault |") >= 40
