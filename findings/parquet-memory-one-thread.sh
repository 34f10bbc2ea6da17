#!/usr/bin/env bash
# pyarrow 26.0.1, pandas 3.1.1: OMP_NUM_THREADS=1 makes pandas.read_parquet take many times the memory of wide tables.
#
# Guess before it was run: one thread takes as much memory as two or less, and a file of 9 MB with 30,000 columns (a gene
# each) some hundred MB.
# Seen: OMP_NUM_THREADS, which batch systems and worker pools set to 1, is also the size of pyarrow's CPU pool. With 1,
# pyarrow.parquet.read_table and pandas.read_parquet, which go by way of pyarrow.dataset, take 0.6 GB for 10,000 columns,
# 3.9 GB for 30,000 and 14 GB for 60,483 (as many as RNA-seq has genes): in proportion to the square of the columns, while
# pyarrow's own pool reports 0.03 GB. With 2 threads or more 30,000 columns take 0.4 to 1.0 GB. ParquetFile(path).read(),
# of the same package, takes 0.4 to 0.6 GB whatever the threads.
#
# Output seen:
#   1 thread, 10,000 columns: read_table 0.61 GB, read_parquet 0.61 GB, ParquetFile 0.38 GB
#   1 thread, 30,000 columns: read_table 3.93 GB, read_parquet 3.93 GB, ParquetFile 0.57 GB
#   2 threads, 30,000 columns: read_table 0.62 GB, read_parquet 0.57 GB, ParquetFile 0.51 GB
#   the behaviour is as written
#
# It fails if that changes: with one thread three times the columns no longer take four times the memory, or no more than
# with two threads or by ParquetFile.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
READERS = {
    "read_table": "pq.read_table({0!r})",
    "read_parquet": "pd.read_parquet({0!r})",
    "ParquetFile": "pq.ParquetFile({0!r}).read()",
}
CODE = """
import pandas as pd
import pyarrow.parquet as pq
table = {0}
assert table.shape == (100, {1})
print(int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) / 1e6)
"""


def gigabytes(reader: str, path: Path, columns: int, threads: int) -> float:
    code = CODE.format(READERS[reader].format(str(path)), columns)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


taken = {}
for threads, columns in ((1, 10_000), (1, 30_000), (2, 30_000)):
    path = folder / f"{columns}.parquet"
    pq.write_table(pa.table({f"gene {number}": np.full(100, float(number)) for number in range(columns)}), path)
    taken[threads, columns] = most = {reader: gigabytes(reader, path, columns, threads) for reader in READERS}
    words = ", ".join(f"{reader} {value:.2f} GB" for reader, value in most.items())
    print(f"{threads} thread{'s' if threads > 1 else ''}, {columns:,} columns: {words}")
few, one, two = taken.values()
for reader in ("read_table", "read_parquet"):
    assert one[reader] > 4 * few[reader], "memory no longer grows faster than the columns"
    assert one[reader] > 2 * two[reader], "one thread no longer takes more than two"
    assert one[reader] > 4 * one["ParquetFile"], "ParquetFile no longer takes less"
print("the behaviour is as written")
PYTHON
