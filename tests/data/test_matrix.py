from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cellwright.data.frames import ROW, Frames, dataset_of
from cellwright.data.matrix import read_matrix
from cellwright.data.options import TableOptions
from cellwright.errors import DataError

from .real import real

AS_THEY_ARE = "are no raw counts or intensities by their distribution: they are used as they are"
ROWS = "tumour,1,2\nnormal,3,4\ntumour,5,6\nnormal,7,8\n"


def matrix(folder: Path, content: str, **columns: str) -> Frames:
    path = folder / "samples.csv"
    path.write_text(content)
    return read_matrix(path, TableOptions(columns))


def test_a_labelled_matrix_is_read(tmp_path: Path) -> None:
    frames = matrix(tmp_path, f"label,G1,G2\n{ROWS}")
    assert frames.responses["value"].tolist() == ["tumour", "normal", "tumour", "normal"]
    ((name, (kind, table)),) = frames.features.items()
    assert (name, kind, table.columns.tolist()) == ("expression", ROW, ["G1", "G2"])
    np.testing.assert_array_equal(table, [[1, 2], [3, 4], [5, 6], [7, 8]])
    assert frames.notes == (
        "samples.csv: 4 samples, 2 features; 'label' holds the class, by its name: 2 classes of 2 to 2",
        f"samples.csv: the values, from 1 to 8, {AS_THEY_ARE}",
    )
    data, classes = dataset_of(frames)
    assert (classes, data.target.tolist()) == (("normal", "tumour"), [1, 0, 1, 0])
    assert list(data.tables) == ["expression"]


@pytest.mark.parametrize("name", ["Class", "tissue", "Cancer Type", "tumor_type", "y", "Diagnosis"])
def test_the_class_is_found_by_its_name_wherever_it_stands(tmp_path: Path, name: str) -> None:
    rows = "1,tumour,2\n3,normal,4\n5,tumour,6\n7,normal,8\n"
    frames = matrix(tmp_path, f"G1,{name},G2\n{rows}")
    assert frames.responses["value"].tolist() == ["tumour", "normal", "tumour", "normal"]


def test_text_that_repeats_is_the_class_and_other_text_is_left_out_and_told(tmp_path: Path) -> None:
    rows = "".join(f"S{n},{row}\n" for n, row in enumerate(ROWS.split()))
    frames = matrix(tmp_path, f"id,what,G1,G2\n{rows}")
    assert frames.responses["value"].tolist() == ["tumour", "normal", "tumour", "normal"]
    assert "'what' holds the class, being the only column of few values that repeat" in frames.notes[0]
    assert frames.notes[1] == "samples.csv: not used, for saying which sample, patient, batch or date a row is of: 'id'"


def test_codes_in_the_first_column_are_classes(tmp_path: Path) -> None:
    frames = matrix(tmp_path, "n,G1\n" + "".join(f"{n % 3},{n / 7}\n" for n in range(12)))
    assert dataset_of(frames)[1] == ("0", "1", "2")
    assert "being first and of few values" in frames.notes[0]


def test_the_class_may_be_named(tmp_path: Path) -> None:
    rows = "".join(f"{row},{1 + n % 2}\n" for n, row in enumerate(ROWS.split()))
    frames = matrix(tmp_path, f"label,G1,G2,stage\n{rows}", label="stage")
    assert dataset_of(frames)[1] == ("1", "2")
    assert "'stage' holds the class: 2 classes of 2 to 2" in frames.notes[0]


def test_empty_cells_are_missing_and_told(tmp_path: Path) -> None:
    frames = matrix(tmp_path, f"label,G1,G2\n{ROWS}".replace("3,4", "NA,4"))
    assert frames.features["expression"][1].isna().to_numpy().tolist() == [[n == 1, False] for n in range(4)]
    assert frames.notes[2] == "samples.csv: 1 empty cells become the mean of the training rows"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("label,G1\na,1\na,2\n", "column 'label' has one class only, 'a'; nothing can be learnt"),
        ("label,G1\na,1\nb,2\nc,3\n", "has 3 different values in 3 rows and so holds no classes; say --column label"),
        ("label,G1\na,x\nb,y\na,x\nb,y\n", "no column of numbers besides 'label'"),
        ("label,G1\na,1\n,2\na,3\nb,4\n", "column 'label' is empty in row 2"),
        ("label,G1\na,1\na,2\nb,3\nb,high\n", "column 'G1' is no number in row 4 .line 5.: 'high'"),
        ("G1,G2\n1.5,2\n2.5,3\n", r"which column holds the class.*--column label=NAME\); first are 'G1', 'G2'"),
    ],
)
def test_a_matrix_that_cannot_be_used_is_told(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=f"samples.csv.*{message}"):
        matrix(tmp_path, content)


