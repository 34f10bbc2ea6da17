"""Data sets on disk, as arrays that many workers map into memory once."""

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Split
from cellwright.errors import DataError, os_reason

__all__ = ["copy_data", "copy_raw", "load_data", "load_raw", "make_folder", "save_data", "save_raw"]

_LAYOUT = "data.json"
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


def make_folder(folder: Path, fill: Callable[[Path], None], mark: str, load: Callable[[Path], object]) -> None:
    """Make `folder` what `fill` writes into one: it appears at once and whole, or not at all.

    Args:
        mark: a file that tells a folder which was made here from others; those are left alone.
        load: raises where a folder is not whole; another process may have made the same.

    Raises:
        DataError: the folder cannot be written, or holds something else.
    """
    if folder.exists() and not _is_ours(folder, mark):
        raise DataError(f"{str(folder)!r} is there, and no prepared data: it is left alone; name another folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = folder.parent / f".making-{uuid.uuid4().hex}"
        try:
            building.mkdir()
            fill(building)
            _put(building, folder, load)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        raise DataError(
            f"cannot write the data to {str(folder)!r}: {os_reason(error)}; free space, or set CELLWRIGHT_DATA"
        ) from error
    load_data.cache_clear()


def _is_ours(folder: Path, mark: str) -> bool:
    """Return whether a folder may be replaced: it is empty, or was made here, whole or not."""
    return folder.is_dir() and (not any(folder.iterdir()) or any((folder / name).exists() for name in (mark, _LAYOUT)))


def _put(building: Path, folder: Path, load: Callable[[Path], object]) -> None:
    """Make `building` the folder, in the place of what stands there; others may be doing the same."""
    aside = building.with_name(f"{building.name}-old")
    try:
        with contextlib.suppress(FileNotFoundError):
            folder.replace(aside)
        building.replace(folder)
    except OSError:
        load(folder)  # another process was faster: its folder is as good
    finally:
        shutil.rmtree(aside, ignore_errors=True)


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
    (folder / _LAYOUT).write_text(json.dumps(layout))


def _load(folder: Path, tables: Path) -> Dataset:
    try:
        layout = json.loads((tables / _LAYOUT).read_text())
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
