"""Memory of all processes, and seconds to the first trial, of a search on Combo at its published size.

Writes 310,814 responses to pairs of 104 drugs (of 54 there are too few pairs without repeats, which reading averages)
with 3,820 descriptors and 942 genes as a user's tables, runs `cellwright search combo --data` on them in a new data
folder, and watches the proportional set sizes of the command and everything it starts.

    python benchmarks/combo_memory.py   # writes benchmarks/results/combo_memory.json
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import write_result

from cellwright.testing.drug_pairs import drug_pairs, write_drug_pairs

_EVERY = 0.1


def family(root: int) -> set[int]:
    """Return a process and what it has started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rsplit(")", 1)[1].split()[1])
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def megabytes(processes: set[int]) -> float:
    """Return their proportional set sizes together: what several share is counted once."""
    total = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1000


def watched(command: list[str], environment: dict[str, str], log: Path) -> dict[str, Any]:
    """Run a search; return what it took."""
    started = time.perf_counter()
    peak, before, first = 0.0, 0.0, None
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as search:
        while search.poll() is None:
            peak = max(peak, megabytes(family(search.pid)))
            if first is None and log.exists() and log.stat().st_size:
                first, before = time.perf_counter() - started, peak
            time.sleep(_EVERY)
    if search.returncode:
        raise SystemExit(f"the search ended with exit status {search.returncode}")
    return {
        "peak_megabytes": round(peak),
        "peak_megabytes_before_the_first_trial": round(before),
        "seconds_to_the_first_trial": None if first is None else round(first, 1),
        "seconds": round(time.perf_counter() - started, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=310_814)
    parser.add_argument("--drugs", type=int, default=104)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_drug_pairs(folder / "tables", drug_pairs(rows=arguments.rows, drugs=arguments.drugs))
        size = sum(file.stat().st_size for file in (folder / "tables").iterdir()) / 1e6
        environment = {**os.environ, "CELLWRIGHT_DATA": str(folder / "data")}
        result: dict[str, Any] = {"rows": arguments.rows, "drugs": arguments.drugs, "tables_megabytes": round(size, 1)}
        for title in ("new_tables", "prepared_before"):
            command = [
                *(sys.executable, "-m", "cellwright", "search", "combo", "--data", str(folder / "tables")),
                *("--method", "random", "--evaluations", "1", "--epochs", "1", "--fraction", "0.05"),
                *("--max-parameters", "none", "--out", str(folder / title), "--json"),
            ]
            result[title] = watched(command, environment, folder / title / "log.jsonl")
            print(title, json.dumps(result[title]))
        described = json.loads(next((folder / "data" / "prepared").glob("*/problem.json")).read_text())
        result["rows_of_the_problem"] = described["rows"]
    write_result("combo_memory", result)


if __name__ == "__main__":
    main()