def test_of_several_matrices_one_must_be_named(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"label,G1,G2\n{ROWS}")
    with pytest.raises(DataError, match=r"several tables .*\('a.csv', 'b.csv'\); name one: --data .*a.csv"):
        read_matrix(tmp_path, TableOptions())
    assert len(read_matrix(tmp_path / "b.csv", TableOptions()).responses) == 4


@pytest.mark.parametrize(
    ("name", "shape", "counts"),
    [
        ("alon", (62, 2000), {"t": 40, "n": 22}),
        ("singh", (102, 12600), {"Tumor": 52, "Normal": 50}),
        ("su", (102, 5565), {"1": 28, "2": 23, "3": 26, "4": 25}),
    ],
)
def test_real_matrices_have_their_published_classes(name: str, shape: tuple[int, int], counts: dict[str, int]) -> None:
    frames = read_matrix(real(f"expression/{name}.csv.gz"), TableOptions())
    assert frames.features["expression"][1].shape == shape
    found = frames.responses["value"].value_counts().to_dict()
    assert sorted(found.values()) == sorted(counts.values())
    assert set(found) == set(counts)
    assert dataset_of(frames)[1] == tuple(sorted(counts))


def counts(samples: int = 12, genes: int = 40) -> pd.DataFrame:
    """Made-up RNA-seq counts."""
    rng = np.random.default_rng(0)
    rates = np.exp(rng.normal(2, 2.5, genes) + rng.normal(0, 0.5, (samples, genes)))
    return pd.DataFrame(rng.poisson(rates), columns=[f"G{gene}" for gene in range(genes)])


def written(folder: Path, name: str, table: pd.DataFrame) -> Path:
    table.to_csv(folder / name, index=False)
    return folder / name


def read(place: Path, **options: Any) -> Frames:
    return read_matrix(place, TableOptions(**options))


def expression(frames: Frames) -> pd.DataFrame:
    return frames.features["expression"][1]


def test_counts_become_logarithms_standardised_within_each_sample(tmp_path: Path) -> None:
    table = counts()
    frames = read(written(tmp_path, "m.csv", table.assign(label=["a", "b"] * 6)))
    logs = np.log2(1 + table.to_numpy())
    expected = (logs - logs.mean(axis=1, keepdims=True)) / logs.std(axis=1, keepdims=True)
    np.testing.assert_allclose(expression(frames), expected, rtol=1e-4, atol=1e-5)
    assert "log2(1 + x), standardised within each sample" in frames.notes[1]


def test_one_sample_does_not_change_another(tmp_path: Path) -> None:
    table = counts().assign(label=["a", "b"] * 6)
    first = expression(read(written(tmp_path, "m.csv", table))).to_numpy()
    table.iloc[3, :-1] = table.iloc[3, :-1][::-1].to_numpy()
    second = expression(read(written(tmp_path, "m.csv", table))).to_numpy()
    np.testing.assert_array_equal(np.delete(first, 3, axis=0), np.delete(second, 3, axis=0))
    assert (first[3] != second[3]).any()


@pytest.mark.parametrize("value", ["49.9", "-49.9"])
def test_small_values_stay_as_they_are(tmp_path: Path, value: str) -> None:
    frames = matrix(tmp_path, f"label,G1,G2\na,{value},2\nb,3,NA\na,5,6\nb,7,8\n")
    expected = np.array([[float(value), 2], [3, np.nan], [5, 6], [7, 8]], np.float32)
    np.testing.assert_array_equal(frames.features["expression"][1], expected)
    assert any(AS_THEY_ARE in note for note in frames.notes)


