"""Parquet and Feather files."""

from pathlib import Path
from typing import BinaryIO

import numpy as np

from cellwright.data.readers.table import Table
from cellwright.errors import DataError

__all__ = ["read_arrow"]


def read_arrow(path: Path, ending: str, source: Path | BinaryIO) -> Table:
    """Read a Parquet or Feather file.

    pandas.read_parquet would need 200 times the table's memory where it is wide (apache/arrow#38552).

    Raises:
        DataError: it cannot be read.
    """
    import pandas as pd
    import pyarrow as pa
    from pyarrow import feather, parquet

    is_parquet = ending in (".parquet", ".pq")
    try:
        table = parquet.ParquetFile(source).read(use_threads=False) if is_parquet else feather.read_table(source)
        frame = table.to_pandas(use_threads=False, split_blocks=False, self_destruct=True)
    except (pa.ArrowException, OSError) as error:
        kind = "Parquet" if is_parquet else "Feather"
        raise DataError(f"{str(path)!r} is no readable {kind} file: {error}") from error
    frame = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    names = tuple(str(name).strip() for name in frame.columns)
    frame.columns = pd.RangeIndex(len(names))
    for column in [name for name, kind in frame.dtypes.items() if kind.kind == "O"]:
        first = next(iter(frame[column].dropna()), None)
        if isinstance(
            first, list | tuple | dict | set | np.ndarray
        ):  # fields that are no fields: text, and so not used
            frame[column] = frame[column].astype(str)
    return Table(frame, names)
