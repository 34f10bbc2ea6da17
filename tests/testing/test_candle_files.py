from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor

from cellwright.data.candle import read_combo
from cellwright.testing.candle_files import write_combo, write_nt3, write_uno


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_seed_decides_every_byte(tmp_path: Path) -> None:
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        write_combo(tmp_path / name, seed=seed, lines=62, drugs=4, rows=100, genes=3, descriptors=4)
        write_uno(tmp_path / name, seed=seed, cells=5, drugs=4, rows=50, genes=3, descriptors=4, bits=8)
        write_nt3(tmp_path / name, seed=seed, samples=10, genes=5)
    first, again, other = (contents(tmp_path / name) for name in ("first", "again", "other"))
    assert first == again
    assert all(first[name] != other[name] for name in first if "CELLNAME" not in name)


def test_nothing_but_the_published_columns_is_written(tmp_path: Path) -> None:
    write_combo(tmp_path, lines=2, drugs=2, rows=60, genes=3, descriptors=4)
    lines = (tmp_path / "ComboDrugGrowth_Nov2017.csv").read_text().splitlines()
    assert {line.count(",") for line in lines} == {28}
    alone = [fields for line in lines if not (fields := line.split(","))[14]]  # no second drug
    assert alone
    assert all(fields[13:19] == ["", "", "", "0", "", ""] for fields in alone)


def test_something_can_be_learnt_from_the_features(tmp_path: Path) -> None:
    write_combo(tmp_path, lines=20, drugs=12, rows=12_000, genes=40, descriptors=40)
    frames = read_combo(tmp_path)
    inputs = []
    for key, name in (("cell", "expression"), ("drug_1", "descriptors"), ("drug_2", "descriptors")):
        table = frames.features[name][1]
        inputs.append(np.nan_to_num(table.to_numpy())[table.index.get_indexer(pd.Index(frames.responses[key]))])
    x, y = np.concatenate(inputs, axis=1), frames.responses["value"].to_numpy()
    odd = np.arange(len(y)) % 2 == 1
    forest = RandomForestRegressor(30, random_state=0).fit(x[~odd], y[~odd])
    assert forest.score(x[odd], y[odd]) > 0.4