def test_an_empty_sample_is_left_out_and_named(tmp_path: Path) -> None:
    frames = matrix(tmp_path, "id,label,G1,G2\nS1,a,1,2\nS2,b,NA,NA\nS3,a,5,6\nS4,b,7,8\nS5,a,3,4\n")
    assert len(frames.responses) == len(expression(frames)) == 4
    assert "samples.csv: 1 of 5 samples ('S2') have no expression at all; left out" in frames.notes


def test_an_empty_gene_is_left_out_and_named(tmp_path: Path) -> None:
    frames = matrix(tmp_path, "label,G1,G2\na,1,\nb,2,\na,5,\nb,7,\n")
    assert expression(frames).columns.tolist() == ["G1"]
    assert "samples.csv: not used, being empty: 'G2'" in frames.notes


def test_an_index_that_was_written_out_is_no_gene(tmp_path: Path) -> None:
    frames = matrix(tmp_path, ",label,G1,G2\n0,a,1,2\n1,b,3,4\n2,a,5,6\n3,b,7,8\n")
    assert list(frames.features["expression"][1].columns) == ["G1", "G2"]


def test_one_column_of_large_numbers_makes_no_intensities(tmp_path: Path) -> None:
    frames = matrix(tmp_path, "label,G1,G2,G3\na,1,2,3\nb,3,4,400\na,5,6,5\nb,7,8,900\n")
    assert any(AS_THEY_ARE in note for note in frames.notes)


@pytest.mark.parametrize("name", ["id", "Patient ID", "Unnamed: 0", "sample", "whatever"])
def test_a_number_of_the_patient_is_no_gene(tmp_path: Path, name: str) -> None:
    ids = [10017, 10342, 10999, 20001, 20002, 30000]
    rows = "".join(f"{number},{'ab'[n % 2]},{n / 2},{1 - n / 3:.2f}\n" for n, number in enumerate(ids))
    (tmp_path / "m.csv").write_text(f"{name},class,G1,G2\n{rows}")
    frames = read_matrix(tmp_path / "m.csv", TableOptions())
    assert list(frames.features["expression"][1].columns) == ["G1", "G2"]
    assert any(f"date a row is of: '{name}'" in note for note in frames.notes)


def test_whole_numbers_that_do_not_name_samples_are_genes(tmp_path: Path) -> None:
    rows = "".join(f"{'ab'[n % 2]},{n * 7 % 5},{n * 5 % 6}\n" for n in range(6))
    (tmp_path / "m.csv").write_text(f"class,G1,G2\n{rows}")
    assert list(read_matrix(tmp_path / "m.csv", TableOptions()).features["expression"][1].columns) == ["G1", "G2"]


@pytest.mark.parametrize("codes", ["012", "571"])
def test_a_column_that_says_the_class_again_is_no_gene(tmp_path: Path, codes: str) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{'abc'[kind]},{rng.normal():.3f},{codes[kind]}" for kind in rng.integers(0, 3, 60)]
    frames = matrix(tmp_path, "\n".join(["subtype,G1,label", *rows]) + "\n", label="subtype")
    ((_, table),) = frames.features.values()
    assert table.columns.tolist() == ["G1"]
    assert "samples.csv: not used, for saying the same as 'subtype': 'label'" in frames.notes


def test_the_largest_count_of_samples_does_not_hide_which_columns_name_them(tmp_path: Path) -> None:
    table = counts().assign(label=list("abcabc") * 2)
    table["patient number"] = [7, 7, 3, 3, 9, 9] * 2
    frames = read(written(tmp_path, "m.csv", table))
    reason = "for saying which sample, patient, batch or date a row is of"
    assert f"m.csv: not used, {reason}: 'patient number'" in frames.notes


PATIENTS = pd.DataFrame(
    {
        "sample_id": [f"S{n}" for n in range(48)],
        "patient_id": [f"P{n // 4}" for n in range(48)],
        "G1": np.arange(48) % 7 / 2,
        "G2": np.arange(48) % 5 / 4,
    }
)


