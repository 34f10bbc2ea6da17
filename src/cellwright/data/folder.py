"""Data sets on disk, as arrays that many workers map into memory once."""

import json
import os
import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Split
from cellwright.errors import DataError

__all__ = ["copy_data", "load_data", "save_data"]

_LAYOUT = "data.json"


def save_data(folder: Path, dataset: Dataset, split: Split) -> None:
    """Write arrays into `folder`, which must exist."""
    layout = {"inputs": {name: table.key for name, table in dataset.tables.items()}, "index": sorted(dataset.index)}
    for name, table in dataset.tables.items():
        np.save(folder / f"input-{name}.npy", table.features.astype(np.float32))
    for key in dataset.index:
        np.save(folder / f"index-{key}.npy", dataset.index[key].astype(np.int32))
    np.save(folder / "target.npy", dataset.target)
    for part in ("train", "validation", "test"):
        np.save(folder / f"rows-{part}.npy", getattr(split, part))
    (folder / _LAYOUT).write_text(json.dumps(layout))


@lru_cache(maxsize=4)
def load_data(folder: Path) -> tuple[Dataset, Split]:
    """Return the data that `save_data` wrote, memory-mapped and read-only; once a process.

    Raises:
        DataError: files are missing or damaged.
    """
    try:
        layout = json.loads((folder / _LAYOUT).read_text())
        tables = {name: Table(_array(folder, f"input-{name}"), key) for name, key in layout["inputs"].items()}
        index = {key: _array(folder, f"index-{key}") for key in layout["index"]}
        split = Split(*(_array(folder, f"rows-{part}") for part in ("train", "validation", "test")))
        return Dataset(tables, index, _array(folder, "target")), split
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"the data in {str(folder)!r} is missing or damaged ({error}); delete it and make the problem again"
        ) from error


def copy_data(source: Path, target: Path) -> None:
    """Make `target` hold the same files and no others, as hard links where the file system allows it."""
    shutil.rmtree(target, ignore_errors=True)  # left by a start that did not get far
    shutil.copytree(source, target, copy_function=_link)


def _array(folder: Path, name: str) -> np.ndarray:
    array: np.ndarray = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return array


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)
