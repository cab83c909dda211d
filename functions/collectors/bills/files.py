"""Reads a bill's data file (Parquet, CSV, gzipped CSV) batch by batch, into the few column types that mappings work on.

Whatever the file's own types, a mapping gets text as string, money as decimal(28,12), times as UTC milliseconds without a
zone, and tags as map<string,string> or as JSON text. Optional columns that a file lacks come as nulls. Raises BillError
naming bill, file, column, value and remedy for whatever cannot be read without guessing.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from collectors.bills.values import BillPlace, ValueKind, converted, stored_as
from lake.errors import BillError

READ_ROWS = 16_384
CSV_BLOCK_BYTES = 8 << 20
NULLS = ["", "NULL"]
"""What FOCUS files write for null."""


@dataclass(frozen=True)
class BillColumn:
    """A column that a mapping reads. A required one must be in the file, and every row must have a value in it."""

    name: str
    kind: ValueKind
    is_required: bool = False


def required(kind: ValueKind, *names: str) -> tuple[BillColumn, ...]:
    """Columns of one kind that a file must have."""
    return tuple(BillColumn(name, kind, is_required=True) for name in names)


def optional(kind: ValueKind, *names: str) -> tuple[BillColumn, ...]:
    """Columns of one kind that a file may have."""
    return tuple(BillColumn(name, kind) for name in names)


def read_lines(path: Path, place: BillPlace, columns: Sequence[BillColumn]) -> Iterator[tuple[BillPlace, pa.Table]]:
    """Every row of the file at path, in order, in batches of columns; each with the place of its first row."""
    lines = _parquet(path, place, columns) if place.file.endswith(".parquet") else _csv(path, place, columns)
    try:
        for batch in lines:
            yield place, _canonical(batch, place, columns)
            place = place.after(batch.num_rows)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise _unreadable(place, error) from error


def _canonical(batch: pa.RecordBatch, place: BillPlace, columns: Sequence[BillColumn]) -> pa.Table:
    arrays = []
    for column in columns:
        if column.name not in batch.schema.names:
            arrays.append(pa.nulls(batch.num_rows, stored_as(column.kind)))
            continue
        values = batch.column(column.name)
        if column.is_required and values.null_count:
            row = values.is_null().index(True).as_py()
            raise place.error(column.name, "is empty", "every row must have it: have the bill delivered again", row)
        arrays.append(converted(values, column.name, column.kind, place))
    return pa.Table.from_arrays(arrays, names=[column.name for column in columns])


def _parquet(path: Path, place: BillPlace, columns: Sequence[BillColumn]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        names = _present(file.schema_arrow.names, place, columns)
        yield from file.iter_batches(batch_size=READ_ROWS, columns=names)


def _csv(path: Path, place: BillPlace, columns: Sequence[BillColumn]) -> Iterator[pa.RecordBatch]:
    names = _present(_heading(path, place), place, columns)
    with pa.input_stream(path, compression="gzip" if _is_gzip(place) else None) as stream:
        yield from pacsv.open_csv(
            stream,
            read_options=pacsv.ReadOptions(block_size=CSV_BLOCK_BYTES),
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                include_columns=names,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=NULLS,
                strings_can_be_null=True,
            ),
        )


def _heading(path: Path, place: BillPlace) -> list[str]:
    with (
        path.open("rb") as stored,
        gzip.GzipFile(fileobj=stored) if _is_gzip(place) else stored as plain,
        io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text,
    ):
        try:
            return next(csv.reader(text), [])
        except UnicodeDecodeError as error:
            raise _unreadable(place, error) from error


def _present(found: Sequence[str], place: BillPlace, columns: Sequence[BillColumn]) -> list[str]:
    """Names of the wanted columns that a file has. Raises BillError where one is missing or there twice."""
    for column in columns:
        if column.is_required and column.name not in found:
            raise place.error(column.name, "is missing", "add the column to the export, and have the bill delivered again")
        if found.count(column.name) > 1:
            raise place.error(column.name, f"is there {found.count(column.name)} times", "have each column once")
    return [column.name for column in columns if column.name in found]


def _is_gzip(place: BillPlace) -> bool:
    return place.file.endswith(".gz")


def _unreadable(place: BillPlace, error: Exception) -> BillError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    if isinstance(error, pa.ArrowNotImplementedError):  # a codec, such as zstd, that AWS leaves out of its layer's pyarrow
        return place.error(None, f"cannot be read ({reason})", "have it delivered as Parquet with snappy or gzip, or as CSV")
    return place.error(None, f"cannot be read ({reason})", "it is damaged or cut short: have the bill delivered again")
