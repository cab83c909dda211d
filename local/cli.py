"""The `outlay` command: runs Outlay on this machine, and asks the lake that the last run left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from lake.errors import OutlayError
from local.report.plain import printable

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Outlay, a serverless cost lake, in a cloud embedded in this checkout."""


@cli.command(short_help="Deploy Outlay here, run every schedule once, print a report.")
@click.option(
    "--bill",
    type=click.Path(path_type=Path),
    help="A real bill instead of the demo: a CUR 2.0 export folder, or a FOCUS file.",
)
@click.option("--quiet", is_flag=True, help="No progress, and one line instead of the report: total, findings, scans, page.")
@click.option("--json", "as_json", is_flag=True, help="No progress, and the report as JSON.")
def run(bill: Path | None, quiet: bool, as_json: bool) -> None:
    """Deploy Outlay into the embedded cloud, run every schedule once, and print a report.

    The lake, the report and a page with charts stay in .outlay/ (or the folder that OUTLAY_HOME names).
    """
    from local.main_job import main_job

    main_job(bill, _progress(quiet or as_json), "json" if as_json else "brief" if quiet else "summary")


@cli.command()
@click.argument("sql")
@click.option("--json", "as_json", is_flag=True, help="Rows as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Rows as CSV.")
def query(sql: str, as_json: bool, as_csv: bool) -> None:
    """Run one Athena SQL statement on the lake of the last run."""
    from local.lake_sql import open_lake, print_csv, print_json, show

    with open_lake() as lake:
        answer = lake.ask(sql)
    if as_json:
        print_json(answer)
    elif as_csv:
        print_csv(answer)
    else:
        show(answer, Console())


@cli.command()
def shell() -> None:
    """Type Athena SQL, statement after statement."""
    from local.shell import run_shell

    run_shell()


@cli.command()
@click.option(
    "--aws",
    "config",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    is_flag=False,
    flag_value="config",
    help="Check the deployment that a settings folder (default: config) describes, with your AWS credentials.",
)
@click.option("--smoke", is_flag=True, help="With --aws: run one SQL statement of each kind in Athena, too.")
def doctor(config: Path | None, smoke: bool) -> int:
    """Check this machine, or a deployment in AWS."""
    from local.doctor import doctor as check

    if smoke and config is None:
        raise click.UsageError("--smoke runs statements in AWS: give it with --aws")
    return 0 if check(config, Console(highlight=False), smoke=smoke) else 1


def _progress(quiet: bool) -> Callable[[str], None]:
    """Prints each step with the seconds since the start, on standard error."""
    console, started = Console(stderr=True, highlight=False), time.monotonic()

    def step(text: str) -> None:
        if not quiet:
            console.print(Text.assemble((f"{time.monotonic() - started:5.1f} s", "dim"), f"  {printable(text)}"))

    return step


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit status: 0, 1 after a sentence on what is wrong, 2 for a wrong call, 130 after Ctrl-C."""
    from embedded.cloud import CloudError, DeployError, StateError
    from embedded.engine.errors import EngineError

    try:
        return int(cli.main(arguments, standalone_mode=False) or 0)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (OutlayError, CloudError, DeployError, StateError, EngineError) as error:
        _complain("error:", str(error))
        return 1


def _complain(what: str, text: str = "") -> None:
    """One line on standard error, the first words in red; text is shown as it is, brackets and all."""
    line = Text.assemble((what, "red"), f" {printable(text)}" if text else "")
    Console(stderr=True, highlight=False).print(line, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
