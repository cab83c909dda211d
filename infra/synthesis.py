"""Makes the CDK app: settings and catalog in, five stacks out."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from collectors.scanning.discovery import collectors
from infra.asset import build_asset
from infra.catalog_parser import parse_catalog
from infra.deployment import Deployment
from infra.prefixing import with_database_prefix
from infra.settings.layers import check_sizes
from infra.settings.load import load_settings
from infra.stacks.alerts import AlertsStack
from infra.stacks.collection import CollectionStack
from infra.stacks.lake import LakeStack
from infra.stacks.member_role import MemberRoleStack
from infra.stacks.rollups import RollupsStack

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE_EXTERNAL_ID = "change-me"


def synthesize(config: Path | None = None, outdir: Path | None = None) -> Path:
    """Write the cloud assembly and return its folder.

    config is the settings folder (by default what `-c config=...` names, else config/); outdir is where the assembly goes
    (by default where the CDK command wants it). Raises ConfigurationError where the settings or sql/ are wrong, and CDK's
    RuntimeError where cdk-nag has an open finding.
    """
    app = new_app(outdir)
    settings = load_settings(config or ROOT / str(app.node.try_get_context("config")))
    with tempfile.TemporaryDirectory(prefix="outlay-asset-") as folder:
        catalog = with_database_prefix(parse_catalog(ROOT / "sql"), settings.deployment.database_prefix)
        asset = build_asset(ROOT / "functions", Path(folder), catalog, settings.configuration_json())
        code_bytes = sum(path.stat().st_size for path in asset.rglob("*") if path.is_file())
        check_sizes(settings.deployment.layers, settings.deployment.region, code_bytes / 1e6)
        add_stacks(app, Deployment(settings, catalog, asset))
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        return Path(app.synth().directory)


def new_app(outdir: Path | None) -> cdk.App:
    """An app without stacks, with cdk.json's context also where it is not the CDK command that runs it."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return cdk.App(
        outdir=str(outdir) if outdir else None,
        context=context,
        analytics_reporting=False,
        # The CDK command checks the bootstrap version anyway; without the rule a template needs nothing from SSM.
        default_stack_synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
    )


def add_stacks(app: cdk.App, deployment: Deployment) -> None:
    """Add the five stacks; the others are deployed after the lake."""
    settings, declared = deployment.settings, collectors()
    env = cdk.Environment(account=settings.deployment.account, region=settings.deployment.region)
    lake = LakeStack(app, deployment, declared.values(), env=env)
    collection = CollectionStack(app, deployment, declared, env=env)
    rollups = RollupsStack(app, deployment, env=env)
    starts = {"collection": collection.schedules.starts_a_day, "rollups": rollups.schedules.starts_a_day}
    for stack in (collection, rollups, AlertsStack(app, deployment, starts, env=env)):
        stack.add_stack_dependency(lake)
    MemberRoleStack(app, deployment, declared.values(), env=env)
    cdk.Tags.of(app).add("application", deployment.names.deployment)
    if settings.deployment.external_id.startswith(EXAMPLE_EXTERNAL_ID):
        cdk.Annotations.of(lake).add_warning_v2(
            "outlay:external-id",
            "external_id of config/deployment.yaml is the example's; make your own: openssl rand -hex 16",
        )
