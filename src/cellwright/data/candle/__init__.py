"""The data files of CANDLE's Pilot1 benchmarks Combo, Uno and NT3, by their published names and layouts.

The files stand in one folder, as they were downloaded, unpacked. Where they are published and what they hold is told
by the loaders of github.com/ECP-CANDLE/Benchmarks: Pilot1/Combo/NCI60.py, Pilot1/Uno/uno_data.py,
Pilot1/NT3/nt3_baseline_keras2.py.
"""

from pathlib import Path

import numpy as np

from cellwright.data.candle.combo import read_combo
from cellwright.data.candle.matrices import MISSING, read_matrix
from cellwright.data.candle.names import FILES, need, pick
from cellwright.data.candle.uno import read_uno
from cellwright.data.frames import Frames
from cellwright.errors import DataError

__all__ = ["holds", "read_combo", "read_nt3", "read_uno"]


def holds(place: Path, benchmark: str) -> bool:
    """Return whether a folder holds the responses of a benchmark, perhaps beside those of another."""
    layouts = [f"{benchmark}: responses", *(["uno: areas"] if benchmark == "uno" else [])]
    return place.is_dir() and any(pick(place, FILES[name]) is not None for name in layouts)


def read_nt3(folder: Path) -> Frames:
    """Read NT3's files: input "expression" by row, values the labels as texts, given 1 for rows of the test file.

    Raises:
        DataError: a file is missing, or a line has a field too many or too few, or one that is no number.
    """
    import pandas as pd

    paths = need(folder, "nt3: responses"), need(folder, "nt3: rows for testing")
    train, test = (read_matrix(path, header=False) for path in paths)
    if len(train.columns) != len(test.columns):
        raise DataError(
            f"{str(paths[0])!r} has {len(train.columns) + 1} fields a line, {str(paths[1])!r} {len(test.columns) + 1}"
        )
    labels = [
        _label(name, path, row)
        for matrix, path in zip((train, test), paths, strict=True)
        for row, name in enumerate(matrix.names, start=1)
    ]
    responses = pd.DataFrame(
        {
            "given": np.repeat(np.array([0, 1], dtype=np.int8), [len(train.names), len(test.names)]),
            "value": pd.array(labels, dtype="str"),
        }
    )
    columns = [f"gene_{name}" for name in train.columns]
    expression = pd.DataFrame(np.concatenate([train.values, test.values]), columns=columns, copy=False)
    of_files = " and ".join(
        f"{len(matrix.names):,} rows for {use} from {path.name}"
        for matrix, path, use in zip((train, test), paths, ("training", "testing"), strict=True)
    )
    notes = (
        f"{of_files}, as the files say",
        f"the first field of a line is its label; the other {len(columns):,} are called gene_1, gene_2, ...",
    )
    return Frames(responses, {"expression": ("row", expression)}, notes)


def _label(text: str, path: Path, row: int) -> str:
    """Return a label as it is written, but whole numbers in one way: 1.0 is 1."""
    try:
        number = float(text)
    except ValueError:
        number = 0.5
    if text in MISSING or not np.isfinite(number):
        raise DataError(f"{str(path)!r}, row {row}, first field: {text!r} is no label")
    return str(int(number)) if number.is_integer() else text
