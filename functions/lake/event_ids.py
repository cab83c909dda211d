"""Ids of events, by the hundred thousand: UUIDv5 as lake.times.stable_id makes them, and which identities came before."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha1

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lake.ids import NAMESPACE

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_DASHES = (8, 13, 18, 23)
_DIGITS = [position for position in range(36) if position not in _DASHES]
_DIGEST = 16
Digests = NDArray[np.uint8]
"""One digest of 16 bytes a row."""


class Identities:
    """Tells how often each identity of one delivery or scan has come before. Holds 8 bytes a row, in sorted runs.

    It compares 64 bits of a digest: among ten million rows it takes two identities for one with a chance of 3 in a million.
    """

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []
        self._new: list[NDArray[np.uint64]] | None = None

    def earlier(self, digests: Digests) -> NDArray[np.int64]:
        """For each digest how many equal ones came before it, in this call or in earlier ones."""
        keys = np.ascontiguousarray(digests[:, :8]).view(np.uint64).ravel()
        order = np.argsort(keys, kind="stable")
        run = keys[order]
        within = np.arange(len(run)) - np.searchsorted(run, run, "left")
        before = sum(np.searchsorted(old, run, "right") - np.searchsorted(old, run, "left") for old in self._runs)
        counts = np.empty(len(run), np.int64)
        counts[order] = within + before
        self.remember(run)
        if self._new is not None:
            self._new.append(run)
        return counts

    def taken(self) -> NDArray[np.uint64]:
        """The hashes that came since the last call, sorted, for `remember` in another process; none at the first call."""
        new, self._new = self._new or [], []
        return np.sort(np.concatenate([np.empty(0, np.uint64), *new]))

    def remember(self, run: NDArray[np.uint64]) -> None:
        """Know these sorted hashes.

        Keeps few runs, each more than twice as long as the next, so that a look-up visits only a handful.
        """
        self._runs.append(run)
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            merged = np.concatenate([self._runs.pop(), self._runs.pop()])
            merged.sort(kind="stable")
            self._runs.append(merged)


def digests_of(scope: str, identities: Iterable[bytes]) -> Digests:
    """A digest of each identity (parts joined by U+001F, in UTF-8) within scope."""
    prefix = NAMESPACE.bytes + scope.encode() + b"\x1f"
    hashed = b"".join(sha1(prefix + identity, usedforsecurity=False).digest()[:_DIGEST] for identity in identities)
    return np.frombuffer(hashed, np.uint8).reshape(-1, _DIGEST)


def event_ids(digests: Digests) -> pa.Array:
    """The digests as UUIDv5 texts: equal to stable_id(scope, *parts)."""
    marked = digests.copy()
    marked[:, 6] = marked[:, 6] & 0x0F | 0x50
    marked[:, 8] = marked[:, 8] & 0x3F | 0x80
    texts = np.full((len(marked), 36), ord("-"), np.uint8)
    texts[:, _DIGITS] = np.stack([_HEX[marked >> 4], _HEX[marked & 15]], axis=2).reshape(len(marked), 32)
    offsets = np.arange(0, 36 * (len(marked) + 1), 36, dtype=np.int32)
    return pa.StringArray.from_buffers(len(marked), pa.py_buffer(offsets.tobytes()), pa.py_buffer(texts.tobytes()))
