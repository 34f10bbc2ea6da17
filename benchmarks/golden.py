"""Whether a search still does what it did: points and scores of short runs, recorded before a change, compared after.

    python benchmarks/golden.py record golden.json
    python benchmarks/golden.py compare golden.json   # ends with 1 if anything differs

Every method that has nothing to install runs with one worker, 40 trials of `tumor` and of a small regression; without
and with re-evaluation of leaders, and with successive halving. Points are compared by what their decisions mean, scores
to the last bit, so both are to be run on one machine.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

import cellwright as cw
from cellwright.errors import UsageError

METHODS = ("random", "a3c", "ppo", "evolution", "local", "surrogate", "auto", "agebo")
WAYS: dict[str, dict[str, Any]] = {
    "plain": {"replicates": 0},
    "replicates": {"replicates": 2},
    "halving": {"replicates": 0, "halving": "asha"},
}
TRIALS = 40
KEPT = ("number", "status", "point", "score", "parameters", "replicate", "epochs")


def regression() -> cw.Problem:
    """Return 300 made-up rows whose target is a product and a sine."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(300, 6)), columns=[f"x{number}" for number in range(6)])
    rows["y"] = rows["x0"] * rows["x1"] + np.sin(2 * rows["x2"]) + 0.1 * rng.normal(size=300)
    columns = [name for name in rows.columns if name != "y"]
    return cw.Problem.from_frames(rows, target="y", features={"measured": columns}, name="golden")


def recorded(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the trials of every run, in the order in which they were told."""
    found = {}
    for problem in (cw.problems.load("tumor"), regression()):
        for method in METHODS:
            for way, asked in WAYS.items():
                name = f"{problem.name} {method} {way}"
                try:
                    run = cw.search(
                        problem, method=method, workers=1, evaluations=TRIALS, epochs=3, inner_folds=1, seed=3,
                        max_parameters=None, out=folder / name, device="cpu", **asked,
                    )  # fmt: skip
                except UsageError as error:  # a method that does not go with halving
                    found[name] = [{"refused": str(error)}]
                    continue
                found[name] = [{key: row[key] for key in KEPT} for row in run.rows()]
                print(f"{name}: {len(found[name])} trials", flush=True)
    return found


def differences(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> list[str]:
    """Return, for each run that differs, where it first does."""
    lines = [f"{name}: not in both" for name in before.keys() ^ after.keys()]
    for name in before.keys() & after.keys():
        if before[name] == after[name]:
            continue
        pairs = enumerate(zip(before[name], after[name], strict=False))
        first = next((place for place, (old, new) in pairs if old != new), min(len(before[name]), len(after[name])))
        lines.append(f"{name}: differs from row {first} on: {before[name][first:][:1]} and {after[name][first:][:1]}")
    return sorted(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("record", "compare"))
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CELLWRIGHT_DATA"] = f"{folder}/data"
        found = json.loads(json.dumps(recorded(Path(folder))))
    if arguments.what == "record":
        arguments.file.write_text(json.dumps(found))
        print(f"written: {arguments.file}")
        return
    lines = differences(json.loads(arguments.file.read_text()), found)
    print("\n".join(lines) if lines else f"equal: all {len(found)} runs")
    sys.exit(bool(lines))


if __name__ == "__main__":
    main()
