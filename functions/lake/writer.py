"""Writes rows as one Parquet object, whole or not at all."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from lake.arrow_types import leaf_paths
from lake.relations import Table

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Arrow's own pool keeps a heap a thread and gives little back: a scan of many accounts would hold 50 MB more.
pa.set_memory_pool(pa.system_memory_pool())

CODEC, CODEC_LEVEL = "gzip", 1
"""Of every Parquet object that a function writes. AWS builds its layer's pyarrow with snappy and gzip alone: zstd and lz4
are refused. Gzip at its fastest takes snappy's time and three fifths of its bytes (docs/decisions/0006)."""

ROW_GROUP_ROWS = 8_192
"""Least rows of a row group, the last aside; none has twice as many. It bounds what writing holds in memory."""
PLAIN_COLUMNS = frozenset(
    {
        "event_id",
        "event_time",
        "resource_arn",
        "resource_id",
        "value",
        "amortized_cost_usd",
        "net_cost_usd",
        "run_id",
    }
)
"""Columns whose values hardly repeat: a dictionary would only be in the way of compression."""


class ParquetObject:
    """One object under construction: rows gather in a temporary file, and leaving the `with` block uploads it.

    An exception inside the block uploads nothing. Memory holds one row group at a time, sorted by sort_by. write() takes
    tables of any size in the lake table's schema.
    """

    def __init__(self, s3: S3Client, bucket: str, key: str, table: Table, sort_by: Sequence[str] = ()) -> None:
        self._s3, self._bucket, self.key, self._schema = s3, bucket, key, table.arrow_schema
        self._sort_by = [(column, "ascending") for column in sort_by]
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self.rows = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open the temporary file."""
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="outlay-")))
        self._path = folder / "rows.parquet"
        self._writer = pq.ParquetWriter(
            self._path,
            self._schema,
            compression=CODEC,
            compression_level=CODEC_LEVEL,
            use_dictionary=_dictionary_columns(self._schema),
            store_decimal_as_integer=True,
            write_page_index=True,
        )
        return self

    def write(self, rows: pa.Table) -> None:
        """Add rows. Raises pyarrow.ArrowInvalid where a column does not fit the declared type."""
        self._pending.append(rows.select(self._schema.names).cast(self._schema))
        self._pending_rows += rows.num_rows
        if self._pending_rows >= ROW_GROUP_ROWS:
            self._flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Upload what was written, unless an exception ends the block."""
        with self._stack:
            if kind is None:
                self._flush()
            self._writer.close()
            if kind is None:
                self._s3.upload_file(str(self._path), self._bucket, self.key)

    def _flush(self) -> None:
        if not self._pending_rows:
            return
        table = pa.concat_tables(self._pending)
        self._pending, self._pending_rows = [], 0
        if self._sort_by:
            table = table.sort_by(self._sort_by)
        groups = max(1, table.num_rows // ROW_GROUP_ROWS)
        self._writer.write_table(table, row_group_size=math.ceil(table.num_rows / groups))
        self.rows += table.num_rows


def write_rows(
    s3: S3Client,
    bucket: str,
    key: str,
    table: Table,
    rows: Iterable[dict[str, Any]],
    sort_by: Sequence[str] = (),
) -> int:
    """Write rows, given as dicts by column name, as one object; returns how many. For small tables."""
    with ParquetObject(s3, bucket, key, table, sort_by) as target:
        target.write(pa.Table.from_pylist(list(rows), schema=table.arrow_schema))
    return target.rows


def _dictionary_columns(schema: pa.Schema) -> list[str]:
    """Parquet paths of the columns that are worth a dictionary."""
    return [path for column in schema if column.name not in PLAIN_COLUMNS for path in leaf_paths(column.name, column.type)]
