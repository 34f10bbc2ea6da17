import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Division, split_rows
from cellwright.errors import DataError, UsageError
from cellwright.metrics import Task, scores
from cellwright.problem import Problem, prepare
from cellwright.space.by_hand import by_hand

RNG = np.random.default_rng(0)
CELLS = RNG.normal(3, 5, size=(6, 4)).astype(np.float32)
BITS = RNG.integers(2, size=(40, 2)).astype(np.float32)
TARGET = RNG.normal(size=40).astype(np.float32)
INDEX = {"cell": RNG.integers(6, size=40)}
DIVISION = Division(validation=0.2, test=0.2)


def dataset(**tables: Table) -> Dataset:
    return Dataset({"cells": Table(CELLS, "cell"), "bits": Table(BITS), **tables}, INDEX, TARGET)


SPLIT = split_rows(dataset(), DIVISION)


def made(folder: Path, data: Dataset | None = None, **changes: Any) -> Problem:
    options: dict[str, Any] = {
        "name": "toy",
        "division": DIVISION,
        "task": Task.REGRESSION,
        "metric": "r2",
        "target": "growth",
        "manual": by_hand,
    }
    return prepare(folder, dataset=data or dataset(), **{**options, **changes})


def test_a_problem_comes_back_as_it_was(tmp_path: Path) -> None:
    problem = made(tmp_path / "deep" / "toy")
    assert problem.inputs == (("cells", (4,)), ("bits", (2,)))
    assert (problem.rows, problem.outputs, problem.folder) == (40, 1, tmp_path / "deep" / "toy")
    assert (problem.division, problem.splits) == (DIVISION, ("row", "pair", "cell"))
    assert problem.manual == by_hand({"cells": (4,), "bits": (2,)}, 1)
    assert Problem.load(problem.folder) == problem
    changed = replace(
        problem, name="other", manual=None, classes=("a", "b"), keep=(("cells", 2),), notes=("Two rows left out.",)
    )
    changed.save()
    assert Problem.load(problem.folder) == changed


def test_inputs_are_scaled_by_training_rows_and_bits_stay(tmp_path: Path) -> None:
    data, _ = made(tmp_path / "toy").data()
    trained = data.expanded("cells", SPLIT.train).astype(np.float64)
    np.testing.assert_allclose(trained.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(trained.std(axis=0), 1, rtol=1e-6)
    np.testing.assert_array_equal(data.tables["bits"].features, BITS)


def test_features_of_validation_and_test_rows_do_not_reach_the_scaling(tmp_path: Path) -> None:
    dense = RNG.normal(size=(40, 3))
    changed = dense.copy()
    changed[SPLIT.validation] *= 100
    changed[SPLIT.test] = np.nan
    before, after = (
        made(tmp_path / name, dataset(dense=Table(values))).data()[0].tables["dense"].features
        for name, values in (("before", dense), ("after", changed))
    )
    np.testing.assert_array_equal(before[SPLIT.train], after[SPLIT.train])
    assert (before[SPLIT.validation] != after[SPLIT.validation]).all()


def test_a_failure_midway_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    old = made(tmp_path / "toy")
    monkeypatch.setattr(Problem, "save", full)
    with pytest.raises(DataError, match=r"cannot write the data to .*No space left on device; free space"):
        made(tmp_path / "new")
    with pytest.raises(DataError, match="cannot write"):
        made(tmp_path / "toy", name="other")
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]
    assert Problem.load(tmp_path / "toy") == old


def test_an_old_folder_is_replaced_and_its_links_live_on(tmp_path: Path) -> None:
    old = made(tmp_path / "toy")
    mapped = old.data()[0].target
    new = made(tmp_path / "toy", Dataset(dataset().tables, INDEX, TARGET + 1))
    np.testing.assert_array_equal(new.data()[0].target, TARGET + 1)
    np.testing.assert_array_equal(mapped, TARGET)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    made(tmp_path / "mine")
    assert made(tmp_path / "mine").rows == 40  # what was made here may be made anew
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("years of work")
    with pytest.raises(DataError, match="it is left alone"):
        made(tmp_path / "other")
    assert (tmp_path / "other" / "notes.txt").read_text() == "years of work"


