"""The `outlay` command: runs Outlay on this machine, and asks the lake that the last run left."""

from __future__ import annotations

import os
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from lake.errors import OutlayError
from local.report.plain import printable

INTERRUPTED = 130
PIPE_CLOSED = 141


def version() -> str:
    """The version that pyproject.toml declares."""
    text = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version(), prog_name="outlay", message="%(prog)s %(version)s")
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
    from embedded.cloud import CloudError, DeployError, StateError
    from embedded.engine.errors import EngineError
    from local.main_job import main_job

    try:
        main_job(bill, _progress(quiet or as_json), "json" if as_json else "brief" if quiet else "summary")
    except (CloudError, DeployError, StateError, EngineError) as error:
        raise OutlayError(str(error)) from error


@cli.command(short_help="Run one Athena SQL statement, or a saved query.")
@click.argument("sql", required=False)
@click.option("--saved", metavar="NAME", help="A saved query instead of SQL; `outlay queries` lists them.")
@click.option("--json", "as_json", is_flag=True, help="Rows as JSON, every digit.")
@click.option("--csv", "as_csv", is_flag=True, help="Rows as CSV, every digit; text that looks like a formula gets an '.")
@click.option("--exact", is_flag=True, help="Money to the last digit, not to the cent; in CSV, text as it is.")
def query(sql: str | None, saved: str | None, as_json: bool, as_csv: bool, exact: bool) -> None:
    """Run one Athena SQL statement, or a saved query, on the lake of the last run.

    The lake stays open in the background for ten minutes, so that the next query is answered at once; `outlay stop` ends it.
    """
    from local.asking import OpenLake
    from local.saved_queries import saved_query
    from local.showing import print_csv, print_json, show
    from local.statements import says_nothing

    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other: choose one")
    if (sql is None) == (saved is None):
        raise click.UsageError("give one SQL statement, or --saved NAME (`outlay queries` lists the names)")
    statement = saved_query(saved).sql if saved is not None else sql or ""
    if says_nothing(statement):
        raise click.UsageError('the statement is empty; try: outlay query "show tables"')
    answer = OpenLake(opening=_say_opening).ask(statement)
    if as_json:
        print_json(answer)
    elif as_csv:
        print_csv(answer, exact=exact)
    else:
        show(answer, Console(), exact=exact)


def _say_opening() -> None:
    """Why the first query takes a while; for people only, scripts may read standard error."""
    if sys.stderr.isatty():
        Console(stderr=True, highlight=False).print("opening the lake …", style="dim")


@cli.command(short_help="List the saved queries.")
def queries() -> None:
    """List the saved queries: names for `outlay query --saved NAME`, and what each answers."""
    from local.saved_queries import saved_queries

    console = Console(highlight=False)
    for saved in saved_queries().values():
        console.print(Text(saved.name, "bold"), Padding(Text(printable(saved.meaning), "dim"), (0, 0, 0, 2)))


@cli.command(short_help="Type Athena SQL, or pipe a script of it in.")
def shell() -> None:
    """Type Athena SQL, statement after statement; or pipe a script in: outlay shell < file."""
    from local.shell import run_shell

    run_shell()


@cli.command(short_help="Show what the last run told Slack.")
def slack() -> None:
    """Show what the last run told Slack, as people see it there."""
    from local.home import REPORT, current_lake
    from local.report.model import Report
    from local.report.slack_view import message_panel

    report = Report.from_json((current_lake() / REPORT).read_text(encoding="utf-8"))
    for message in report.messages:
        Console().print(message_panel(message))
    if not report.messages:
        Console().print("Nothing was sent.", style="dim")


@cli.command(short_help="Close the lake that queries keep open.")
def stop() -> None:
    """End the engine that `query` and `shell` keep running in the background."""
    from local.asking import stop_service

    Console(highlight=False).print("stopped" if stop_service() else "nothing was running")


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
    try:
        return int(cli.main(arguments, standalone_mode=False) or 0)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # `outlay query ... | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OutlayError as error:
        _complain("error:", str(error))
        return 1


def _complain(what: str, text: str = "") -> None:
    """One line on standard error, the first words in red; text is shown as it is, brackets and all."""
    line = Text.assemble((what, "red"), f" {printable(text)}" if text else "")
    Console(stderr=True, highlight=False).print(line, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
