import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cellwright.data import tables
from cellwright.data.frames import Frames
from cellwright.data.matrix import read_matrix
from cellwright.data.options import TableOptions
from cellwright.errors import DataError

NAMES = [f"GSM{1000 + n}" for n in range(24)]
GENES = pd.DataFrame(
    np.random.default_rng(0).normal(7, 1, (24, 6)).round(3), columns=[f"G{n}" for n in range(6)], index=NAMES
)
CLINIC = pd.DataFrame({"sample": NAMES, "subtype": list("abc") * 8, "age": np.arange(24) + 40})[::-1]


def wide(genes: pd.DataFrame) -> pd.DataFrame:
    """Genes x samples."""
    return genes.T.rename_axis("gene").reset_index()


def read(folder: Path, expression: pd.DataFrame, *others: pd.DataFrame, **options: Any) -> Frames:
    expression.to_csv(folder / "expression.csv", index=False)
    for number, table in enumerate(others):
        table.to_csv(folder / f"clinical{number or ''}.csv", index=False)
    return read_matrix(folder if others else folder / "expression.csv", TableOptions(**options))


def check(frames: Frames, genes: pd.DataFrame = GENES) -> None:
    table = frames.features["expression"][1]
    np.testing.assert_allclose(table, genes, rtol=1e-6)
    assert table.columns.tolist() == genes.columns.tolist()
    assert frames.responses["value"].tolist() == [("abc" * 8)[NAMES.index(name)] for name in genes.index]
    assert frames.target == "subtype"


@pytest.mark.parametrize("turned", [False, True])
def test_a_matrix_in_either_orientation_joins_a_table_of_its_samples(tmp_path: Path, turned: bool) -> None:
    expression = wide(GENES) if turned else GENES.rename_axis("sample").reset_index()
    frames = read(tmp_path, expression, CLINIC)
    check(frames)
    assert "24 samples joined" in frames.notes[1]
    assert "clinical.csv: not used: 'age'" in frames.notes


def test_samples_in_one_table_only_are_left_out_counted_and_named(tmp_path: Path) -> None:
    clinic = CLINIC[CLINIC["sample"] != NAMES[3]]
    clinic.loc[clinic["sample"] == NAMES[4], "subtype"] = None
    frames = read(tmp_path, wide(GENES.drop(index=NAMES[7])), clinic)
    check(frames, GENES.drop(index=[NAMES[3], NAMES[4], NAMES[7]]))
    notes = "\n".join(frames.notes)
    assert f"clinical.csv does not describe 1 sample of expression.csv: '{NAMES[3]}'; left out" in notes
    assert f"1 sample of clinical.csv is not in expression.csv: '{NAMES[7]}'" in notes
    assert f"'subtype' is empty for 1 of 22 samples ('{NAMES[4]}'); left out" in notes


def test_barcodes_of_tcga_join_by_their_common_beginning(tmp_path: Path) -> None:
    patients = [f"TCGA-AB-{n:04}" for n in range(24)]
    expression = wide(GENES.set_axis([f"{name}-01A-11R-1234-07" for name in patients]))
    frames = read(tmp_path, expression, CLINIC[::-1].assign(sample=patients))
    check(frames)
    assert "24 samples joined by the beginnings of the longer names" in frames.notes[1]
    aliquots = [f"{name}-01A-21D-9999-01" for name in patients]
    check(read(tmp_path, expression, CLINIC[::-1].assign(sample=aliquots)))
    dotted = expression.set_axis([str(name).replace("-", ".") for name in expression], axis=1)
    check(read(tmp_path, dotted, CLINIC[::-1].assign(sample=patients)))


def test_two_samples_of_one_patient_are_not_given_the_class_of_the_patient(tmp_path: Path) -> None:
    patients = [f"TCGA-AB-{n:04}" for n in range(24)]
    names = [f"{name}-01A" for name in patients]
    names[1] = f"{patients[0]}-11A"
    frames = read(tmp_path, wide(GENES.set_axis(names)), CLINIC[::-1].assign(sample=patients))
    check(frames, GENES.drop(index=NAMES[:2]))


def test_group_and_test_rows_come_from_the_table_of_samples(tmp_path: Path) -> None:
    clinic = CLINIC.assign(site=list("xy") * 12, part=["train"] * 20 + ["test"] * 4)
    frames = read(tmp_path, wide(GENES), clinic, group="site", test="part", columns={"label": "subtype"})
    assert frames.responses["group"].tolist() == list("yx") * 12
    assert frames.responses["given"].tolist() == [1] * 4 + [0] * 20


def test_of_several_columns_of_a_table_of_samples_one_is_asked_for(tmp_path: Path) -> None:
    clinic = CLINIC.rename(columns={"subtype": "PAM"}).assign(relapse=[0, 1] * 12)
    with pytest.raises(DataError, match=r"candidates are 'PAM' \(3 values\), 'relapse' \(2 values\)"):
        read(tmp_path, wide(GENES), clinic)


