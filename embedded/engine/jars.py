"""Trino's jars: fetched once from Maven's public repository, checked against a lock, linked.

`jars.lock` holds one line a jar: `group:artifact:version[:classifier] folder[+folder] sha256:digest`.
It is flat, so nothing is resolved (that takes minutes) and nothing changes under us. `pom.xml` is where
the lock comes from.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.engine.errors import EngineError

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
ENGINE_HOME = REPOSITORY_ROOT / ".outlay" / "engine"
JARS_HOME = ENGINE_HOME / "jars"
LOCK = Path(__file__).with_name("jars.lock")
_STAMP = "installed.sha256"
_DOWNLOADS_AT_ONCE = 12

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class LockedJar:
    """One line of the lock."""

    coordinate: str
    folders: tuple[str, ...]
    sha256: str

    @property
    def file_name(self) -> str:
        """The jar's name in Maven's repository and in our folders."""
        _, artifact, version, *classifier = self.coordinate.split(":")
        return "-".join([artifact, version, *classifier]) + ".jar"


def ensure_jars(target: Path = JARS_HOME, progress: Progress = lambda done, total: None) -> Path:
    """Make `target/server` and `target/hive` hold the locked jars; a second call only looks.

    `progress` is told (jars done, jars in all). Raises EngineError when the repository can't be
    reached, lacks a jar, or serves one whose hash is not the lock's.
    """
    lock_text = LOCK.read_text()
    jars = _parse(lock_text)
    stamp = target / _STAMP
    lock_hash = hashlib.sha256(lock_text.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == lock_hash and _all_linked(target, jars):
        return target
    _empty(target)
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        context = _maven()
        fetched = {pool.submit(_fetch, context, jar): jar for jar in jars}
        try:
            for done, future in enumerate(as_completed(fetched), start=1):
                _link(target, fetched[future], future.result())
                progress(done, len(jars))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    stamp.write_text(lock_hash)
    return target


def _parse(lock_text: str) -> list[LockedJar]:
    jars = []
    for line in lock_text.splitlines():
        coordinate, folders, digest = line.split()
        jars.append(LockedJar(coordinate, tuple(folders.split("+")), digest.removeprefix("sha256:")))
    return jars


def _links(target: Path, jars: list[LockedJar]) -> Iterator[Path]:
    return (target / folder / jar.file_name for jar in jars for folder in jar.folders)


def _all_linked(target: Path, jars: list[LockedJar]) -> bool:
    """Whether every link leads somewhere: Maven's cache may have been cleared since."""
    return all(link.exists() for link in _links(target, jars))


def _empty(target: Path) -> None:
    """Remove what an older lock left: a second version of a jar would break the class path."""
    (target / _STAMP).unlink(missing_ok=True)
    for link in target.glob("*/*.jar"):
        link.unlink()


def _link(target: Path, jar: LockedJar, cached: Path) -> None:
    for folder in jar.folders:
        link = target / folder / jar.file_name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(cached)


def _maven() -> Any:
    # Imported late: it costs a third of a second, and an installed engine never needs it.
    from jgo.maven import MavenContext

    return MavenContext(timeout=30)


def _fetch(context: Any, jar: LockedJar) -> Path:
    """Fetch one jar into Maven's own cache; one that is there but wrong is fetched anew, once."""
    group, artifact, version, *classifier = jar.coordinate.split(":")
    component = context.project(group, artifact).at_version(version)
    maven_artifact = component.artifact(*classifier)
    path = _download(maven_artifact, jar)
    if _sha256(path) != jar.sha256:  # an interrupted download leaves half a jar in the cache
        path.unlink()
        path = _download(maven_artifact, jar)
    if (found := _sha256(path)) != jar.sha256:
        raise EngineError(
            f"The engine's jar {jar.coordinate} has the hash {found}, and embedded/engine/jars.lock says "
            f"{jar.sha256}: something between here and Maven's repository changed it; don't use it."
        )
    return path


def _download(maven_artifact: Any, jar: LockedJar) -> Path:
    import requests

    try:
        return Path(maven_artifact.resolve())
    except requests.RequestException as error:
        raise EngineError(
            f"The engine's jar {jar.coordinate} can't be fetched from Maven's repository "
            f"({type(error).__name__}): connect to the network, or set M2_REPO to a Maven cache that "
            "holds it, and try again."
        ) from error
    except RuntimeError as error:  # the client's word for "no repository has it"
        raise EngineError(f"Maven's repository refuses the engine's jar {jar.coordinate}: {error}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
