import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cellwright.data.dataset import Dataset, Table
from cellwright.data.folder import copy_data, copy_raw, load_data, load_raw, save_data, save_raw
from cellwright.data.splits import Division, split_rows
from cellwright.errors import DataError

RNG = np.random.default_rng(0)
DATA = Dataset(
    {"cells": Table(RNG.normal(size=(4, 3)), "cell"), "dose": Table(RNG.normal(size=(12, 1)).astype(np.float32))},
    {"cell": RNG.integers(4, size=12)},
    np.arange(12, dtype=np.float32),
)
SCALED = replace(DATA, tables={name: Table(table.features * 2, table.key) for name, table in DATA.tables.items()})
SPLIT = split_rows(DATA, Division())
DRUGS = RNG.normal(size=(5, 2)).astype(np.float32)
PAIRS = Dataset(
    {"drug_1": Table(DRUGS, "drug_1"), "drug_2": Table(DRUGS, "drug_2"), "x": Table(DRUGS[[0] * 7].copy())},
    {"drug_2": RNG.integers(5, size=7), "drug_1": RNG.integers(5, size=7)},
    np.arange(7),
    {"drug_1": "drug", "drug_2": "drug"},
    np.arange(7) > 4,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir()
    save_raw(place, DATA)
    save_data(place, SCALED, SPLIT)
    load_data.cache_clear()
    return place


def test_data_comes_back_as_it_was(folder: Path) -> None:
    dataset, split = load_data(folder)
    assert list(dataset.tables) == ["cells", "dose"]
    for name, table in SCALED.tables.items():
        assert dataset.tables[name].key == table.key
        assert dataset.tables[name].features.dtype == np.float32
        np.testing.assert_array_equal(dataset.tables[name].features, table.features.astype(np.float32))
    np.testing.assert_array_equal(dataset.index["cell"], DATA.index["cell"])
    np.testing.assert_array_equal(dataset.target, DATA.target)
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(split, part), getattr(SPLIT, part))


def test_data_is_mapped_and_cannot_be_written(folder: Path) -> None:
    dataset, split = load_data(folder)
    arrays = [table.features for table in dataset.tables.values()]
    for array in (*arrays, *dataset.index.values(), dataset.target, split.train, split.validation, split.test):
        assert isinstance(array, np.memmap)
        assert not array.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        dataset.target[0] = 1.0


def test_data_is_mapped_once_a_process(folder: Path) -> None:
    assert load_data(folder)[0] is load_data(folder)[0]


def test_data_comes_back_as_it_came(folder: Path) -> None:
    dataset = load_raw(folder)
    for name, table in DATA.tables.items():
        assert dataset.tables[name].key == table.key
        np.testing.assert_array_equal(dataset.tables[name].features, table.features.astype(np.float32))
    np.testing.assert_array_equal(dataset.index["cell"], DATA.index["cell"])
    np.testing.assert_array_equal(dataset.target, DATA.target)
    assert (dataset.given, dataset.kinds) == (None, {})


def test_an_array_that_inputs_share_is_stored_and_mapped_once(tmp_path: Path) -> None:
    split = split_rows(PAIRS, Division("given", validation=0.3))
    save_raw(tmp_path, PAIRS)
    save_data(tmp_path, PAIRS, split)
    assert len(list(tmp_path.glob("table-*.npy"))) == len(list((tmp_path / "raw").glob("table-*.npy"))) == 2
    for dataset in (load_raw(tmp_path), load_data(tmp_path)[0]):
        assert list(dataset.tables) == ["drug_1", "drug_2", "x"]
        assert dataset.tables["drug_1"].features is dataset.tables["drug_2"].features
        np.testing.assert_array_equal(dataset.tables["drug_1"].features, DRUGS)
        assert dataset.kinds == PAIRS.kinds
        assert dataset.given is not None
        np.testing.assert_array_equal(dataset.given, np.arange(7) > 4)
        assert dataset.target.dtype == np.int64
        for key, column in PAIRS.index.items():
            np.testing.assert_array_equal(dataset.index[key], column)


def test_raw_data_is_copied_as_hard_links(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    copy_raw(folder, other)
    save_data(other, DATA, split_rows(DATA, Division(seed=1)))
    assert sorted(path.name for path in (other / "raw").iterdir()) == sorted(p.name for p in (folder / "raw").iterdir())
    assert all(path.samefile(other / "raw" / path.name) for path in (folder / "raw").iterdir())
    np.testing.assert_array_equal(load_raw(other).target, DATA.target)


TORN = ["table-0.npy", "raw/index-0.npy", "raw/target.npy", "rows-test.npy", "data.json"]


@pytest.mark.parametrize("name", TORN)
@pytest.mark.parametrize("left", [0, 1, 70])
def test_a_torn_file_is_reported(folder: Path, name: str, left: int) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[: min(left, path.stat().st_size - 1)])
    with pytest.raises(DataError, match=f"the data in '{folder}' is missing or damaged .*make the problem again"):
        load_data(folder)


@pytest.mark.parametrize("name", ["raw/table-1.npy", "raw/index-0.npy", "raw/target.npy", "raw/data.json"])
def test_a_torn_file_of_the_data_as_it_came_is_reported(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:70])
    with pytest.raises(DataError, match=f"the data in '{folder}' is missing or damaged .*make the problem again"):
        load_raw(folder)


@pytest.mark.parametrize("layout", ["[]", "{}", '{"inputs": [], "index": []}', '{"inputs": {}, "index": 1}'])
def test_a_wrong_layout_is_reported(folder: Path, layout: str) -> None:
    (folder / "data.json").write_text(layout)
    with pytest.raises(DataError):
        load_data(folder)


def test_a_missing_file_is_reported(folder: Path) -> None:
    (folder / "raw" / "target.npy").unlink()
    with pytest.raises(DataError, match=r"missing or damaged .*target\.npy"):
        load_data(folder)


def test_a_file_of_another_data_set_is_reported(folder: Path) -> None:
    np.save(folder / "raw" / "target.npy", np.zeros(5, np.float32))
    with pytest.raises(DataError, match="12"):
        load_data(folder)


def test_objects_are_not_unpickled(folder: Path) -> None:
    np.save(folder / "raw" / "target.npy", np.array([{}] * 12), allow_pickle=True)
    with pytest.raises(DataError, match="damaged"):
        load_data(folder)


def test_a_copy_is_made_of_hard_links(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run" / "problem"
    copy_data(folder, copy)
    copy_data(folder, copy)  # again, as a run that was killed in between does
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert sorted(path.relative_to(copy) for path in copy.rglob("*") if path.is_file()) == names
    assert all((folder / name).samefile(copy / name) for name in names)


def test_where_links_are_impossible_files_are_copied(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    copy_data(folder, tmp_path / "copy")
    assert (tmp_path / "copy/raw/target.npy").read_bytes() == (folder / "raw/target.npy").read_bytes()
    assert not (tmp_path / "copy/raw/target.npy").samefile(folder / "raw/target.npy")
    np.testing.assert_array_equal(load_data(tmp_path / "copy")[0].target, DATA.target)
