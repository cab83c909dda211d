"""The main job, from a template to a Slack message: deploys Outlay into the embedded cloud and lets it do a day's work.

What runs is what `cdk deploy` deploys: the synthesized template, the functions in processes of their own, each under its
own role.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from embedded.cloud import EmbeddedCloud, Invocation
from embedded.cloud.deploy import deploy, deploy_template
from lake.errors import OutlayError
from local.home import CONFIG, ROOT

DEMO_CONFIG = ROOT / "local" / "demo" / "config"
SLACK_TOKEN = {"bot_token": "xoxb-embedded-cloud"}
Step = Callable[[str], None]
_SYNTHESIZE = """
import sys
from pathlib import Path

from infra.synthesis import synthesize
from lake.errors import ConfigurationError

try:
    synthesize(Path(sys.argv[1]), Path(sys.argv[2]))
except ConfigurationError as error:
    sys.exit(str(error))
"""


class RunError(OutlayError):
    """Some step of the run failed; the text says which, and what the function said."""


@dataclass
class Deployed:
    """What a run works on."""

    cloud: EmbeddedCloud
    name: str
    bucket: str
    workgroup: str
    database: str
    slot: datetime
    invocations: list[Invocation] = field(default_factory=list)


@contextmanager
def deployed(config: Path, folder: Path, step: Step) -> Iterator[Deployed]:
    """Outlay, deployed from a settings folder into a fresh embedded cloud in folder.

    It is saved and stopped when the block ends well; else all its processes end at once.
    """
    cloud = EmbeddedCloud(folder)
    try:
        step("starting the embedded cloud and the query engine")
        cloud.start()
        yield deploy_outlay(cloud, config, step, folder)
        step("saving the lake")
        cloud.stop()
    finally:
        cloud.give_up()


def deploy_outlay(cloud: EmbeddedCloud, config: Path, step: Step, work_folder: Path) -> Deployed:
    """Deploy from a settings folder into a cloud that has been started; work_folder takes the settings and the assembly."""
    settings = _settings(config, work_folder / CONFIG, cloud)
    assembly = work_folder / "cdk.out"
    step("synthesizing the CloudFormation template")
    synthesize(settings, assembly)
    cloud.wait_ready(engine=False)
    outputs = deploy(cloud, assembly, step)
    deployment = yaml.safe_load((settings / "deployment.yaml").read_text(encoding="utf-8"))
    name = deployment.get("name", "outlay")
    step("deploying the role into every member account")
    _deploy_member_roles(cloud, settings, assembly, name)
    lake = outputs[f"{name}-lake"]
    cloud.client("secretsmanager").put_secret_value(SecretId=f"{name}/slack", SecretString=json.dumps(SLACK_TOKEN))
    database = f"{deployment.get('database_prefix', '')}outlay"
    return Deployed(cloud, name, lake["BucketName"], lake["WorkgroupName"], database, datetime.now(UTC))


def work(lake: Deployed, step: Step, *, scans: bool = True) -> None:
    """The schedules that fill the lake, under enforced permissions: collectors and bills side by side, then rollups.

    scans: whether collectors run too; a bill of one's own has no accounts to visit. What failed is kept for `tell`.
    """
    lake.cloud.enforce_iam()
    schedules = [schedule["name"] for schedule in lake.cloud.schedules()]
    first = [name for name in schedules if name == "bills" or (scans and name.startswith("collect"))]
    step(f"running {', '.join(first)}")
    pool = ThreadPoolExecutor(2)
    try:
        lake.invocations += pool.map(lambda name: lake.cloud.fire(name, lake.slot), first)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C nobody waits for what runs: it ends with the cloud
    lake.cloud.drain()
    step("building the rollups in Athena")
    _fire(lake, "rollup")


def tell(lake: Deployed) -> None:
    """The schedule that tells Slack. Raises RunError where a function failed, now or before."""
    _fire(lake, "notify")
    if failed := [_failure(done) for done in lake.invocations if done.error]:
        raise RunError("; ".join(failed))


def _fire(lake: Deployed, purpose: str) -> None:
    schedule = next(one["name"] for one in lake.cloud.schedules() if one["name"].endswith(purpose))
    lake.invocations.append(lake.cloud.fire(schedule, lake.slot))


def _failure(done: Invocation) -> str:
    """The function and its error's sentence."""
    said = done.payload.get("errorMessage") if isinstance(done.payload, dict) else None
    return f"{done.function}: {said or done.error}"


def _settings(config: Path, target: Path, cloud: EmbeddedCloud) -> Path:
    """The settings folder that is deployed: config, but messages go to the embedded Slack."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(config, target)
    path = target / "deployment.yaml"
    deployment = yaml.safe_load(path.read_text(encoding="utf-8"))
    deployment["slack"] = {"api_url": f"{cloud.slack_url}/api/"}
    path.write_text(yaml.safe_dump(deployment, sort_keys=False), encoding="utf-8")
    return target


def synthesize(config: Path, assembly: Path) -> None:
    """Synthesize in a process of its own, beside the starting engine. Raises RunError with what is wrong."""
    shutil.rmtree(assembly, ignore_errors=True)
    command = [sys.executable, "-c", _SYNTHESIZE, str(config), str(assembly)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunError(done.stderr.strip()[-2000:])


def _deploy_member_roles(cloud: EmbeddedCloud, config: Path, assembly: Path, name: str) -> None:
    """The member role's stack in every configured account but the central one, as a StackSet would do it."""
    accounts = yaml.safe_load((config / "accounts.yaml").read_text(encoding="utf-8")).get("accounts") or []
    template = next(path for path in assembly.glob("*.template.json") if "member" in path.name.lower())
    body = json.loads(template.read_text(encoding="utf-8"))
    for account in accounts:
        if account["account_id"] != cloud.account:
            deploy_template(cloud, body, account["account_id"], name=f"{name}-member-role")