def test_a_group_is_kept_with_the_data_and_rows_can_be_divided_by_it(tmp_path: Path) -> None:
    patients = np.arange(40) // 4
    given = (np.arange(40) < 6).astype(np.int8)
    grouped = replace(dataset(), given=given, group=patients, group_name="patient id")
    first = made(tmp_path / "first", grouped, division=replace(DIVISION, by="auto"))
    assert first.division.by == "given"
    assert first.splits == ("row", "pair", "cell", "patient id", "given")
    assert (
        first.split_text
        == first.notes[0]
        == (
            "split by given test rows; the others by patient id (9 groups: 8 training, 1 validation); 30 training, 4 "
            "validation and 6 test rows"
        )
    )
    assert first.notes[1:] == ("1 of 10 values of 'patient id' have rows on both sides of the given split",)
    other = Problem.load(first.folder).divided(replace(DIVISION, by="patient id"), tmp_path / "other")
    data, split = other.data()
    assert data.group is not None
    np.testing.assert_array_equal(data.group, patients)
    sides = [set(patients[rows]) for rows in (split.train, split.validation, split.test)]
    assert [len(side) for side in sides] == [6, 2, 2]
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
    assert other.split_text == (
        "split by patient id (10 groups: 6 training, 2 validation, 2 test); 24 training, 8 validation and 8 test rows"
    )