def test_a_code_among_genes_may_be_the_class_and_is_told_where_it_is_not(tmp_path: Path) -> None:
    genes = pd.DataFrame(np.random.default_rng(0).normal(7, 1, (48, 6)).round(3)).add_prefix("G")
    table = genes.assign(responded=np.arange(48) % 2, therapy_arm=["A", "B", "B"] * 16)
    wanted = r"candidates are 'therapy_arm' \(2 values\), 'responded' \(2 values\)$"
    with pytest.raises(DataError, match=wanted):
        read(written(tmp_path, "m.csv", table))
    with pytest.raises(DataError, match=r"candidates are 'responded' \(2 values\)$"):
        read(written(tmp_path, "m.csv", table.drop(columns="therapy_arm")))
    frames = read(written(tmp_path, "m.csv", table.rename(columns={"therapy_arm": "class"})))
    note = "m.csv: few whole numbers, and used as a feature: 'responded'; --column exclude=responded leaves it out"
    assert note in frames.notes
    rare = genes.assign(G9=np.arange(48) == 3, label=["A", "B"] * 24).astype({"G9": int})
    assert not any("few whole numbers" in note for note in read(written(tmp_path, "m.csv", rare)).notes)


def test_more_samples_than_genes_do_not_look_like_genes_in_rows(tmp_path: Path) -> None:
    table = pd.DataFrame({"sample": [f"S{n}" for n in range(48)], "PAM50": list("abc") * 16, "gender": ["F", "M"] * 24})
    table = table.join(pd.DataFrame(np.random.default_rng(0).normal(7, 1, (48, 6))).add_prefix("G"))
    with pytest.raises(DataError, match=r"candidates are 'PAM50' \(3 values\), 'gender' \(2 values\)$"):
        read(written(tmp_path, "m.csv", table))


def test_a_patient_is_not_guessed_to_be_the_class(tmp_path: Path) -> None:
    frames = read(written(tmp_path, "m.csv", PATIENTS.assign(response_class=["yes", "no"] * 24)))
    assert frames.target == "response_class"
    renamed = PATIENTS.rename(columns={"patient_id": "who"}).assign(answer=["yes", "no", "yes"] * 16)
    assert read(written(tmp_path, "m.csv", renamed)).target == "answer"


def test_patients_of_several_samples_suggest_a_group(tmp_path: Path) -> None:
    table = PATIENTS.assign(response_class=["yes", "no"] * 24)
    together = "if rows of one value belong together, as those of one patient do,"
    note = f"m.csv: 'patient_id' has 12 values in 48 rows; {together}"
    assert (
        f"{note} --group patient_id keeps them on one side of the split"
        in read(written(tmp_path, "m.csv", table)).notes
    )
    grouped = read(written(tmp_path, "m.csv", table), group="patient_id")
    assert not any("belong together" in note for note in grouped.notes)
    once = read(written(tmp_path, "m.csv", table.assign(patient_id=[f"P{n}" for n in range(48)])))
    assert not any("belong together" in note for note in once.notes)


def test_a_column_without_a_name_is_no_news(tmp_path: Path) -> None:
    lines = [f'"{n}" {row.replace(",", " ")}' for n, row in enumerate((ROWS * 6).split())]
    (tmp_path / "m.txt").write_text("label G1 G2\n" + "\n".join(lines) + "\n")
    assert not any("not used" in note for note in read(tmp_path / "m.txt").notes)


def test_of_several_columns_that_could_be_the_class_one_is_asked_for(tmp_path: Path) -> None:
    table = PATIENTS.assign(
        gender=["F", "M"] * 24,
        day=["2019-05-02", "2019-05-03"] * 24,
        plate=["A", "B", "B"] * 16,
        PAM50=list("abc") * 16,
    )
    wanted = (
        r"Say --target NAME \(or --column label=NAME\); candidates are 'gender' \(2 values\), 'PAM50' \(3 values\)$"
    )
    with pytest.raises(DataError, match=wanted):
        read(written(tmp_path, "m.csv", table))
    with pytest.raises(DataError, match=r"'status' \(2 values\), 'subtype' \(3 values\)"):
        read(written(tmp_path, "m.csv", table.rename(columns={"gender": "status", "PAM50": "subtype"})))
    assert read(written(tmp_path, "m.csv", table.rename(columns={"PAM50": "subtype"}))).target == "subtype"


