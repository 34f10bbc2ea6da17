"""Seconds and peak memory of each reader of tables at NT3's width, beside those of pandas.

Writes one made-up expression matrix of 60,483 genes in every format, with samples in rows, or genes in rows where the
format wants it so, and reads each in a process of its own, the two readers in turn.

    python benchmarks/readers.py [--samples 100] [--repeats 3]   # writes benchmarks/results/readers.json
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in workers; pyarrow's threads too

import numpy as np
import pandas as pd
from common import write_result

GENES = 60_483
READERS = {
    "cellwright": "from cellwright.data.tables import read; frame = read(Path({path!r})).frame",
    "pandas": "frame = {call}",
}
#: format -> how pandas reads it; None: it has no reader of its own
CALLS = {
    "csv": "pd.read_csv({path!r})",
    "csv.gz": "pd.read_csv({path!r})",
    "zip": "pd.read_csv({path!r})",
    "parquet": "pd.read_parquet({path!r})",
    "feather": "pd.read_feather({path!r})",
    "genes in rows.tsv": "pd.read_csv({path!r}, sep='\\t')",
    "gct": "pd.read_csv({path!r}, sep='\\t', skiprows=2)",
    "series_matrix.txt": "pd.read_csv({path!r}, sep='\\t', comment='!')",
    "xlsx": "pd.read_excel({path!r}, engine='calamine')",
}
CODE = """
import time
from pathlib import Path
import pandas as pd, pyarrow.feather, pyarrow.parquet
import cellwright.data.tables
def peak():  # of this process alone: ru_maxrss would be at least that of the process that started it
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1e6
before, begun = peak(), time.perf_counter()
{read}
print(time.perf_counter() - begun, peak() - before, *frame.shape)
"""


def write_tables(folder: Path, samples: int) -> dict[str, Path]:
    """Write a matrix in every format and return the files."""
    rng = np.random.default_rng(0)
    values = rng.lognormal(1.0, 1.0, (samples, GENES)).round(4)
    genes = [f"ENSG{number:011d}" for number in range(GENES)]
    names = [f"sample_{number:04d}" for number in range(samples)]
    wide = pd.DataFrame(values, columns=genes)
    wide.insert(0, "sample", names)
    tall = pd.DataFrame(values.T, columns=names)
    tall.insert(0, "gene", genes)
    files = {name: folder / f"matrix.{name.replace(' ', '_')}" for name in CALLS}
    files["series_matrix.txt"] = folder / "matrix_series_matrix.txt"
    for name in ("csv", "csv.gz"):
        wide.to_csv(files[name], index=False)
    with zipfile.ZipFile(files["zip"], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(files["csv"], "matrix.csv")
    wide.to_parquet(files["parquet"])
    wide.to_feather(files["feather"])
    tall.to_csv(files["genes in rows.tsv"], sep="\t", index=False)
    described = tall.rename(columns={"gene": "Name"})
    described.insert(1, "Description", genes)
    with files["gct"].open("w") as file:
        file.write(f"#1.2\n{GENES}\t{samples}\n")
        described.to_csv(file, sep="\t", index=False)
    with files["series_matrix.txt"].open("w") as file:
        quoted = "\t".join(f'"{name}"' for name in names)
        file.write(f'!Series_title\t"made up"\n!Sample_title\t{quoted}\n!series_matrix_table_begin\n')
        tall.rename(columns={"gene": "ID_REF"}).to_csv(file, sep="\t", index=False)
        file.write("!series_matrix_table_end\n")
    _write_workbook(files["xlsx"], tall)
    return files


def _write_workbook(path: Path, frame: pd.DataFrame) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("matrix")
    sheet.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        sheet.append(list(row))
    book.save(path)


def measured(name: str, path: Path, reader: str) -> dict[str, Any]:
    """Read a file in a process of its own; return seconds, gigabytes above what is imported, and the shape."""
    read = READERS[reader].format(path=str(path), call=CALLS[name].format(path=str(path)))
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(read=read)], capture_output=True, text=True, check=True
    ).stdout.split()
    return {"seconds": float(done[0]), "gigabytes": float(done[1]), "shape": [int(done[2]), int(done[3])]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_tables(Path(folder), arguments.samples)
        tries: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for _ in range(arguments.repeats):
            for name, path in files.items():
                for reader in READERS:
                    tries.setdefault((name, reader), []).append(measured(name, path, reader))
        results = {
            name: {
                "megabytes": round(path.stat().st_size / 1e6, 1),
                **{
                    reader: {
                        key: round(median(one[key] for one in tries[name, reader]), 2)
                        for key in ("seconds", "gigabytes")
                    }
                    for reader in READERS
                },
            }
            for name, path in files.items()
        }
    for name, result in results.items():
        print(name, json.dumps(result))
    write_result("readers", {"genes": GENES, "samples": arguments.samples, "formats": results})


if __name__ == "__main__":
    main()