@pytest.mark.parametrize("name", ["", "../../x", "a/b", "a\nb", "..", ".hidden", "n" * 101, "ж" * 101, 5, None])
def test_a_name_that_cannot_be_part_of_a_folders_is_refused(name: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the name of a problem"):
        made(tmp_path / "toy", name=name)
    assert not list(tmp_path.iterdir())


def test_others_may_read_a_problem(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    assert made(tmp_path / "toy").folder.stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_target_that_is_no_number_names_the_row(tmp_path: Path, value: float) -> None:
    target = TARGET.copy()
    target[[17, 30]] = value
    with pytest.raises(DataError, match="target 'growth' is not a finite number in 2 rows, the first is row 17"):
        made(tmp_path / "toy", Dataset(dataset().tables, INDEX, target))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("part", ["training", "validation", "test"])
def test_a_constant_target_is_refused(tmp_path: Path, part: str) -> None:
    target = TARGET.copy()
    target[{"training": SPLIT.train, "validation": SPLIT.validation, "test": SPLIT.test}[part]] = 0.1
    with pytest.raises(DataError, match=f"target 'growth' has one value only in the {part} rows"):
        made(tmp_path / "toy", Dataset(dataset().tables, INDEX, target))


def test_a_single_class_is_refused(tmp_path: Path) -> None:
    division = replace(DIVISION, by="cell")
    target = (INDEX["cell"] == 0).astype(np.int64)
    with pytest.raises(DataError, match=r"class 1 has rows of 1 cell\(s\) only; this split needs 3 of each class"):
        made(
            tmp_path / "toy",
            Dataset(dataset().tables, INDEX, target),
            division=division,
            task=Task.CLASSIFICATION,
            metric="accuracy",
        )


@pytest.mark.parametrize("metric", ["rmse", "accuracy", "R2"])
def test_a_metric_that_cannot_be_maximised_is_refused(tmp_path: Path, metric: str) -> None:
    with pytest.raises(UsageError, match=f"regression maximises one of r2, pearson, not '{metric}'"):
        made(tmp_path / "toy", metric=metric)


def test_infinite_features_are_refused(tmp_path: Path) -> None:
    infinite = BITS.copy()
    infinite[3] = np.inf
    with pytest.raises(DataError, match="input 'dose' holds infinite values"):
        made(tmp_path / "toy", dataset(dose=Table(infinite)))
    assert not list(tmp_path.iterdir())


def test_a_missing_bit_becomes_the_mean_of_the_training_rows_and_the_others_stay(tmp_path: Path) -> None:
    missing = BITS.copy()
    missing[SPLIT.train[4]] = missing[SPLIT.test[0]] = np.nan
    bits = made(tmp_path / "toy", dataset(bits=Table(missing))).data()[0].tables["bits"].features
    mean = np.nanmean(missing[SPLIT.train], axis=0)
    np.testing.assert_allclose(bits, np.where(np.isnan(missing), mean, missing), rtol=1e-6)


def test_features_of_largest_variance_over_training_entities_are_kept(tmp_path: Path) -> None:
    division = replace(DIVISION, by="cell")
    split = split_rows(dataset(), division)
    trained = np.unique(INDEX["cell"][split.train])
    expected = np.sort(np.argsort(-CELLS[trained].var(axis=0))[:2])
    changed = CELLS.copy()
    changed[np.setdiff1d(np.arange(6), trained), np.setdiff1d(np.arange(4), expected)[0]] *= 1000
    assert np.argmax(changed.var(axis=0)) not in expected  # what only other rows show does not count
    for name, cells in (("plain", CELLS), ("changed", changed)):
        problem = made(
            tmp_path / name, dataset(cells=Table(cells, "cell")), division=division, keep={"cells": 2, "bits": 2}
        )
        assert problem.inputs == (("cells", (2,)), ("bits", (2,)))
        assert problem.keep == (("cells", 2),)  # there are no more than two bits to choose from
        assert problem.manual is not None
        assert problem.manual.inputs == {"cells": (2,), "bits": (2,)}
        found = problem.data()[0].expanded("cells", split.train).astype(np.float64)
        raw = cells[INDEX["cell"][split.train]][:, expected]
        np.testing.assert_allclose(found, (raw - raw.mean(axis=0)) / raw.std(axis=0), atol=1e-5)


def test_a_missing_value_counts_as_no_variance_where_features_are_chosen(tmp_path: Path) -> None:
    cells = CELLS.copy()
    cells[:, 1] *= 100
    cells[:5, 2] = np.nan
    problem = made(tmp_path / "toy", dataset(cells=Table(cells, "cell")), keep={"cells": 1})
    found = problem.data()[0].expanded("cells", SPLIT.train)[:, 0]
    np.testing.assert_allclose(np.corrcoef(found, cells[INDEX["cell"][SPLIT.train], 1])[0, 1], 1.0)


def test_another_division_chooses_and_scales_anew_and_leaves_the_first_as_it_was(tmp_path: Path) -> None:
    first = made(tmp_path / "first", keep={"cells": 3}, notes=["told"])
    before = {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()}
    division = Division("cell", 3, validation=0.2, test=0.2)
    other = first.divided(division, tmp_path / "deep" / "other")
    assert other == replace(
        first,
        division=division,
        folder=tmp_path / "deep" / "other",
        notes=("told", *other.split_notes),
        split_notes=other.split_notes,
    )
    assert other.split_text.startswith("split by cell (6 groups: ")
    assert Problem.load(other.folder) == other
    anew = made(tmp_path / "anew", keep={"cells": 3}, notes=["told"], division=division)
    for found, expected in zip(other.data(), anew.data(), strict=True):
        for name in ("tables", "index", "target") if isinstance(found, Dataset) else ("train", "validation", "test"):
            same(getattr(found, name), getattr(expected, name))
    assert {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()} == before
    for path in (first.folder / "raw").iterdir():
        assert path.samefile(other.folder / "raw" / path.name)  # the data stands on the disk once


def same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, one in expected.items():
            same(found[name], one)
    elif isinstance(expected, Table):
        assert found.key == expected.key
        same(found.features, expected.features)
    else:
        np.testing.assert_array_equal(found, expected)


def test_a_division_that_cannot_be_leaves_no_folder(tmp_path: Path) -> None:
    problem = made(tmp_path / "toy")
    with pytest.raises(DataError, match="cannot be split by 'drug'; this data knows row, pair, cell"):
        problem.divided(Division("drug"), tmp_path / "other")
    with pytest.raises(DataError, match="cannot be split by 'drug'"):
        made(tmp_path / "other", division=Division("drug"))
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


def test_inputs_that_share_an_array_are_scaled_as_one(tmp_path: Path) -> None:
    drugs = RNG.normal(3, 5, size=(9, 4)).astype(np.float32)
    index = {f"drug_{number}": RNG.integers(9, size=40) for number in (1, 2)}
    data = Dataset({key: Table(drugs, key) for key in index}, index, TARGET, dict.fromkeys(index, "drug"))
    problem = made(tmp_path / "toy", data)
    first, second = problem.data()[0].tables.values()
    assert first.features is second.features
    read = np.concatenate([drugs[column[SPLIT.train]] for column in index.values()]).astype(np.float64)
    expected = (drugs - read.mean(axis=0)) / read.std(axis=0)
    np.testing.assert_allclose(first.features, expected, rtol=1e-4, atol=1e-5)
    assert problem.splits == ("row", "pair", "drug")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"inputs": 1}', None])
def test_a_damaged_description_is_reported(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "problem.json").write_text(content)
    with pytest.raises(DataError, match="no problem can be read from"):
        Problem.load(tmp_path)


def test_a_manual_network_of_another_version_is_reported(tmp_path: Path) -> None:
    path = made(tmp_path / "toy").folder / "problem.json"
    fields = json.loads(path.read_text())
    fields["manual"]["vertices"][1]["operation"] = "Denser"
    path.write_text(json.dumps(fields))
    with pytest.raises(DataError, match="no operation is called 'Denser'"):
        Problem.load(tmp_path / "toy")


def test_regression_scores_are_those_of_scikit_learn() -> None:
    target = RNG.normal(5, 2, size=500).astype(np.float32)
    prediction = (target + RNG.normal(size=500)).astype(np.float32)
    found = scores(Task.REGRESSION, target, prediction)
    t, p = target.astype(np.float64), prediction.astype(np.float64)
    assert found == pytest.approx(
        {
            "r2": metrics.r2_score(t, p),
            "rmse": metrics.root_mean_squared_error(t, p),
            "mae": metrics.mean_absolute_error(t, p),
            "pearson": np.corrcoef(t, p)[0, 1],
        },
        rel=1e-12,
    )


def test_r2_is_that_of_all_rows_and_no_mean_over_batches() -> None:
    # two batches whose levels are predicted well and whose details are not
    target = np.array([0.0, 1.0, 100.0, 101.0])
    prediction = np.array([1.0, 0.0, 101.0, 100.0])
    batches = [scores(Task.REGRESSION, target[rows], prediction[rows])["r2"] for rows in (slice(2), slice(2, 4))]
    assert batches == [-3.0, -3.0]
    assert scores(Task.REGRESSION, target, prediction)["r2"] == pytest.approx(1 - 4 / 10001)


def test_predicting_one_number_has_no_correlation() -> None:
    found = scores(Task.REGRESSION, np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    assert found == {"r2": 0.0, "rmse": 1.0, "mae": 1.0, "pearson": 0.0}


@pytest.mark.parametrize("classes", [2, 4])
def test_classification_scores_are_those_of_scikit_learn(classes: int) -> None:
    target = RNG.integers(classes, size=300) ** 2 % classes if classes > 2 else (RNG.random(300) < 0.3).astype(np.int64)
    target[:classes] = np.arange(classes)
    logits = RNG.normal(size=(300, classes)) + np.eye(classes)[target]
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    chosen = probability.argmax(axis=1)
    area = metrics.roc_auc_score(target, probability[:, 1] if classes == 2 else probability, multi_class="ovr")
    assert scores(Task.CLASSIFICATION, target, probability) == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(target, chosen),
            "balanced_accuracy": metrics.balanced_accuracy_score(target, chosen),
            "log_loss": metrics.log_loss(target, probability),
            "auc": area,
        },
        rel=1e-12,
    )


def test_a_class_that_no_row_has_is_left_out() -> None:
    target = np.array([0, 2, 2, 0])
    probability = np.array([[0.8, 0.1, 0.1], [0.2, 0.2, 0.6], [0.5, 0.3, 0.2], [0.6, 0.2, 0.2]])
    found = scores(Task.CLASSIFICATION, target, probability)
    assert found["accuracy"] == found["balanced_accuracy"] == 0.75
    assert found["auc"] == np.mean([1.0, 0.875])


def test_certain_errors_have_a_finite_log_loss() -> None:
    found = scores(Task.CLASSIFICATION, np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert found["log_loss"] == pytest.approx(-np.log(1e-15) / 2)


def test_one_class_has_no_area() -> None:
    assert "auc" not in scores(Task.CLASSIFICATION, np.array([1, 1]), np.array([[0.4, 0.6], [0.3, 0.7]]))
