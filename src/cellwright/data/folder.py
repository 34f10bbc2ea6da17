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

__all__ = ["LAYOUT", "copy_data", "copy_raw", "load_data", "load_raw", "save_data", "save_raw"]

LAYOUT = "data.json"
_RAW = "raw"
_PARTS = ("train", "validation", "test")
_OF_ROWS = ("given", "alike", "group")  # what a data set may say of each row


def save_raw(folder: Path, dataset: Dataset) -> None:
    """Write a data set as it came into `folder`, which must exist: from it any split can be made."""
    (folder / _RAW).mkdir()
    _save_tables(folder / _RAW, dataset)
    for number, key in enumerate(sorted(dataset.index)):
        np.save(folder / _RAW / f"index-{number}.npy", dataset.index[key].astype(np.int32))
    np.save(folder / _RAW / "target.npy", dataset.target)
    for name in _OF_ROWS:
        column = getattr(dataset, name)
        if column is not None:
            np.save(folder / _RAW / f"{name}.npy", column)


def save_data(folder: Path, dataset: Dataset, split: Split) -> None:
    """Write scaled tables and a split into `folder`, which holds the same data as it came."""
    _save_tables(folder, dataset)
    for part in _PARTS:
        np.save(folder / f"rows-{part}.npy", getattr(split, part))


def copy_raw(source: Path, target: Path) -> None:
    """Give the folder `target` the data of `source` as it came."""
    shutil.copytree(source / _RAW, target / _RAW, copy_function=_link)


def load_raw(folder: Path) -> Dataset:
    """Return what `save_raw` wrote, memory-mapped and read-only.

    Raises:
        DataError: files are missing or damaged.
    """
    return _load(folder, folder / _RAW)


@lru_cache(maxsize=4)
def load_data(folder: Path) -> tuple[Dataset, Split]:
    """Return scaled data and split, memory-mapped and read-only; once a process.

    Raises:
        DataError: files are missing or damaged.
    """
    dataset = _load(folder, folder)
    try:
        return dataset, Split(*(_array(folder / f"rows-{part}.npy") for part in _PARTS))
    except (OSError, EOFError, ValueError) as error:
        raise _damaged(folder, error) from error


def copy_data(source: Path, target: Path) -> None:
    """Make `target` hold the same files and no others, as hard links where the file system allows it."""
    shutil.rmtree(target, ignore_errors=True)  # left by a start that did not get far
    shutil.copytree(source, target, copy_function=_link)


def _save_tables(folder: Path, dataset: Dataset) -> None:
    """Write each array once, however many inputs read it, and which input reads which."""
    files: dict[int, str] = {}
    inputs = []
    for name, table in dataset.tables.items():
        file = files.setdefault(id(table.features), f"table-{len(files)}.npy")
        if not (folder / file).exists():
            np.save(folder / file, table.features.astype(np.float32))
        inputs.append([name, file, table.key])
    layout = {"inputs": inputs, "index": sorted(dataset.index), "kinds": dict(dataset.kinds)}
    layout |= {name: getattr(dataset, name) is not None for name in _OF_ROWS} | {"group_name": dataset.group_name}
    (folder / LAYOUT).write_text(json.dumps(layout))


def _load(folder: Path, tables: Path) -> Dataset:
    try:
        layout = json.loads((tables / LAYOUT).read_text())
        arrays = {file: _array(tables / file) for _, file, _ in layout["inputs"]}
        inputs = {name: Table(arrays[file], key) for name, file, key in layout["inputs"]}
        index = {key: _array(folder / _RAW / f"index-{number}.npy") for number, key in enumerate(layout["index"])}
        of_rows = {name: _array(folder / _RAW / f"{name}.npy") for name in _OF_ROWS if layout[name]}
        target = _array(folder / _RAW / "target.npy")
        return Dataset(inputs, index, target, layout["kinds"], **of_rows, group_name=layout["group_name"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, error) from error


def _damaged(folder: Path, error: Exception) -> DataError:
    return DataError(
        f"the data in {str(folder)!r} is missing or damaged ({error}); delete it and make the problem again"
    )


def _array(path: Path) -> np.ndarray:
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)
