"""Sketches of a file's charges by day: a sample, the same in every file, by which files that repeat each other are told.

Azure, OCI and others write the month to date again each day, under a new name. A sketch holds the charges of a day whose
hashes are the smallest: equal charges are in the sketches of both files or in neither. A day with few charges is held whole.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from collectors.bills.charges import Charges
from lake.event_ids import digests_of

MOST = 128
"""Charges that a sketch holds: 2 KB of text in a partition's parameters."""

_ENTRY = np.dtype([("subject", "<u8"), ("charge", "<u4")])
_EPOCH = date(1970, 1, 1)
_SAME_SHARE, _RESTATED_SHARE, _HELD_SHARE = 0.05, 0.5, 0.9


@dataclass(frozen=True)
class Sketch:
    """Charges of one day, by a hash of what a restatement keeps and one of all that is read, sorted by the former."""

    entries: NDArray[np.void]

    @classmethod
    def from_text(cls, text: str) -> Sketch:
        """The sketch that to_text wrote."""
        return cls(np.frombuffer(base64.b64decode(text), _ENTRY))

    def to_text(self) -> str:
        """As a partition's parameter holds it."""
        return base64.b64encode(self.entries.tobytes()).decode()

    def with_more(self, entries: NDArray[np.void]) -> Sketch:
        """With the smallest of these, too."""
        return Sketch(np.sort(np.concatenate([self.entries, entries]), order=("subject", "charge"))[:MOST])

    def repeats(self, other: Sketch) -> bool:
        """Whether the two share charges: one in twenty as they are, or half of them restated."""
        mine, theirs = self._comparable(other)
        smaller = min(len(mine), len(theirs))
        equal = len(np.intersect1d(mine, theirs))
        restated = min(np.isin(mine["subject"], theirs["subject"]).sum(), np.isin(theirs["subject"], mine["subject"]).sum())
        return bool(smaller) and bool(equal > smaller * _SAME_SHARE or restated >= smaller * _RESTATED_SHARE)

    def holds(self, other: Sketch) -> bool:
        """Whether nearly all charges of the other are here, restated or not."""
        mine, theirs = self._comparable(other)
        return bool(np.isin(theirs["subject"], mine["subject"]).sum() >= len(theirs) * _HELD_SHARE)

    def _comparable(self, other: Sketch) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """The entries of both up to where both are whole."""
        ends = [one.entries["subject"][-1] for one in (self, other) if len(one.entries) == MOST]
        if not ends:
            return self.entries, other.entries
        return self.entries[self.entries["subject"] <= min(ends)], other.entries[other.entries["subject"] <= min(ends)]


class DaySketches:
    """The sketches of a file that is being read, by day."""

    def __init__(self) -> None:
        self.by_day: dict[date, Sketch] = {}

    def add(self, charges: Charges) -> None:
        """Take some charges in; those of a format whose lines have ids are left out."""
        if charges.subject is None or not len(charges.subject):
            return
        subjects, identities = (
            digests_of("sketch", [text.encode() for text in texts.to_pylist()])
            for texts in (charges.subject, charges.identity)
        )
        entries = np.empty(len(subjects), _ENTRY)
        entries["subject"] = np.ascontiguousarray(subjects[:, :8]).view("<u8").ravel()
        entries["charge"] = np.ascontiguousarray(identities[:, :4]).view("<u4").ravel()
        days = charges.time.cast("date32").cast("int32").to_numpy()
        for number in np.unique(days).tolist():
            day = _EPOCH + timedelta(days=number)
            self.by_day[day] = self.by_day.get(day, Sketch(np.empty(0, _ENTRY))).with_more(entries[days == number])
