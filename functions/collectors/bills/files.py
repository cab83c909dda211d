"""Reads a bill's data file (Parquet, CSV, gzipped or zipped CSV) batch by batch, into the few column types that formats map.

Whatever the file's own names and types, a format gets its columns by the names that it uses: text as string (null where it
is empty), money as decimal(28,12), times as UTC milliseconds without a zone; TAGS as map<string,string>.
Optional columns that a file lacks come as nulls. Raises BillError naming bill, file, column, value and remedy for whatever
cannot be read without guessing.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from collectors.bills.format import BillFormat
from collectors.bills.formats import load_format, looks_like
from collectors.bills.tag_columns import TAGS, TagColumn, gathered
from collectors.bills.values import MONEY, BillPlace, converted, stored_as
from lake.errors import BillError

READ_ROWS = 32_768
CSV_BLOCK_BYTES = 8 << 20
NULLS = ["", "NULL"]
"""What FOCUS files write for null."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Heading:
    """Which of a file's own columns hold what a format reads: its names by the format's, and those that carry tags."""

    columns: dict[str, str]
    tags: dict[str, TagColumn]

    @property
    def names(self) -> list[str]:
        """The file's own names of all columns that are read."""
        return list(dict.fromkeys([*self.columns.values(), *self.tags]))


