"""The `outlay` command: runs Outlay on this machine, and asks the lake that the last run left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from lake.errors import OutlayError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Outlay, a serverless cost lake, in a cloud embedded in this checkout."""


@cli.command()
@click.option(
    "--bill",
    type=click.Path(path_type=Path),
    help="A real bill instead of the demo: a CUR 2.0 export folder, or a FOCUS file.",
)
@click.option("--quiet", is_flag=True, help="No progress, only the result.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
def run(bill: Path | None, quiet: bool, as_json: bool) -> None:
    """Deploy into the embedded cloud, do a day's work, and show what it says."""
    from local.main_job import main_job

    main_job(bill, _progress(quiet or as_json), as_json=as_json)


@cli.command()
@click.argument("sql")
@click.option("--json", "as_json", is_flag=True, help="Rows as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Rows as CSV.")
def query(sql: str, as_json: bool, as_csv: bool) -> None:
    """Run Athena SQL on the lake that the last run left."""
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
    """Athena SQL, statement after statement, on the lake that the last run left."""
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
def doctor(config: Path | None) -> int:
    """Check this machine, or a deployment, and say what to mend."""
    from local.doctor import doctor as check

    return 0 if check(config, Console(highlight=False)) else 1


def _progress(quiet: bool) -> Callable[[str], None]:
    """Prints each step with the seconds since the start, on standard error."""
    console, started = Console(stderr=True, highlight=False), time.monotonic()

    def step(text: str) -> None:
        if not quiet:
            console.print(f"[dim]{time.monotonic() - started:5.1f} s[/dim]  {text}")

    return step


def main() -> int:
    """The command's exit status: 0, 1 after one sentence on what is wrong, 2 for a wrong call, 130 after Ctrl-C."""
    from local.cloud import CloudError, DeployError, StateError
    from local.engine.errors import EngineError

    try:
        return int(cli.main(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        return 130
    except KeyboardInterrupt:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (OutlayError, CloudError, DeployError, StateError, EngineError) as error:
        Console(stderr=True, highlight=False).print(f"[red]error:[/red] {error}", markup=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