def test_a_group_is_no_feature_and_no_class(tmp_path: Path) -> None:
    frames = read(
        written(tmp_path, "m.csv", PATIENTS.assign(site=list("ab") * 24, kind=list("aabb") * 12)), group="site"
    )
    assert frames.group == "site"
    assert frames.responses["group"].tolist() == list("ab") * 24
    assert frames.target == "kind"
    numbered = PATIENTS.assign(kind=list("aabb") * 12, site=[1, 2, 3] * 16)
    frames = read(written(tmp_path, "m.csv", numbered), group="site")
    assert expression(frames).columns.tolist() == ["G1", "G2"]
    with pytest.raises(DataError, match="no column 'sites'; it has 'sample_id'"):
        read(tmp_path / "m.csv", group="sites")


@pytest.mark.parametrize("words", [("train", "test", "val"), (0, 1, "validation"), ("False", "True", "Valid")])
def test_a_column_says_which_rows_are_test_rows(tmp_path: Path, words: tuple[Any, ...]) -> None:
    table = PATIENTS.assign(kind=list("aabb") * 12, part=[words[n] for n in (0, 0, 1, 2)] * 12)
    frames = read(written(tmp_path, "m.csv", table), test="part")
    assert frames.responses["given"].tolist() == [0, 0, 1, 2] * 12
    assert expression(frames).columns.tolist() == ["G1", "G2"]


def test_test_rows_are_named_in_a_file_or_one_by_one(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", PATIENTS.assign(kind=list("aabb") * 12))
    (tmp_path / "held").write_text("S3\n\nS47\nS99\n")
    for test in (str(tmp_path / "held"), ("S3", "S47", "S99")):
        frames = read(path, test=test)
        assert np.flatnonzero(frames.responses["given"]).tolist() == [3, 47]
        assert "1 of 3 names of test rows are not among the rows that are used: 'S99'" in frames.notes
    with pytest.raises(DataError, match="no column 'absent', and there is no file of this name; it has 'sample_id'"):
        read(path, test="absent")
    with pytest.raises(DataError, match="no row has the name of a test row: wanted are 'x'"):
        read(path, test=("x",))
    with pytest.raises(DataError, match=r"by train, test and validation, .*it holds 'later'"):
        read(written(tmp_path, "m.csv", PATIENTS.assign(kind=list("aabb") * 12, part="later")), test="part")


def test_rare_classes_and_rows_without_a_class_are_left_out_on_request(tmp_path: Path) -> None:
    kinds: Any = ["a", "b"] * 22 + ["rare", "rare", None, None]
    path = written(tmp_path, "m.csv", PATIENTS.assign(label=kinds))
    with pytest.raises(DataError, match=r"column 'label' is empty in .*leave such rows out: --drop-missing-targets"):
        read(path)
    frames = read(path, drop_missing_targets=True, min_class=3)
    assert len(frames.responses) == len(expression(frames)) == 44
    assert "m.csv: 1 class of fewer than 3 samples left out, 2 samples: 'rare' (2)" in frames.notes
    assert "m.csv: column 'label' is empty for 2 of 48 samples ('S46', 'S47'); left out" in frames.notes


def test_columns_of_another_unit_are_named_and_may_be_excluded(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    genes = pd.DataFrame(rng.normal(7, 1, (48, 30)), columns=[f"G{n}" for n in range(30)])
    path = written(tmp_path, "m.csv", genes.assign(kind=["a", "b"] * 24, age=rng.normal(60, 10, 48)))
    assert any(
        "of another unit than the other columns, and scaled on their own: 'age'" in note for note in read(path).notes
    )
    frames = read(path, exclude=("age",))
    assert "age" not in expression(frames)
    assert "m.csv: not used, as --column exclude says: 'age'" in frames.notes
    with pytest.raises(DataError, match="no column 'weight' to exclude"):
        read(path, exclude=("weight",))