def read_lines(path: Path, place: BillPlace, read_as: BillFormat) -> Iterator[tuple[BillPlace, pa.Table]]:
    """Every row of the file at path, in order, in batches of a format's columns; each with the place of its first row."""
    lines = _parquet(path, place, read_as) if is_parquet(place) else _csv(path, place, read_as)
    try:
        for heading, batch in lines:
            yield place, _canonical(batch, heading, place, read_as)
            place = place.after(batch.num_rows)
    except (pa.ArrowException, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(place, error) from error


def is_parquet(place: BillPlace) -> bool:
    """Whether a file is Parquet, by its name."""
    return place.file.lower().endswith(".parquet")


def row_count(path: Path, place: BillPlace) -> int | None:
    """How many rows a file says that it holds; None for CSV, which does not. Raises BillError where it cannot be read."""
    try:
        return int(pq.read_metadata(path).num_rows) if is_parquet(place) else None
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(place, error) from error


def column_names(path: Path, place: BillPlace) -> list[str]:
    """The file's own column names. Raises BillError where it cannot be read."""
    try:
        if is_parquet(place):
            return list(pq.read_schema(path).names)
        return _csv_heading(path, place)
    except (pa.ArrowException, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(place, error) from error


def _canonical(batch: pa.RecordBatch, heading: Heading, place: BillPlace, read_as: BillFormat) -> pa.Table:
    arrays = []
    is_share = _is_share(batch, heading, read_as)
    for column in read_as.columns:
        own = heading.columns.get(column.name)
        if own is None:
            arrays.append(pa.nulls(batch.num_rows, stored_as(column.kind)))
            continue
        values = converted(batch.column(own), own, column.kind, place)
        if column.is_required and values.null_count:
            values = _with_shares(values, is_share)
            if values.null_count:
                row = values.is_null().index(True).as_py()
                raise place.error(own, "is empty", "every row must have it: have the bill delivered again", row)
        arrays.append(values)
    tags = gathered(batch, heading.tags, place)
    return pa.Table.from_arrays([*arrays, tags], names=[*(column.name for column in read_as.columns), TAGS])


def _is_share(batch: pa.RecordBatch, heading: Heading, read_as: BillFormat) -> pa.Array | None:
    """Which lines are shares of another line; None where a format or a file has none."""
    own = heading.columns.get(read_as.split_mark or "")
    if own is None or batch.column(own).null_count == batch.num_rows:
        return None
    marks = batch.column(own).cast(pa.string()).fill_null("")
    return pc.not_equal(marks, "")


def _with_shares(values: pa.Array, is_share: pa.Array | None) -> pa.Array:
    """Values, with no dollars where a share of another line has none of its own."""
    if is_share is None or not (pa.types.is_string(values.type) or values.type == MONEY):
        return values
    own = pa.scalar("USD" if pa.types.is_string(values.type) else 0, values.type)
    return pc.if_else(pc.and_(values.is_null(), is_share), own, values)


def _parquet(path: Path, place: BillPlace, read_as: BillFormat) -> Iterator[tuple[Heading, pa.RecordBatch]]:
    with pq.ParquetFile(path) as file:
        heading = _found(file.schema_arrow.names, place, read_as)
        for batch in file.iter_batches(batch_size=READ_ROWS, columns=heading.names):
            yield heading, batch


def _csv(path: Path, place: BillPlace, read_as: BillFormat) -> Iterator[tuple[Heading, pa.RecordBatch]]:
    heading = _found(_csv_heading(path, place), place, read_as)
    with _plain(path, place) as plain:
        yield from (
            (heading, batch)
            for batch in pacsv.open_csv(
                pa.PythonFile(plain, "r"),
                read_options=pacsv.ReadOptions(block_size=CSV_BLOCK_BYTES),
                parse_options=pacsv.ParseOptions(newlines_in_values=True),
                convert_options=pacsv.ConvertOptions(
                    include_columns=heading.names,
                    column_types=dict.fromkeys(heading.names, pa.string()),
                    null_values=NULLS,
                    strings_can_be_null=True,
                ),
            )
        )


@contextmanager
def _plain(path: Path, place: BillPlace) -> Iterator[IO[bytes]]:
    """A CSV's bytes, uncompressed. Raises BillError where a zip holds another number of files than one."""
    name = place.file.lower()
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            inside = [one for one in archive.namelist() if not one.endswith("/")]
            if len(inside) != 1:
                raise place.error(None, f"holds {len(inside)} files", "a zipped bill holds one CSV")
            with archive.open(inside[0]) as plain:
                yield plain
    elif name.endswith(".gz"):
        with gzip.open(path) as plain:
            yield cast("IO[bytes]", plain)
    else:
        with path.open("rb") as plain:
            yield plain


def _csv_heading(path: Path, place: BillPlace) -> list[str]:
    with _plain(path, place) as plain:
        first = plain.read(2)
        if first in _UTF_16:
            raise place.error(None, "is encoded in UTF-16", "save it as UTF-8")
    with _plain(path, place) as plain, io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text:
        try:
            heading = next(csv.reader(text), [])
        except UnicodeDecodeError as error:
            raise _unreadable(place, error) from error
    _refuse_other_separators(heading, place)
    return heading


def _refuse_other_separators(heading: Sequence[str], place: BillPlace) -> None:
    """Amounts in such files may have decimal commas, so that nothing in them is taken for granted."""
    joined = ",".join(heading)
    for separator, name in _SEPARATORS.items():
        if joined.count(separator) >= max(len(heading), 2):
            remedy = "save it as CSV with commas between the columns and points in its numbers"
            raise place.error(None, f"is separated by {name}, not by commas", remedy)


def _found(own: Sequence[str], place: BillPlace, read_as: BillFormat) -> Heading:
    """Where a file has the columns of a format. Raises BillError where a required one is missing, or one is there twice."""
    by_canonical: dict[str, list[str]] = {}
    for name in own:
        by_canonical.setdefault(read_as.canonical(name), []).append(name)
    for column in read_as.columns:
        names = by_canonical.get(column.name, [])
        if column.is_required and not names:
            raise place.error(column.name, "is missing", _remedy(own, read_as))
        if len(names) > 1:
            raise place.error(column.name, f"is there {len(names)} times", "have each column once")
    columns = {column.name: by_canonical[column.name][0] for column in read_as.columns if column.name in by_canonical}
    taken, tags = set(columns.values()), {}
    for name in own:
        matching = next((tag for tag in read_as.tag_columns if tag.pattern.fullmatch(name.strip())), None)
        if matching and name not in taken:
            tags[name] = matching
    return Heading(columns, tags)


def _remedy(own: Sequence[str], read_as: BillFormat) -> str:
    """What to do about a missing column: another format, where the file looks like one."""
    name = looks_like(own)
    if name is None or load_format(name) is read_as:
        return "add the column to the export, and have the bill delivered again"
    return f"the file looks like {load_format(name).title}: set format: {name} for this bill in config/bills.yaml"


def _unreadable(place: BillPlace, error: Exception) -> BillError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    if isinstance(error, pa.ArrowNotImplementedError):  # a codec, such as zstd, that AWS leaves out of its layer's pyarrow
        return place.error(None, f"cannot be read ({reason})", "have it delivered as Parquet with snappy or gzip, or as CSV")
    return place.error(None, f"cannot be read ({reason})", "it is damaged or cut short: have the bill delivered again")