def test_genes_without_a_name_and_repeated_ones_are_kept_apart(tmp_path: Path) -> None:
    expression = wide(GENES)
    expression["gene"] = ["A", "A", None, "B", None, "C"]
    columns = read(tmp_path, expression, CLINIC).features["expression"][1].columns.tolist()
    assert columns == ["A", "A (2)", "unnamed", "B", "unnamed (2)", "C"]


def test_one_table_of_genes_in_rows_with_a_row_for_the_class_is_turned(tmp_path: Path) -> None:
    expression = wide(GENES)
    for labels in (list("abc") * 8, [0, 1, 2] * 8):
        row = pd.DataFrame([["subtype", *labels]], columns=expression.columns)
        frames = read(tmp_path, pd.concat([row, expression]))
        np.testing.assert_allclose(frames.features["expression"][1], GENES, rtol=1e-6)
        assert frames.responses["value"].tolist() == [str(label) for label in labels]
        assert "genes are in rows and samples in columns; it is read the other way round" in frames.notes[1]


def test_genes_in_rows_without_a_class_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"genes in rows and samples in columns, and no class .*put a table beside it"):
        read(tmp_path, wide(GENES))


def test_tables_that_do_not_join_show_both_sides(tmp_path: Path) -> None:
    clinic = CLINIC.assign(sample=[f"patient {n}" for n in range(24)])
    wanted = (
        "do not join: .*columns of expression.csv are 'gene', 'GSM1000'.*'sample' of clinical.csv holds 'patient 0'"
    )
    with pytest.raises(DataError, match=wanted):
        read(tmp_path, wide(GENES), clinic)


def test_a_table_that_takes_no_part_is_named(tmp_path: Path) -> None:
    genes = pd.DataFrame({"gene": GENES.columns, "chromosome": ["1", "2", "X"] * 2})
    frames = read(tmp_path, wide(GENES), CLINIC, genes)
    check(frames)
    assert any(
        "not used, as expression.csv and clinical.csv are joined: 'clinical1.csv'" in note for note in frames.notes
    )


def series(folder: Path, *characteristics: list[str], name: str = "GSE1_series_matrix.txt.gz") -> Path:
    """Write a GEO series matrix with these lines of characteristics."""

    def line(name: str, values: list[str]) -> str:
        return "\t".join([name, *(f'"{value}"' for value in values)]) + "\n"

    text = '!Series_title\t"made up"\n\n'
    text += line("!Sample_title", [f"array {n}" for n in range(24)]) + line("!Sample_geo_accession", NAMES)
    text += line("!Sample_status", ["Public"] * 24) + line("!Sample_organism_ch1", ["Homo sapiens"] * 24)
    text += "".join(line("!Sample_characteristics_ch1", values) for values in characteristics)
    text += line("!Sample_contact_name", ["somebody"] * 24) + "!series_matrix_table_begin\n"
    text += line('"ID_REF"', NAMES) + wide(GENES).to_csv(sep="\t", index=False, header=False)
    path = folder / name
    with gzip.open(path, "wt") as file:
        file.write(text + "!series_matrix_table_end\n")
    return path


SUBTYPES = [f"subtype: {one}" for one in "abc" * 8]


@pytest.mark.parametrize("whole_folder", [False, True])
def test_what_a_series_matrix_says_of_its_samples_is_their_table(tmp_path: Path, whole_folder: bool) -> None:
    patients = [f"patient: P{n // 2}" for n in range(24)]
    ages = ["age: NA" if n == 5 else f"age: {n + 40}" for n in range(24)]
    # where one is not known to a sample, GEO moves the others up
    moved = [age if n != 7 else SUBTYPES[7] for n, age in enumerate(ages)]
    path = series(tmp_path, patients, moved, [*SUBTYPES[:7], "", *SUBTYPES[8:]])
    frames = read_matrix(tmp_path if whole_folder else path, TableOptions(group="patient"))
    check(frames)
    assert frames.responses["group"].tolist() == [f"P{n // 2}" for n in range(24)]
    assert "GSE1_series_matrix.txt.gz/samples: not used: 'title', 'age'" in frames.notes
    sheet = tables.read(path / "samples")
    assert sheet.columns == ("geo_accession", "title", "patient", "age", "subtype")
    assert sheet.frame["age"].isna().to_numpy().nonzero()[0].tolist() == [5, 7]


def test_a_table_beside_a_series_matrix_comes_first_unless_the_class_is_asked_for(tmp_path: Path) -> None:
    series(tmp_path, SUBTYPES, [f"grade: {n % 2}" for n in range(24)])
    CLINIC.rename(columns={"subtype": "response"}).to_csv(tmp_path / "clinical.csv", index=False)
    assert read_matrix(tmp_path, TableOptions()).target == "response"
    assert read_matrix(tmp_path, TableOptions({"label": "grade"})).target == "grade"


