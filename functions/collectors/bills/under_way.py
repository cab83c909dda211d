"""Readings under way: what runs keep in S3 of deliveries that they began, so that a later run goes on, or puts them last.

    reading/<collector>/<state>/begun-<parts done>-<attempt>         one byte while it is being read, none once that ended
    reading/<collector>/<state>/<publication>/<part>.npz             a data file that was read and written as a whole
    reading/<collector>/<state>/<publication>/published              nothing of this publication is taken up again

A state is what the delivery and the settings were when it was begun: any change begins anew. A lifecycle rule removes all.
"""

from __future__ import annotations

import io
import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from lake.lake import READINGS, Lake

MOST_ATTEMPTS = 3
"""Readings of a delivery, or of one data file of a large one, that may end without an answer before it is refused."""


@dataclass(frozen=True)
class PartRead:
    """A data file that was read and whose days are written. identities are hashes of its charges' identities.

    repeated is the sentence about equal lines in it, where there are some.
    """

    rows: Mapping[date, int]
    value: Mapping[date, Decimal]
    accounts: Collection[str]
    currencies: Collection[str]
    repeated: str | None
    identities: NDArray[np.uint64]

    def to_bytes(self) -> bytes:
        """As an object holds it."""
        told = {
            "rows": {day.isoformat(): rows for day, rows in self.rows.items()},
            "value": {day.isoformat(): str(value) for day, value in self.value.items()},
            "accounts": sorted(self.accounts),
            "currencies": sorted(self.currencies),
            "repeated": self.repeated,
        }
        sink = io.BytesIO()
        np.savez(sink, identities=self.identities, told=np.frombuffer(json.dumps(told).encode(), np.uint8))
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, body: bytes) -> PartRead:
        """What to_bytes wrote."""
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            told, identities = json.loads(arrays["told"].tobytes()), arrays["identities"]
        return cls(
            {date.fromisoformat(day): rows for day, rows in told["rows"].items()},
            {date.fromisoformat(day): Decimal(value) for day, value in told["value"].items()},
            told["accounts"],
            told["currencies"],
            told["repeated"],
            identities,
        )


class UnderWay:
    """Every reading under way, as S3 lists it when a run begins."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._objects: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for page in lake.s3.get_paginator("list_objects_v2").paginate(Bucket=lake.bucket, Prefix=READINGS):
            for found in page.get("Contents", []):
                collector, _, rest = found["Key"].removeprefix(READINGS).partition("/")
                state, _, name = rest.partition("/")
                self._objects[collector, state][name] = found["Size"]

    def is_begun(self, collector: str, state: str) -> bool:
        """Whether a reading was begun that has not ended, or has ended in part."""
        return bool(self.attempts(collector, state, 0) or self._publications(collector, state))

    def attempts(self, collector: str, state: str, parts: int) -> int:
        """Readings without an answer since so many parts were done."""
        named = self._objects[collector, state].items()
        return sum(size > 0 for name, size in named if name.startswith(f"begun-{parts}-"))

    def begin(self, collector: str, state: str, parts: int = 0) -> str:
        """Note that a reading begins; returns the mark's name, for `end`."""
        mark = f"begun-{parts}-{self.attempts(collector, state, parts)}"
        self._put(collector, state, mark, b"1")
        return mark

    def end(self, collector: str, state: str, mark: str) -> None:
        """Note that a reading ended, well or with an error."""
        self._put(collector, state, mark, b"")

    def publication(self, collector: str, state: str) -> str:
        """The publication that is under way; a new one where none is."""
        return next(iter(self._publications(collector, state)), uuid.uuid4().hex)

    def parts(self, collector: str, state: str, publication: str) -> list[int]:
        """Numbers of the parts that are done."""
        return sorted(
            int(name.partition("/")[2].removesuffix(".npz"))
            for name in self._objects[collector, state]
            if name.startswith(f"{publication}/") and name.endswith(".npz")
        )

    def part(self, collector: str, state: str, publication: str, number: int) -> PartRead:
        """A part that is done."""
        key = f"{READINGS}{collector}/{state}/{publication}/{number:04d}.npz"
        return PartRead.from_bytes(self._lake.s3.get_object(Bucket=self._lake.bucket, Key=key)["Body"].read())

    def keep(self, collector: str, state: str, publication: str, number: int, part: PartRead) -> None:
        """Note that a part is done."""
        self._put(collector, state, f"{publication}/{number:04d}.npz", part.to_bytes())

    def close(self, collector: str, state: str, publication: str) -> None:
        """The publication is about to become visible: its folders are never written or published again."""
        self._put(collector, state, f"{publication}/published", b"")

    def _publications(self, collector: str, state: str) -> list[str]:
        names = self._objects[collector, state]
        found = sorted({name.partition("/")[0] for name in names if name.endswith(".npz")})
        return [publication for publication in found if f"{publication}/published" not in names]

    def _put(self, collector: str, state: str, name: str, body: bytes) -> None:
        self._lake.s3.put_object(Bucket=self._lake.bucket, Key=f"{READINGS}{collector}/{state}/{name}", Body=body)
        self._objects[collector, state][name] = len(body)
