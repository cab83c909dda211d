"""Files that hold S3 objects: one immutable file for each version, and a name that a person can read."""

import contextlib
import uuid
from pathlib import Path

MAX_NAME_BYTES = 240


class ObjectStore:
    """Where the files are, and which object version holds each readable name.

    scratch: a folder that takes what is written, so that nothing below root changes (a lake that is opened for reading
    still gets the results of queries).
    """

    def __init__(self, root: Path, scratch: Path | None = None) -> None:
        self.root = root
        self.data = root / ".data"
        self._scratch = scratch
        (scratch or self.data).mkdir(parents=True, exist_ok=True)
        self._holders: dict[Path, str] = {}

    def write(self, content: bytes) -> str:
        """Stores bytes under a new data name and returns it."""
        name = uuid.uuid4().hex
        ((self._scratch or self.data) / name).write_bytes(content)
        return name

    def path(self, name: str) -> Path:
        """The data file of a data name."""
        if self._scratch and (written := self._scratch / name).exists():
            return written
        return self.data / name

    def publish(self, name: str, bucket: str, key: str) -> None:
        """Gives the newest version of a key its readable name."""
        readable = self._readable(bucket, key)
        if readable is None or self._scratch:
            return
        with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
            readable.parent.mkdir(parents=True, exist_ok=True)
            link = self.data / f"{name}.link"
            link.hardlink_to(self.path(name))
            try:
                link.replace(readable)
            except OSError:
                link.unlink()
                raise
            self._holders[readable] = name

    def remove(self, name: str, bucket: str | None, key: str) -> None:
        """Deletes a data file, and the readable name where it is still this version's."""
        if self._scratch:
            (self._scratch / name).unlink(missing_ok=True)
            return
        self.path(name).unlink(missing_ok=True)
        readable = self._readable(bucket, key) if bucket else None
        if readable and self._holders.get(readable) == name:
            del self._holders[readable]
            readable.unlink(missing_ok=True)
            self._remove_empty_folders(readable.parent)

    def _readable(self, bucket: str, key: str) -> Path | None:
        parts = key.split("/")
        usable = all(
            part not in ("", ".", "..") and "\0" not in part and len(part.encode()) < MAX_NAME_BYTES for part in parts
        )
        return self.root / bucket / Path(*parts) if usable else None

    def _remove_empty_folders(self, folder: Path) -> None:
        while folder != self.root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


class FileBody:
    """An object's content that has not been read: `len` and a slice are all that a ranged GET needs."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        begin, end, _ = part.indices(self._size)
        with self._path.open("rb") as file:
            file.seek(begin)
            return file.read(max(0, end - begin))

    def __bytes__(self) -> bytes:
        return self[:]