def test_what_a_gct_file_says_of_its_samples_is_their_table(tmp_path: Path) -> None:
    rows = [["#1.3"], ["6", "24", "1", "2"], ["id", "symbol", *NAMES]]
    rows += [["subtype", "na", *"abc" * 8], ["dose", "na", *(f"{n / 2}" for n in range(24))]]
    rows += [[f"p{n}", gene, *map(str, GENES[gene])] for n, gene in enumerate(GENES.columns)]
    path = tmp_path / "levels.gct"
    path.write_text("".join("\t".join(row) + "\n" for row in rows))
    frames = read_matrix(path, TableOptions())
    assert frames.target == "subtype"
    np.testing.assert_allclose(frames.features["expression"][1], GENES, rtol=1e-6)
    assert tables.read(path / "samples").frame["dose"].tolist() == [n / 2 for n in range(24)]


def test_a_series_matrix_that_does_not_name_its_samples_has_no_such_table(tmp_path: Path) -> None:
    path = tmp_path / "GSE2_series_matrix.txt"
    path.write_text(
        '!Series_title\t"x"\n!series_matrix_table_begin\n"ID_REF"\t"a"\t"b"\n"p"\t1\t2\n!series_matrix_table_end\n'
    )
    with pytest.raises(DataError, match=r"seems to hold genes in rows .* and no class of the samples"):
        read_matrix(path, TableOptions())


def test_samples_that_stand_twice_are_said_so(tmp_path: Path) -> None:
    same = pd.concat([CLINIC, CLINIC.iloc[:5]])
    frames = read(tmp_path, wide(GENES), same)
    check(frames)
    assert "clinical.csv: 5 rows that repeat others in every column are left out" in frames.notes
    other = pd.concat([CLINIC, CLINIC.iloc[:2].assign(age=99)])
    frames = read(tmp_path, wide(GENES), other)
    check(frames, GENES.drop(index=[NAMES[22], NAMES[23]]))
    notes = "\n".join(frames.notes)
    assert (
        f"clinical.csv has several rows, with different values, for 2 samples: '{NAMES[22]}', '{NAMES[23]}'; left out"
        in notes
    )
    assert "does not describe" not in notes
    assert "not in expression.csv" not in notes


def test_classes_in_both_tables_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    expression = GENES.assign(subtype=list("cab") * 8).rename_axis("sample").reset_index()
    frames = read(tmp_path, expression, CLINIC)
    check(frames)
    note = "'subtype' stands in expression.csv too, with other values for 24 samples; those of clinical.csv are used"
    assert note in frames.notes


def test_a_series_matrix_of_sequencing_describes_the_samples_of_another_file(tmp_path: Path) -> None:
    text = "".join("\t".join([name, *values]) + "\n" for name, values in (
        ("!Series_title", ["made up"]), ("!Sample_geo_accession", NAMES), ("!Sample_characteristics_ch1", SUBTYPES),
        ("!series_matrix_table_begin", []), ("ID_REF", NAMES), ("!series_matrix_table_end", []),
    ))  # fmt: skip
    path = tmp_path / "GSE3_series_matrix.txt"
    path.write_text(text)
    with pytest.raises(DataError, match="holds no values; GEO has those of sequencing in a supplementary file"):
        read_matrix(path, TableOptions())
    wide(GENES).to_csv(tmp_path / "levels.csv", index=False)
    check(read_matrix(tmp_path, TableOptions()))


def test_genes_without_a_name_of_their_own_are_told(tmp_path: Path) -> None:
    expression = wide(GENES)
    expression["gene"] = ["G0", "G1", "G1", None, "G4", "G5"]
    notes = read(tmp_path, expression, CLINIC).notes
    assert "expression.csv: repeated names of genes get a number: 'G1'" in notes
    assert "expression.csv: 1 gene without a name in column 'gene'" in notes


def test_a_column_of_parts_is_offered(tmp_path: Path) -> None:
    notes = read(tmp_path, wide(GENES), CLINIC.assign(set=["Training", "Testing"] * 12)).notes
    assert any("column 'set' says which rows are test rows; --test set would use them" in note for note in notes)


def test_a_clinical_table_alone_is_no_matrix_where_another_file_is_not_read(tmp_path: Path) -> None:
    CLINIC.to_csv(tmp_path / "clinical.csv", index=False)
    (tmp_path / "levels.rds").write_bytes(b"x")
    with pytest.raises(DataError, match=r"clinical.csv has 1 column\(s\) of numbers, and levels.rds is not read"):
        read_matrix(tmp_path, TableOptions())
