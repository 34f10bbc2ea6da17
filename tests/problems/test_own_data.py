"""Problems on tables that a user brings."""

from pathlib import Path

import numpy as np
import pytest
from tests.data import test_broken_inputs as tables
from tests.data.real import real

from cellwright import problems
from cellwright.data.splits import Division
from cellwright.errors import UsageError


def written(folder: Path, problem: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in tables.good(problem).items():
        (folder / name).write_text(content)
    return folder


def test_pairs_make_a_problem_of_combo(tmp_path: Path) -> None:
    problem = problems.load("combo", data=written(tmp_path / "mine", "combo"))
    assert (problem.rows, problem.metric, problem.splits) == (12 * 28, "r2", ("row", "pair", "cell", "drug"))
    inputs = dict(problem.inputs)
    assert inputs["expression"] == (3,)
    assert inputs["drug_1"] == inputs["drug_2"] > (2048,)
    assert problem.manual is not None
    assert problem.notes[0] == (
        "measured.csv: 336 rows; cell = 'cell_line', drug_1 = 'drug_a', drug_2 = 'drug_b', value = 'synergy'"
    )
    assert problems.space(problem, "combo-small").size == 209_682_766_102_329
    assert problems.space(problem, "combo-large").size == 13**33 * 51_891_840


def test_single_drugs_make_a_problem_of_uno(tmp_path: Path) -> None:
    problem = problems.load("uno", data=written(tmp_path / "mine", "uno"), split="pair", seed=4)
    assert problem.division == Division("pair", 4)
    assert [name for name, _ in problem.inputs if not name.startswith("id:")] == [
        "dose",
        "expression",
        "descriptors",
        "fingerprints",
    ]
    assert problems.space(problem, "uno-small").size == 13**12


def test_a_matrix_makes_a_problem_of_nt3(tmp_path: Path) -> None:
    problem = problems.load("nt3", data=written(tmp_path / "mine", "nt3") / "samples.csv")
    assert (problem.rows, problem.outputs, problem.classes) == (40, 2, ("normal", "tumour"))
    assert (problem.splits, problem.division.by) == (("row",), "row")
    assert problems.space(problem, "nt3-small").size == 635_040_000


def test_what_was_named_is_the_target(tmp_path: Path) -> None:
    place = written(tmp_path / "mine", "uno")
    assert problems.load("uno", data=place, columns={"value": "growth"}).target == "growth"
    assert problems.load("uno", data=place, target="growth").target == "growth"
    with pytest.raises(UsageError, match="say one of them"):
        problems.load("uno", data=place, target="auc", columns={"value": "growth"})


def test_a_changed_file_makes_another_problem_and_the_same_files_the_same(tmp_path: Path) -> None:
    place = written(tmp_path / "mine", "nt3")
    first = problems.load("nt3", data=place)
    assert problems.load("nt3", data=place).folder == first.folder
    assert problems.load("nt3", data=place, split=Division(folds=5, fold=1)).folder != first.folder
    (place / "samples.csv").write_text(tables.lines(*tables.matrix()[:-1]))
    changed = problems.load("nt3", data=place)
    assert changed.folder != first.folder
    assert changed.rows == 39


def test_the_almanac_is_divided_by_drug_and_by_cell_line_anew() -> None:
    problem = problems.load("combo", data=real("combo-almanac"), split="drug")
    data, split = problem.data()
    assert (problem.rows, dict(problem.inputs)["expression"]) == (74_139, (651,))
    drugs = np.stack([data.index["drug_1"], data.index["drug_2"]], axis=1)
    trained, validated = np.unique(drugs[split.train]), np.unique(drugs[split.validation])
    fresh = np.setdiff1d(np.arange(87), trained)
    assert len(fresh) >= 6
    assert np.isin(drugs[split.test], np.setdiff1d(fresh, validated)).any(axis=1).all()
    assert np.isin(drugs[split.validation], fresh).any(axis=1).all()
    for part in (split.validation, split.test):
        assert 0.05 < len(part) / 74_139 < 0.15
    other = problem.divided(Division("cell"), problem.folder.with_name("almanac-by-cell"))
    cells, (_, split) = data.index["cell"], other.data()
    assert set(cells[split.train]).isdisjoint(cells[split.test])


@pytest.mark.parametrize(("name", "outputs"), [("alon", 2), ("su", 4)])
def test_real_matrices_keep_the_shares_of_their_classes(name: str, outputs: int) -> None:
    problem = problems.load("nt3", data=real(f"expression/{name}.csv.gz"))
    assert problem.outputs == outputs
    data, split = problem.data()
    shares = np.bincount(data.target) / data.rows
    for part in (split.train, split.validation, split.test):
        np.testing.assert_allclose(np.bincount(data.target[part], minlength=outputs) / len(part), shares, atol=0.16)


def test_a_target_says_what_it_is_and_which_other_columns_there_are(tmp_path: Path) -> None:
    place = written(tmp_path / "mine", "uno")
    rows = (place / "measured.csv").read_text().splitlines()
    numbered = [f"{row},{n % 7}.5" for n, row in enumerate(rows[1:])]
    (place / "measured.csv").write_text("\n".join([f"{rows[0]},LN_IC50".replace("growth", "auc"), *numbered]) + "\n")
    problem = problems.load("uno", data=place)
    assert problem.target == "auc (area under the dose-response curve)"
    assert "measured.csv: value columns: 'auc' (taken; --target chooses another), 'LN_IC50'" in problem.notes
    assert problems.load("uno", data=place, target="LN_IC50").target.startswith(
        "LN_IC50 (natural logarithm of the IC50"
    )


def test_rows_of_a_tissue_stay_on_one_side_and_test_lines_are_named(tmp_path: Path) -> None:
    place = written(tmp_path / "mine", "uno")
    tissues = ["cell_line,tissue", *(f"{cell},T{n // 3}" for n, cell in enumerate(tables.CELLS))]
    (place / "tissues.csv").write_text("\n".join(tissues) + "\n")
    problem = problems.load("uno", data=place, split="tissue")
    data, split = problem.data()
    group = data.groups("tissue")[:, 0]
    assert set(group[split.train]).isdisjoint(group[split.test])
    assert "expression" in dict(problem.inputs)
    assert not any("tissue" in name for name, _ in problem.inputs)
    lines = problems.load("uno", data=place, test=tables.CELLS[:2])
    data, split = lines.data()
    assert set(data.index["cell"][split.test].tolist()) == {0, 1}
    assert set(data.index["cell"][split.train].tolist()).isdisjoint({0, 1})


def test_candle_files_take_no_options_of_own_tables(tmp_path: Path) -> None:
    place = tmp_path / "candle"
    place.mkdir()
    (place / "ComboDrugGrowth_Nov2017.csv").write_text("x\n1\n")
    with pytest.raises(UsageError, match=r"CANDLE's files, .* take no --group"):
        problems.load("combo", data=place, group="STUDY")
    with pytest.raises(UsageError, match="has no classes"):
        problems.load("combo", data=place, min_class=3)
