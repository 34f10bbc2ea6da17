"""Problems on a user's own data frames."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cellwright import problems
from cellwright.data.observations import Features
from cellwright.data.splits import Division
from cellwright.errors import DataError, UsageError
from cellwright.metrics import Task
from cellwright.problem import Problem

RNG = np.random.default_rng(0)
ROWS = 90
SOILS = pd.DataFrame(RNG.normal(3, 2, size=(7, 3)), index=list("abcdefg"), columns=["sand", "clay", "ph"])
SEEDS = pd.DataFrame(RNG.normal(size=(10, 2)), index=range(100, 110), columns=["mass", "age"])
FIELD = pd.DataFrame(
    {
        "soil": RNG.choice(list("abcdefg"), ROWS),
        "left": RNG.integers(100, 110, ROWS),
        "right": RNG.integers(100, 110, ROWS),
        "rain": RNG.normal(size=ROWS),
        "sun": RNG.integers(2, size=ROWS),
        "farmer": [f"farmer {number}" for number in range(ROWS)],
        "yield": RNG.normal(50, 9, size=ROWS),
        "verdict": np.where(RNG.random(ROWS) < 0.4, "poor", "good"),
    }
)
TABLE = pd.DataFrame(RNG.normal(size=(2, 3)), index=["p", "q"], columns=list("uvw"))
WEATHER: Features = {"weather": ["rain", "sun"]}
ALL: Features = {**WEATHER, "soil": ("soil", SOILS), "seed": (("left", "right"), SEEDS)}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLWRIGHT_DATA", str(tmp_path / "data"))


def made(frame: pd.DataFrame = FIELD, target: str = "yield", features: Features = ALL, **options: Any) -> Problem:
    return Problem.from_frames(frame, target=target, features=features, **options)


def test_a_number_is_regressed() -> None:
    problem = made(features=WEATHER)
    assert (problem.name, problem.task, problem.metric, problem.target) == ("mine", Task.REGRESSION, "r2", "yield")
    assert (problem.inputs, problem.outputs, problem.rows) == ((("weather", (2,)),), 1, ROWS)
    assert (problem.classes, problem.splits, problem.kinds) == ((), ("row",), ())
    data, split = problem.data()
    np.testing.assert_array_equal(data.target, FIELD["yield"].to_numpy(np.float32))
    rain = FIELD["rain"].to_numpy()[split.train]
    found = data.expanded("weather", split.train)
    np.testing.assert_allclose(found[:, 0], (rain - rain.mean()) / rain.std(), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found[:, 1], FIELD["sun"].to_numpy()[split.train])  # a bit stays a bit
    assert Problem.load(problem.folder) == problem


def test_a_label_is_classified() -> None:
    problem = made(target="verdict", features=WEATHER, name="fields", metric="balanced_accuracy")
    assert (problem.name, problem.task, problem.metric) == ("fields", Task.CLASSIFICATION, "balanced_accuracy")
    assert (problem.classes, problem.outputs) == (("good", "poor"), 2)
    assert made(target="verdict", features=WEATHER).metric == "accuracy"
    data, split = problem.data()
    np.testing.assert_array_equal(data.target, FIELD["verdict"] == "poor")
    shares = [data.target[part].mean() for part in (split.train, split.validation, split.test)]
    np.testing.assert_allclose(shares, (FIELD["verdict"] == "poor").mean(), atol=0.1)


def test_one_key_reads_a_table() -> None:
    problem = made(features={"ground": ("soil", SOILS)}, split="soil")
    assert problem.inputs == (("ground", (3,)), ("id:soil", (7,)))
    assert problem.kinds == (("ground", "soil"), ("id:soil", "soil"))
    assert problem.splits == ("row", "pair", "soil")
    data, split = problem.data()
    soils = FIELD["soil"].to_numpy()
    parts = [set(soils[part]) for part in (split.train, split.validation, split.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 7
    raw = SOILS.loc[soils].to_numpy()
    scaled = (raw - raw[split.train].mean(axis=0)) / raw[split.train].std(axis=0)
    np.testing.assert_allclose(data.expanded("ground", np.arange(ROWS)), scaled, rtol=1e-4, atol=1e-4)


def test_two_keys_read_one_table_as_a_pair() -> None:
    problem = made(split="seed")
    assert [name for name, _ in problem.inputs if not name.startswith("id:")] == ["weather", "soil", "seed_1", "seed_2"]
    assert problem.splits == ("row", "pair", "seed", "soil")
    assert dict(problem.kinds)["seed_1"] == dict(problem.kinds)["seed_2"] == "seed"
    data, split = problem.data()
    assert data.tables["seed_1"].features is data.tables["seed_2"].features
    seeds = FIELD[["left", "right"]].to_numpy()
    trained, validated = (set(seeds[part].ravel().tolist()) for part in (split.train, split.validation))
    assert all(set(pair) - trained - validated for pair in seeds[split.test].tolist())
    assert all(set(pair) - trained for pair in seeds[split.validation].tolist())
    for name, column in (("seed_1", "left"), ("seed_2", "right")):
        found = data.expanded(name, np.arange(ROWS))[:, 0]
        raw = SEEDS.loc[FIELD[column], "mass"].to_numpy()
        np.testing.assert_allclose(np.corrcoef(found, raw)[0, 1], 1.0)


def test_the_rows_may_be_divided_in_every_way_the_data_knows() -> None:
    for by in ("row", "pair", "soil"):
        assert made(split=by).division == Division(by)
    division = Division("soil", 3, validation=0.2, test=0.2)
    assert made(split=division).division == division
    with pytest.raises(DataError, match="cannot be split by 'left'; this data knows row, pair, seed, soil"):
        made(split="left")


def test_a_problem_of_ones_own_has_a_space_and_a_network_to_beat() -> None:
    problem = made()
    space = problems.space(problem)
    assert space.name == "general"
    assert space.inputs == dict(problem.inputs)
    assert problem.manual is not None
    assert set(problem.manual.inputs) == {"weather", "soil", "seed_1", "seed_2"}
    assert made(manual=None).manual is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "crop"}, "the responses have no column 'crop'; they have 'soil', 'left', 'right', 'rain'"),
        ({"features": {"x": ["rain", "snow"]}}, "no column 'snow'"),
        ({"features": {"x": ("ground", SOILS)}}, "no column 'ground'"),
        ({"features": {"x": (("left", "middle"), SEEDS)}}, "no column 'middle'"),
        (
            {"features": {"x": ["farmer"]}},
            "input 'x' takes numbers, and there is something else in 'farmer'",
        ),
        (
            {"features": {"x": ("soil", SOILS.assign(clay="much"))}},
            "input 'x' takes numbers, and there is something else in 'clay'",
        ),
        ({"features": {"ground": ("soil", SOILS.drop("c"))}}, r"rows name 1 soil\(s\) without ground: 'c'"),
        ({"features": {"x": (("left", "right"), SEEDS.drop(104))}}, r"rows name 1 x\(s\) without x: '104'"),
        ({"features": {"x": ("soil", pd.concat([SOILS, SOILS.iloc[:1]]))}}, "x has a soil twice: 'a'"),
        ({"features": {}}, "at least one input"),
        (
            {"frame": FIELD.assign(soil=FIELD["soil"].where(FIELD.index != 4))},
            "'soil' is empty in 1 rows, the first is",
        ),
        ({"frame": FIELD.assign(**{"yield": 7.0})}, "target 'yield' has one value only"),
    ],
)
def test_frames_that_cannot_be_used_are_told(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        made(**changes)
    assert not list(tmp_path.rglob("problem.json"))


def test_a_metric_of_another_task_is_refused() -> None:
    with pytest.raises(UsageError, match="regression maximises one of r2, pearson, not 'accuracy'"):
        made(metric="accuracy")


@pytest.mark.parametrize(
    "other",
    [
        {"frame": FIELD.assign(rain=FIELD["rain"] + (FIELD.index == 5))},
        {"frame": FIELD.assign(**{"yield": FIELD["yield"] + (FIELD.index == 5)})},
        {"frame": FIELD.assign(soil=FIELD["soil"].where(FIELD.index != 5, "a" if FIELD["soil"][5] != "a" else "b"))},
        {"frame": FIELD[:-1]},
        {"features": {**ALL, "soil": ("soil", SOILS + 1)}},
        {"features": WEATHER},
        {"split": "soil"},
        {"split": Division(seed=1)},
        {"metric": "pearson"},
        {"name": "other"},
    ],
)
def test_the_same_data_gives_the_same_folder_and_anything_else_another(other: dict[str, Any]) -> None:
    first = made()
    before = first.data()[0]
    assert made(FIELD.copy()) == first
    changed = made(**other)
    assert changed.folder != first.folder
    assert first.folder.parent == changed.folder.parent
    after = Problem.load(first.folder).data()[0]
    np.testing.assert_array_equal(after.target, before.target)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"features": {"weather": ["rain"]}}, {"features": {"climate": ["rain"]}}),
        ({}, {"manual": None}),
        (
            {"target": "verdict"},
            {"target": "verdict", "frame": FIELD.replace({"verdict": {"poor": "trees", "good": "meadow"}})},
        ),
    ],
)
def test_a_problem_is_not_overwritten_by_another(first: dict[str, Any], second: dict[str, Any]) -> None:
    one = made(**first)
    other = made(**second)
    assert Problem.load(one.folder) == one
    assert Problem.load(other.folder) == other


@pytest.mark.parametrize("name", ["value", "dose", "given", "row"])
def test_a_key_column_whose_name_means_something_here_is_refused(name: str) -> None:
    frame = FIELD.rename(columns={"soil": name})
    with pytest.raises(DataError, match=f"cannot be called '{name}' here; rename the column"):
        made(frame, features={"x": (name, SOILS)})


@pytest.mark.parametrize(
    "features",
    [
        {"seed_1": ("left", SEEDS), "seed_2": ("right", SEEDS)},
        {"rain_1": ["rain"], "rain_2": ["sun"]},
    ],
)
def test_what_would_be_taken_for_a_pair_is_told(features: Features) -> None:
    with pytest.raises(DataError, match="would be taken for both of a pair; rename one"):
        made(features=features)


def test_keys_that_would_be_taken_for_a_pair_are_told() -> None:
    frame = FIELD.rename(columns={"left": "seed_1", "right": "seed_2"})
    tables = {"first": ("seed_1", SEEDS), "second": ("seed_2", SEEDS)}
    assert frame["seed_1"].nunique() == frame["seed_2"].nunique() == len(SEEDS)
    with pytest.raises(DataError, match="'seed_1' and 'seed_2' would be taken for both of a pair"):
        made(frame, features=tables)


def test_columns_may_be_numbers_and_keys_floats() -> None:
    frame = pd.DataFrame(RNG.normal(size=(60, 2))).assign(y=RNG.normal(size=60), seed=RNG.integers(100, 110, 60) * 1.0)
    problem = made(frame, "y", {"x": [0, 1], "seed": ("seed", SEEDS)})  # type: ignore[list-item]  # pandas counts them
    assert dict(problem.inputs)["x"] == (2,)


def test_a_column_that_is_there_twice_is_told() -> None:
    twice = pd.concat([FIELD, FIELD[["rain"]]], axis=1)
    with pytest.raises(DataError, match="the responses have 2 columns 'rain'; rename all but one"):
        made(twice, features=WEATHER)


def test_an_infinite_feature_is_named() -> None:
    soils = SOILS.copy()
    soils.loc["c", "clay"] = np.inf
    with pytest.raises(DataError, match=r"input 'soil': column 'clay' is infinite, or beyond 3\.4e38, in row 'c'"):
        made(features={"soil": ("soil", soils)})
    with pytest.raises(DataError, match=r"input 'weather': column 'rain' is infinite, .* in row 3"):
        made(FIELD.assign(rain=[1.0] * 3 + [1e39] + [2.0] * (ROWS - 4)), features=WEATHER)


def test_measurements_of_one_thing_stay_on_one_side() -> None:
    turned = FIELD.rename(columns={"left": "right", "right": "left"})
    frame = pd.concat([FIELD, turned.assign(**{"yield": FIELD["yield"] + 1})], ignore_index=True)
    for target in ("yield", "verdict"):
        data, split = made(frame, target, features=ALL).data()
        part = np.zeros(data.rows, dtype=int)
        part[split.validation], part[split.test] = 1, 2
        np.testing.assert_array_equal(part[:ROWS], part[ROWS:])
        assert set(part) == {0, 1, 2}
    assert made().data()[0].alike is None


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"x": ["a", "y"]}, "has the column 'y', which is to be predicted"),
        ({"x": "a"}, "is a list of columns, or .*, not str"),
        (["a"], "features are"),
        ({"trunk": ["a"]}, "an input cannot be called 'trunk'"),
        ({"m": (["k", "l", "k"], TABLE)}, "has 3 key columns"),
        ({"drug": (("k", "l"), TABLE), "extra": ("drug", TABLE)}, "'extra' would be taken for part of the pair 'drug'"),
        ({"drug_1": ["a"], "drug": (("k", "l"), TABLE)}, "'drug_1' would be taken for part of the pair 'drug'"),
    ],
)
def test_features_that_mean_something_else_are_refused(features: Any, message: str) -> None:
    frame = pd.DataFrame({"a": np.arange(4.0), "k": list("pqpq"), "l": list("qpqp"), "drug": list("ppqq")})
    with pytest.raises(DataError, match=message):
        Problem.from_frames(frame.assign(y=np.arange(4.0)), target="y", features=features)


def test_the_most_natural_names_are_taken() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"cell": rng.choice(list("pqrstu"), 60), "y": rng.normal(size=60)})
    cells = pd.DataFrame(rng.normal(size=(6, 3)), index=list("pqrstu"), columns=list("abc"))
    for name in ("cell", "drug", "tissue", "tumor"):
        problem = Problem.from_frames(frame, target="y", features={"cell": ("cell", cells)}, name=name)
        assert problems.space(problem).size


@pytest.mark.parametrize(
    ("keys", "columns", "told"),
    [
        (("drug_a", "drug_b"), ["dose_a", "dose_b"], True),
        (("drug_a", "drug_b"), ["dose_a", "dose_b", "ratio", "dose_unit"], True),
        (("A name", "B name"), ["B dose", "A dose"], True),
        (("drug", "drug2"), ["dose", "dose2"], True),
        (("drug1", "drug2"), ["x1", "x2", "x3"], False),
        (("drug1", "drug2"), ["x1", "y2"], False),
    ],
)
def test_columns_of_one_of_a_pair_are_told(keys: Any, columns: list[str], told: bool) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({key: rng.choice(list("pq"), 60) for key in keys} | {"y": rng.normal(size=60)})
    frame = frame.assign(**{column: rng.normal(size=60) for column in columns})
    features: Any = {"m": (keys, TABLE), "x": columns}
    if not told:
        assert Problem.from_frames(frame, target="y", features=features).rows == 60
        return
    with pytest.raises(DataError, match="seem to belong to one each of the pair 'm'"):
        Problem.from_frames(frame, target="y", features=features)


def test_a_pair_of_keys_may_be_a_list() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"k": rng.choice(list("pq"), 60), "l": rng.choice(list("pq"), 60), "y": rng.normal(size=60)})
    problem = Problem.from_frames(frame, target="y", features={"m": (["k", "l"], TABLE)})
    assert [name for name, _ in problem.inputs][:2] == ["m_1", "m_2"]


def test_whole_numbers_are_quantities_unless_they_are_said_to_be_classes() -> None:
    frame = pd.DataFrame({"x": RNG.normal(size=60), "y": np.arange(60) % 2})
    number = Problem.from_frames(frame, target="y", features={"f": ["x"]})
    assert number.task is Task.REGRESSION
    assert "task='classification' takes them for classes" in number.notes[0]
    label = Problem.from_frames(frame, target="y", features={"f": ["x"]}, task="classification")
    assert (label.task, label.classes, label.notes) == (Task.CLASSIFICATION, ("0", "1"), label.split_notes)
    with pytest.raises(UsageError, match="there is no task 'ranking'; known: "):
        Problem.from_frames(frame, target="y", features={"f": ["x"]}, task="ranking")
    with pytest.raises(DataError, match="holds labels, such as 'a'; regression needs numbers"):
        Problem.from_frames(frame.assign(y=list("ab") * 30), target="y", features={"f": ["x"]}, task="regression")


def test_small_differences_of_large_features_are_kept() -> None:
    rng = np.random.default_rng(0)
    seconds = 1.7e9 + rng.uniform(0, 3600, 200)
    frame = pd.DataFrame({"time": seconds, "other": rng.normal(size=200), "y": seconds - 1.7e9})
    dataset, split = made(frame, "y", {"x": ["time", "other"]}).data()
    known = seconds[split.train]
    expected = (seconds - known.mean()) / known.std()
    np.testing.assert_allclose(dataset.tables["x"].features[:, 0], expected, atol=1e-4)


def test_small_differences_of_a_large_target_are_refused() -> None:
    frame = pd.DataFrame({"a": np.arange(200.0), "y": -3e5 + 0.05 * np.sin(np.arange(200.0))})
    with pytest.raises(DataError, match="'y' varies too little around -300000 for single precision"):
        made(frame, "y", {"x": ["a"]})


@pytest.mark.parametrize(
    "features",
    [
        {"drug": (("a", "b"), pd.DataFrame({"w": [1.0, 2]}, index=["p", "q"])),
         "more": ("drug_1", pd.DataFrame({"v": [1.0, 2]}, index=["p", "q"]))},
        {"x": ["y.z"], "x.y": ["z"]},
    ],
)  # fmt: skip
def test_two_columns_of_one_name_are_told(features: Features) -> None:
    frame = pd.DataFrame({"a": ["p", "q"] * 50, "b": ["q", "p"] * 50, "drug_1": ["p", "p"] * 50})
    frame = frame.assign(**{"y.z": np.arange(100.0), "z": np.arange(100.0) ** 2, "t": np.arange(100.0)})
    with pytest.raises(DataError, match=r"would both be called '(drug_1|x\.y\.z)' here"):
        made(frame, "t", features)


@pytest.mark.parametrize("kind", ["bool", "boolean"])
def test_truth_is_classified(kind: str) -> None:
    frame = pd.DataFrame({"a": np.arange(100.0), "y": pd.Series(np.arange(100) % 3 == 0).astype(kind)})  # type: ignore[call-overload]
    assert made(frame, "y", {"x": ["a"]}).classes == ("False", "True")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([1j] * 100, "complex"),
        ([str(number / 7) for number in range(100)], "numbers as text or objects"),
    ],
)
def test_a_target_that_is_not_what_it_looks_like_is_told(target: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        made(pd.DataFrame({"a": np.arange(100.0), "y": target}), "y", {"x": ["a"]})


def test_no_rows_and_names_that_are_none_are_told() -> None:
    with pytest.raises(DataError, match="no row"):
        made(FIELD.iloc[:0])
    with pytest.raises(DataError, match="the name of an input is text, not 0"):
        made(features={0: ["a"]})  # type: ignore[dict-item]


def test_a_part_of_one_row_is_told() -> None:
    frame = pd.DataFrame({"a": np.arange(12.0), "y": np.arange(12.0)})
    with pytest.raises(DataError, match="1 validation row only"):
        made(frame, "y", {"x": ["a"]})


PATIENTS = pd.DataFrame(
    {
        "gene": RNG.normal(size=120),
        "other": RNG.normal(size=120),
        "patient": np.repeat([f"p{number}" for number in range(30)], 4),
        "cohort": np.repeat(["train", "Validation", "test"], 40),
        "response": np.repeat(RNG.permutation(["yes", "no"] * 15), 4),
        "size": RNG.normal(size=120),
    }
)
GENES: Features = {"genes": ["gene", "other"]}


def parts_of(problem: Problem) -> list[set[Any]]:
    _, split = problem.data()
    return [set(PATIENTS["patient"].iloc[rows]) for rows in (split.train, split.validation, split.test)]


@pytest.mark.parametrize("target", ["size", "response"])
@pytest.mark.parametrize("options", [{"group": "patient"}, {"split": "patient"}, {"group": "patient", "split": "row"}])
def test_rows_of_one_group_stay_on_one_side_and_the_group_is_no_input(target: str, options: dict[str, Any]) -> None:
    problem = made(PATIENTS, target, GENES, **options)
    assert [name for name, _ in problem.inputs] == ["genes"]
    assert problem.splits == ("row", "patient")
    assert problem.division.by == "patient"
    parts = parts_of(problem)
    assert sum(map(len, parts)) == len(set.union(*parts)) == 30
    counts = ", ".join(
        f"{len(part)} {name}" for part, name in zip(parts, ("training", "validation", "test"), strict=True)
    )
    assert problem.split_text.startswith(f"split by patient (30 groups: {counts}); ")
    assert Problem.load(problem.folder) == problem
    again = PATIENTS.assign(patient=PATIENTS["patient"].where(PATIENTS.index > 3, "p9"))
    assert made(again, target, GENES, **options).folder != problem.folder


@pytest.mark.parametrize(
    ("test", "frame"),
    [
        ("cohort", PATIENTS.assign(cohort=np.repeat(["train", "test"], [100, 20]))),
        ("cohort", PATIENTS.assign(cohort=np.repeat([0.0, 1.0], [100, 20]))),
        ("cohort", PATIENTS.assign(cohort=np.repeat([False, True], [100, 20]))),
        ([False] * 100 + [True] * 20, PATIENTS),
        (np.arange(120) >= 100, PATIENTS),
        (pd.Series(np.arange(120) >= 100), PATIENTS),
        (range(100, 120), PATIENTS),
        ([f"s{number}" for number in range(100, 120)], PATIENTS.set_index(pd.Index([f"s{row}" for row in range(120)]))),
    ],
)
def test_test_rows_may_be_given(test: Any, frame: pd.DataFrame) -> None:
    problem = made(frame, "size", GENES, test=test, group="patient")
    assert problem.data()[1].test.tolist() == list(range(100, 120))
    assert problem.split_text == (
        "split by given test rows; the others by patient (25 groups: 23 training, 2 validation); 92 training, 8 "
        "validation and 20 test rows"
    )
    assert problem.splits == ("row", "patient", "given")
    parts = parts_of(problem)
    assert not parts[0] & parts[1]


def test_a_column_may_give_validation_rows_too_and_torn_groups_are_counted() -> None:
    problem = made(PATIENTS.iloc[::-1], "size", GENES, test="cohort", group="patient")
    _, split = problem.data()
    assert [part.tolist() for part in (split.test, split.validation, split.train)] == [
        list(range(start, start + 40)) for start in (0, 40, 80)
    ]
    torn = PATIENTS.assign(patient=np.arange(120) % 40)
    assert (
        "40 of 40 values of 'patient' have rows on both sides of the given split"
        in made(torn, "size", GENES, test="cohort", group="patient").notes
    )


def test_rows_without_a_target_and_rare_classes_are_left_out_on_request() -> None:
    frame = PATIENTS.assign(response=PATIENTS["response"].where(PATIENTS.index > 2), cohort=np.arange(120) > 80)
    frame.loc[7:8, "response"] = "unknown"
    with pytest.raises(DataError, match=r"is empty in 3 rows, .*leave them out \(drop_missing_targets=True\)"):
        made(frame, "response", GENES)
    with pytest.raises(DataError, match=r"class 'unknown' has 2 row\(s\).*min_class=3"):
        made(frame, "response", GENES, drop_missing_targets=True)
    problem = made(frame, "response", GENES, drop_missing_targets=True, min_class=3, test="cohort")
    assert (problem.rows, problem.classes) == (115, ("no", "yes"))
    assert problem.notes[:2] == (
        "3 of 120 rows left out: 'response' is empty",
        "2 rows left out: 1 class(es) with fewer than 3 rows: 'unknown'",
    )
    rows = [row for row in range(120) if row not in (0, 1, 2, 7, 8)]
    assert problem.data()[1].test.tolist() == [place for place, row in enumerate(rows) if row > 80]
    mask = [row > 80 for row in range(120)]
    other = made(frame, "response", GENES, drop_missing_targets=True, min_class=3, test=mask)
    assert other.data()[1].test.tolist() == problem.data()[1].test.tolist()
    with pytest.raises(DataError, match=r"has 0 class\(es\) of at least 500 rows, and 2 are needed; the largest has"):
        made(PATIENTS, "response", GENES, min_class=500)
    with pytest.raises(DataError, match="'size' holds numbers; task='classification' takes them for classes"):
        made(PATIENTS, "size", GENES, min_class=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": PATIENTS["size"]}, "a column is named by a text or a number, not by something of type Series"),
        ({"target": PATIENTS["size"].to_numpy()}, "a column is named by .*, not by something of type ndarray"),
        ({"target": ["size", "gene"]}, r"a column is named by .*, not by \['size', 'gene'\]"),
        ({"target": None}, "no column None"),
        ({"frame": 5}, "the responses are a data frame, one row an observation, not int"),
        ({"frame": dict(PATIENTS)}, "the responses are a data frame, .*, not dict"),
        ({"features": None}, "features are .*, not None"),
        ({"features": {}}, "at least one input"),
        ({"features": {"x": []}}, "input 'x' has no column"),
        ({"features": {"x": 5}}, "input 'x' is a list of columns"),
        ({"features": {"x": PATIENTS[["gene"]]}}, "input 'x' is a list of columns, or .*, not DataFrame"),
        ({"features": {"x": [["gene", "other"]]}}, r"a column is named by .*, not by \['gene', 'other'\]"),
        ({"features": {"x": ["gene", "gene"]}}, "names the column 'gene' twice"),
        ({"features": {"": ["gene"]}}, "the name of an input is text, not ''"),
        ({"features": {"x": ("patient", SOILS["clay"])}}, "the table of input 'x' is a data frame, .* type Series"),
        ({"features": {"x": ("patient", SOILS.to_numpy())}}, "the table of input 'x' is a data frame, .* type ndarray"),
        ({"features": {"x": ("patient", {"a": [1]})}}, "the table of input 'x' is a data frame, .* type dict"),
        ({"features": {"x": (["patient", ["gene"]], SOILS)}}, "a column is named by"),
        ({"split": None}, "split must be a text, not None"),
        ({"split": ["patient"]}, r"split must be a text, not \['patient'\]"),
        ({"split": "nothing"}, "cannot be split by 'nothing'; this data knows row$"),
        ({"split": "gene"}, "cannot be split by 'gene'; this data knows row$"),
        ({"split": "given"}, "names no test rows"),
        ({"name": None}, "name must be a text, not None"),
        ({"name": "n" * 300}, "has 300 characters; it can have 100"),
        ({"name": "../../x"}, "holds '/'; it may hold letters"),
        ({"task": 5}, "task must be a text, not 5"),
        ({"task": "Regression"}, "there is no task 'Regression'; known: regression, classification"),
        ({"metric": 3}, "metric must be a text, not 3"),
        ({"metric": ["r2"]}, "metric must be a text"),
        ({"manual": 7}, "manual must be a function of .*, or None, not 7"),
        ({"manual": lambda inputs, outputs: 7}, "manual must return an Architecture, not int"),
        ({"group": ["patient"]}, "a column is named by a text or a number, not by"),
        ({"group": "nobody"}, "no column 'nobody'"),
        ({"group": "gene"}, "column 'gene' is the group, and so neither the target nor part of an input"),
        ({"group": "size"}, "column 'size' is the group"),
        ({"frame": PATIENTS.rename(columns={"patient": "row"}), "group": "row"}, "a group cannot be called 'row'"),
        ({"frame": PATIENTS.assign(patient=None), "group": "patient"}, "column 'patient' is empty in 120 rows"),
        ({"test": 3.5}, r"test is a column .*, not 3\.5"),
        ({"test": {"a": 1}}, "test is a column"),
        ({"test": "nobody"}, "no column 'nobody'"),
        ({"test": "patient"}, "by 1 and 0; it holds 'p0', 'p1', 'p2', 'p3' and 26 more"),
        ({"test": "gene"}, "column 'gene' is the test"),
        ({"test": [True, False]}, "test has 2 entries for 120 rows"),
        ({"test": []}, "test names no row"),
        ({"test": [False] * 120}, "test names no row"),
        ({"test": [True] * 120}, "names no test rows"),
        ({"test": [1, 500]}, "test names 1 rows that the index of the responses does not have: '500'"),
        ({"test": [1, 1]}, "test names rows twice"),
        ({"test": [[1]]}, r"test holds \[1\]"),
        ({"test": pd.Series([True] * 120, index=range(1, 121))}, "test has another index than the responses"),
        ({"frame": PATIENTS.assign(cohort="train"), "test": "cohort"}, "no row is one"),
        ({"frame": PATIENTS.assign(cohort=None), "test": "cohort"}, "'cohort' says which rows .* is empty in 120 rows"),
        ({"drop_missing_targets": "yes"}, "drop_missing_targets must be True or False, not 'yes'"),
        ({"min_class": 0}, "min_class must be at least 1, not 0"),
        ({"min_class": 2.5}, "min_class must be a whole number"),
        ({"min_class": True}, "min_class must be a whole number"),
        ({"frame": PATIENTS.assign(size=pd.date_range("2020", periods=120))}, "'size' holds dates or times"),
        ({"frame": PATIENTS.assign(size=pd.Series([[1.0]] * 120, dtype=object))}, r"target 'size' holds \[1\.0\]"),
        ({"frame": PATIENTS.assign(gene=1.0, other=2.0)}, "input 'genes' is constant over all rows"),
    ],
)
def test_arguments_of_a_wrong_kind_end_in_a_message(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    given = {"frame": PATIENTS, "target": "size", "features": GENES, **options}
    with pytest.raises((DataError, UsageError), match=message):
        made(**given)
    assert not list(tmp_path.rglob("problem.json"))
    assert not list(tmp_path.parent.glob("x-*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": 5}, "what a split is by must be a text"),
        ({"by": ""}, "what a split is by must be a text"),
        ({"seed": 1.5}, "the seed of a split must be a whole number"),
        ({"seed": "1"}, "the seed of a split must be a whole number"),
        ({"validation": "0.1"}, "the share of validation rows must be a number"),
        ({"test": None}, "the share of test rows must be a number"),
        ({"folds": 2.5}, "the folds of a split must be a whole number"),
        ({"folds": 3, "fold": "1"}, "the fold of a split must be a whole number"),
    ],
)
def test_a_division_of_a_wrong_kind_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Division(**options)


def test_numbers_of_numpy_divide_as_well() -> None:
    division = Division("row", np.int64(3), np.float32(0.25), np.float64(0.25))  # type: ignore[arg-type]  # as users have them
    assert made(split=division).division == Division("row", 3, 0.25, 0.25)


def test_a_key_and_the_group_may_both_be_called_group() -> None:
    frame = PATIENTS.rename(columns={"patient": "group"})
    table = pd.DataFrame(RNG.normal(size=(30, 2)), index=[f"p{number}" for number in range(30)])
    problem = made(frame, "size", {"x": ("group", table)}, group="group")
    assert problem.splits == ("row", "pair", "group")
    assert made(frame, "size", {"x": ("group", table)}).splits == ("row", "pair", "group")
    with pytest.raises(DataError, match="beside a group, what rows refer to cannot be called 'group'"):
        made(frame, "size", {"x": ("group", table)}, group="cohort")


def test_empty_features_are_counted() -> None:
    field = FIELD.assign(rain=FIELD["rain"].mask(np.arange(ROWS) % 30 == 0))
    soils = SOILS.drop(index="b").reindex(SOILS.index)
    notes = made(field, features={"weather": ["rain"], "ground": ("soil", soils)}).notes
    assert "input 'weather': 3 empty cells become the mean of the training rows" in notes
    assert "input 'ground': 3 empty cells become the mean of the training rows" in notes
