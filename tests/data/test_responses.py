from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellwright.data import featurise
from cellwright.data.frames import Frames, dataset_of
from cellwright.data.options import TableOptions
from cellwright.data.responses import read_responses
from cellwright.errors import DataError

from .real import real

SMILES = {"D0": "CCO", "D1": "c1ccccc1", "D2": "CC(=O)O", "17": "CCN"}
CELLS = "cell_line,G1,G2\nA-1,1,2\nB2,3,\nC3,5,6\n"
DRUGS = "drug,smiles\n" + "".join(f"{name},{smiles}\n" for name, smiles in SMILES.items())
PAIRS = "drug_a,drug_b,cell_line,synergy\nD0,D1,A-1,4\nD1,D0,A-1,6\nD0,D2,B2,1\nD2,17,C3,-3.5\n"
SINGLE = "drug,cell,replicate,dose_uM,growth\nD0,A-1,0,1,50\nD0,A-1,1,1,60\nD0,A-1,0,10,20\n17,B2,0,0.1,90\n"


def files(folder: Path, **contents: str) -> Path:
    for name, content in contents.items():
        (folder / f"{name}.csv").write_text(content)
    return folder


def pairs(folder: Path, columns: Mapping[str, str] | None = None, **contents: str) -> Frames:
    place = files(folder, **{"measured": PAIRS, "cells": CELLS, "drugs": DRUGS, **contents})
    return read_responses(place, pairs=True, options=TableOptions(columns or {}))


def single(folder: Path, columns: Mapping[str, str] | None = None, **contents: str) -> Frames:
    place = files(folder, **{"measured": SINGLE, "cells": CELLS, "drugs": DRUGS, **contents})
    return read_responses(place, pairs=False, options=TableOptions(columns or {}))


def test_pairs_are_joined_and_averaged_in_either_order(tmp_path: Path) -> None:
    frames = pairs(tmp_path)
    assert frames.responses.to_dict("list") == {
        "cell": ["A-1", "B2", "C3"],
        "drug_1": ["D0", "D0", "17"],
        "drug_2": ["D1", "D2", "D2"],
        "value": [5.0, 1.0, -3.5],
    }
    assert "measured.csv: 1 repeated measurement averaged: 3 rows" in frames.notes
    assert {name: kind for name, (kind, _) in frames.features.items()} == {
        "expression": "cell",
        "descriptors": "drug",
        "fingerprints": "drug",
    }
    np.testing.assert_array_equal(frames.features["expression"][1].loc["B2"], [3, np.nan])


def test_single_drugs_keep_their_dose_and_average_replicates(tmp_path: Path) -> None:
    frames = single(tmp_path)
    rows = frames.responses.set_index(["cell", "drug", "dose"])["value"]
    assert rows.to_dict() == pytest.approx({("A-1", "D0", 6.0): 55, ("A-1", "D0", 5.0): 20, ("B2", "17", 7.0): 90})
    assert "dose: 'dose_uM' is in micromolar; used is -log10 of mol/l" in frames.notes


def test_drugs_are_described_by_their_smiles(tmp_path: Path) -> None:
    features = pairs(tmp_path).features
    for name, made in (("descriptors", featurise.descriptors), ("fingerprints", featurise.fingerprints)):
        table = features[name][1]
        expected = made(list(SMILES.values()))
        np.testing.assert_array_equal(table.loc[list(SMILES)].to_numpy(np.float32), expected.values)
        assert tuple(table.columns) == expected.names


def test_names_that_differ_in_punctuation_are_one(tmp_path: Path) -> None:
    frames = pairs(tmp_path, cells=CELLS.replace("A-1", "a 1"), drugs=DRUGS.replace("D0", "d-0"))
    assert set(frames.responses["cell"]) == {"A-1", "B2", "C3"}
    assert set(frames.responses["drug_1"]) | set(frames.responses["drug_2"]) == {"D0", "D1", "D2", "17"}
    assert frames.features["expression"][1].loc[["A-1"]].to_numpy().tolist() == [[1, 2]]


def test_rows_that_do_not_join_are_left_out_and_told(tmp_path: Path) -> None:
    frames = pairs(tmp_path, cells=CELLS.replace("C3", "X9"), drugs=DRUGS.replace("D2", "Y"))
    assert frames.responses.to_dict("list") == {"cell": ["A-1"], "drug_1": ["D0"], "drug_2": ["D1"], "value": [5.0]}
    assert "1 of 3 cell lines have no features: 'C3'; 1 of 4 rows left out" in frames.notes
    assert "1 of 3 drugs have no features: 'D2'; 1 of 3 rows left out" in frames.notes


def test_smiles_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    frames = pairs(tmp_path, drugs=DRUGS.replace("CC(=O)O", "CC(=O"))
    told = "drugs.csv: 1 SMILES in 'smiles' cannot be read and are left out (the first: 'D2': 'CC(=O')"
    assert told in frames.notes
    assert frames.responses["value"].tolist() == [5.0]


def test_given_descriptors_stand_in_place_of_smiles(tmp_path: Path) -> None:
    frames = pairs(tmp_path, drugs="compound,weight,rings,maker\n" + "".join(f"{n},{len(n)},1,me\n" for n in SMILES))
    assert list(frames.features) == ["expression", "descriptors"]
    assert frames.features["descriptors"][1].columns.tolist() == ["weight", "rings"]
    assert "drugs.csv: 4 rows named by column 'compound', 2 features; not used: 'maker'" in frames.notes


def test_several_tables_of_one_kind_are_several_inputs(tmp_path: Path) -> None:
    frames = single(tmp_path, mutations="cell_line,TP53\nA-1,1\nB2,0\nC3,1\n", more="drug,mass\n17,1\nD0,2\n")
    assert list(frames.features) == ["expression", "mutations", "descriptors", "fingerprints", "more"]


def test_a_table_of_one_column_a_cell_line_is_turned(tmp_path: Path) -> None:
    frames = pairs(tmp_path, cells="gene,A-1,B2,C3\nTP53,1,3,5\nKRAS,2,,6\n")
    kind, table = frames.features["expression"]
    assert kind == "cell"
    assert (table.index.tolist(), table.columns.tolist()) == (["A-1", "B2", "C3"], ["TP53", "KRAS"])
    np.testing.assert_array_equal(table, [[1, 2], [3, np.nan], [5, 6]])
    assert "cells.csv: one column a cell line (3), one row a feature (2): turned" in frames.notes


def test_columns_that_are_named_are_taken(tmp_path: Path) -> None:
    table = SINGLE.replace("drug,cell,replicate,dose_uM,growth", "what,where,replicate,how_much,out")
    columns = {"drug": "what", "cell": "where", "value": "out", "dose": "how_much", "smiles": "text"}
    frames = single(tmp_path, columns, measured=table, drugs=DRUGS.replace("smiles", "text"))
    assert (
        frames.responses["value"].tolist() == single(tmp_path, measured=SINGLE, drugs=DRUGS).responses["value"].tolist()
    )
    known = "micromolar, since its name says no unit (as how_much_nM, how_much_M and log10_how_much_M do)"
    assert f"dose: 'how_much' is in {known}; used is -log10 of mol/l" in frames.notes


@pytest.mark.parametrize(
    ("column", "doses", "expected"),
    [
        ("dose_uM", (1, 10), (6, 5)),
        ("Dose (µM)", (1, 10), (6, 5)),
        ("conc_nM", (1, 1000), (9, 6)),
        ("dose_mM", (1, 10), (3, 2)),
        ("dose_M", (1e-6, 1e-5), (6, 5)),
        ("concentration", (1, 10), (6, 5)),
        ("log10_dose", (-6, -5), (6, 5)),
        ("logconc", (6, 5), (6, 5)),
    ],
)
def test_a_dose_is_minus_log10_of_mol_per_litre(
    tmp_path: Path, column: str, doses: tuple[float, float], expected: tuple[float, float]
) -> None:
    frames = single(tmp_path, measured=f"drug,cell,{column},growth\nD0,A-1,{doses[0]},1\n17,B2,{doses[1]},2\n")
    assert frames.responses["dose"].tolist() == pytest.approx(expected)
    assert any(note.startswith(f"dose: {column!r}") for note in frames.notes)


def test_a_dose_of_pairs_is_no_input(tmp_path: Path) -> None:
    frames = pairs(tmp_path, measured="drug_a,drug_b,cell_line,dose,synergy\nD0,D1,A-1,1,4\nD2,D1,B2,1,5\n")
    assert list(frames.responses) == ["cell", "drug_1", "drug_2", "value"]


def test_a_file_alone_describes_nothing(tmp_path: Path) -> None:
    files(tmp_path, measured=PAIRS, cells=CELLS, drugs=DRUGS)
    with pytest.raises(DataError, match=r"describes the cell lines that measured.csv names \('A-1', 'B2', 'C3'\)"):
        read_responses(tmp_path / "measured.csv", pairs=True, options=TableOptions())


def test_almanac_joins_as_its_readme_says() -> None:
    frames = read_responses(real("combo-almanac"), pairs=True, options=TableOptions())
    assert len(frames.responses) == 74_139
    drugs = pd.unique(frames.responses[["drug_1", "drug_2"]].to_numpy().ravel())
    assert (len(drugs), frames.responses["cell"].nunique()) == (87, 55)
    assert {name: table.shape for name, (_, table) in frames.features.items() if name != "descriptors"} == {
        "expression": (55, 651),
        "fingerprints": (87, 2048),
    }
    assert not any("left out" in note for note in frames.notes)
    data, _ = dataset_of(frames)
    assert data.rows == 74_139
    assert data.tables["drug_1"].features is data.tables["drug_2"].features


def test_dose_responses_join_but_for_four_lines_and_say_so() -> None:
    place = real("uno-dose")
    frames = read_responses(place, pairs=False, options=TableOptions())
    assert len(frames.responses) == 10_640
    assert frames.responses["cell"].nunique() == 35
    assert frames.responses["drug"].nunique() == 38
    (told,) = [note for note in frames.notes if "cell lines have no features" in note]
    assert told.startswith("4 of 39 cell lines have no features: ")
    assert frames.features["expression"][1].shape == (35, 2401)
    raw = pd.read_csv(place / "single_dose_response.csv")
    joined = raw[raw["cell_line"].isin(frames.responses["cell"])]
    key = ["cell_line", "drug", "dose_uM"]
    means = joined.groupby(key)["inhibition_pct"].mean().reset_index()
    expected = {
        (cell, drug, round(-np.log10(dose * 1e-6), 6)): mean for cell, drug, dose, mean in means.itertuples(index=False)
    }
    found = {
        (cell, drug, round(dose, 6)): mean
        for cell, drug, dose, mean in frames.responses[["cell", "drug", "dose", "value"]].itertuples(index=False)
    }
    assert found == pytest.approx(expected)


def test_tables_of_one_name_are_both_used(tmp_path: Path) -> None:
    frames = single(tmp_path, a_copies="cell_line,MYC\nA-1,4\nB2,2\nC3,3\n", expression="cell,G\nA-1,1\nB2,0\nC3,1\n")
    names = [name for name, (kind, _) in frames.features.items() if kind == "cell"]
    assert len(names) == len(set(names)) == 3
    columns = {column for name in names for column in frames.features[name][1].columns}
    assert {"MYC", "G"} <= columns


def test_a_column_of_counts_names_no_drugs(tmp_path: Path) -> None:
    """Integer ids of drugs and integer expression: one number in common makes no table of drugs."""
    measured = "drug_id,cell_line,growth\n" + "".join(f"{17 + n},{cell},{n}.5\n" for n in range(3) for cell in "ABC")
    drugs = "drug_id,smiles\n17,CCO\n18,CCN\n19,CCC\n"
    cells = "cell_line,G1,G2\nA,17,3\nB,18,40\nC,19,5\n"
    for name, text in (("measured", measured), ("drugs", drugs), ("cells", cells)):
        (tmp_path / f"{name}.csv").write_text(text)
    frames = read_responses(tmp_path, pairs=False, options=TableOptions())
    assert {name: kind for name, (kind, _) in frames.features.items()} == {
        "expression": "cell",
        "descriptors": "drug",
        "fingerprints": "drug",
    }
    assert len(frames.responses) == 9


def test_an_index_that_was_written_out_is_no_feature(tmp_path: Path) -> None:
    frames = single(tmp_path, cells=",cell_line,TP53\n0,A-1,1.5\n1,B2,2.5\n2,C3,0.5\n3,D4,7\n")
    assert list(frames.features["expression"][1].columns) == ["TP53"]


def test_doses_of_pairs_are_told(tmp_path: Path) -> None:
    measured = "drug_a,drug_b,cell_line,conc_a,conc_b,growth\n17,D0,A-1,1,1,5\n17,D0,A-1,10,10,50\n17,D0,B2,1,1,7\n"
    frames = pairs(tmp_path, measured=measured)
    assert any("doses of pairs are not used ('conc_a', 'conc_b')" in note for note in frames.notes)


def test_drugs_named_by_smiles_need_no_table(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("drug,cell_line,growth\nCCO,A,1\nCCN,A,2\nCCO,B,3\nCCN,B,5\n")
    (tmp_path / "c.csv").write_text("cell_line,G1\nA,1.5\nB,2\n")
    frames = read_responses(tmp_path, pairs=False, options=TableOptions())
    assert frames.features["fingerprints"][1].index.tolist() == ["CCN", "CCO"]


@pytest.mark.parametrize("name", ["dose_ng_ml", "drug_dose"])
def test_what_may_be_a_dose_is_not_averaged_over(tmp_path: Path, name: str) -> None:
    measured = SINGLE.replace("dose_uM", name)
    with pytest.raises(DataError, match=f"column '{name}' seems to hold doses"):
        single(tmp_path, measured=measured)
    frames = single(tmp_path, {"dose": name}, measured=measured)
    assert frames.responses["dose"].nunique() == 3


def test_what_may_be_a_dose_and_is_the_same_for_a_drug_means_nothing(tmp_path: Path) -> None:
    measured = "drug,cell,max_conc,auc\nD0,A-1,10,0.5\nD0,B2,10,0.25\n17,B2,4,1\n"
    assert "dose" not in single(tmp_path, measured=measured).responses


def long(*, hours: bool = False, test: str = "") -> str:
    """Return measurements of 6 cell lines and 4 drugs; a time explains the values, or a batch does not."""
    rows = ["drug,cell,hours,batch,growth"]
    for place in range(24):
        drug, cell = ("D0", "D1", "D2", "17")[place % 4], f"L{place // 4}"
        for number, time in enumerate((24, 48, 72)):
            noise = (place * 7 + number * 5) % 11
            rows.append(f"{drug},{cell},{time},b{number},{100 - (time if hours else 0) + place + noise / 5}")
    return "\n".join(rows) + "\n"


LINES = "cell_line,G1,G2,tissue\n" + "".join(f"L{n},{3 * n},{n * n},{'lung' if n % 2 else 'skin'}\n" for n in range(6))


def of_lines(folder: Path, options: TableOptions | None = None, **contents: str) -> Frames:
    place = files(folder, **{"measured": long(), "cells": LINES, "drugs": DRUGS, **contents})
    return read_responses(place, pairs=False, options=options or TableOptions())


def test_a_column_that_explains_repeats_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"differ in column 'hours' \('24', '48', '72'\), which explains \d+%"):
        of_lines(tmp_path, measured=long(hours=True))
    frames = of_lines(tmp_path, TableOptions(exclude=("hours", "batch")), measured=long(hours=True))
    told = "measured.csv: 48 repeated measurements averaged: 24 rows; they differ in 'hours', 'batch'"
    assert told in frames.notes


def test_columns_that_tell_repeats_apart_are_named(tmp_path: Path) -> None:
    told = "measured.csv: 48 repeated measurements averaged: 24 rows; they differ in 'hours', 'batch'"
    assert told in of_lines(tmp_path).notes


def test_a_group_stands_in_the_measurements_or_in_a_table_of_cell_lines(tmp_path: Path) -> None:
    frames = of_lines(tmp_path, TableOptions(group="tissue"))
    assert frames.group == "tissue"
    assert frames.responses.groupby("cell")["group"].first().tolist() == ["skin", "lung"] * 3
    assert list(frames.features["expression"][1].columns) == ["G1", "G2"]
    assert len(of_lines(tmp_path, TableOptions(group="batch")).responses) == 72  # not averaged over
    with pytest.raises(
        DataError, match=r"cannot be split by 'organ'.*row, pair, cell, drug, and the columns of measured"
    ):
        of_lines(tmp_path, TableOptions(group="organ"))


def test_test_rows_are_given_by_a_column_or_by_names(tmp_path: Path) -> None:
    column = LINES.replace("tissue", "part").replace("lung", "test").replace("skin", "train")
    frames = of_lines(tmp_path, TableOptions(test="part"), cells=column)
    assert frames.responses.groupby("cell")["given"].first().tolist() == [0, 1] * 3
    names = TableOptions(test=("l-1", "L3", "unheard of"))
    by_name = of_lines(tmp_path, names)
    assert by_name.responses.groupby("cell")["given"].first().tolist() == [0, 1, 0, 1, 0, 0]
    assert any("other names are not in measured.csv: 'unheard of'" in note for note in by_name.notes)
    listed = tmp_path / "held out.list"
    listed.write_text("L1\nL3\n")
    by_file = of_lines(tmp_path, TableOptions(test=str(listed)))
    assert by_file.responses["given"].tolist() == by_name.responses["given"].tolist()
    by_drug = of_lines(tmp_path, TableOptions(test=("D0",)))
    assert by_drug.responses.groupby("drug")["given"].first().to_dict() == {"17": 0, "D0": 1, "D1": 0, "D2": 0}
    with pytest.raises(DataError, match=r"has no column 'nothing', and there is no file of this name; it has 'drug'"):
        of_lines(tmp_path, TableOptions(test="nothing"))


def test_a_column_of_parts_that_nobody_asked_for_is_told(tmp_path: Path) -> None:
    measured = "drug,cell,split,growth\nD0,L0,train,1\nD1,L1,test,2\n"
    told = "measured.csv: column 'split' says which rows are test rows; --test split would use them"
    assert told in of_lines(tmp_path, measured=measured).notes
    frames = read_responses(tmp_path, pairs=False, options=TableOptions(), given=True)  # --split given
    assert frames.responses["given"].tolist() == [0, 1]


def test_rows_without_a_value_are_left_out_on_request(tmp_path: Path) -> None:
    measured = "drug,cell,growth\nD0,L0,1\nD1,L1,\nD2,L2,\n17,L3,4\n"
    with pytest.raises(
        DataError, match=r"'growth' is empty in 2 of 4 rows, the first is row 2.*--drop-missing-targets"
    ):
        of_lines(tmp_path, measured=measured)
    frames = of_lines(tmp_path, TableOptions(drop_missing_targets=True), measured=measured)
    assert frames.responses["value"].tolist() == [1, 4]
    assert "measured.csv: 2 of 4 rows have no 'growth' and are left out; the first is row 2" in frames.notes


def test_rows_that_name_nothing_are_left_out_and_counted(tmp_path: Path) -> None:
    frames = of_lines(tmp_path, measured="drug,cell,growth\nD0,L0,1\n,L1,2\nD2,,3\n17,L3,4\n")
    assert frames.responses["value"].tolist() == [1, 4]
    assert (
        "measured.csv: 1 of 4 rows name no drug ('drug' is empty) and are left out; the first is row 2" in frames.notes
    )
    assert any("1 of 4 rows name no cell line ('cell' is empty)" in note for note in frames.notes)


def test_single_agents_have_an_empty_drug_or_a_control(tmp_path: Path) -> None:
    measured = PAIRS + "D0,,A-1,\nD1,DMSO,B2,\nnone,D2,C3,\n"
    frames = pairs(tmp_path, measured=measured)
    assert len(frames.responses) == 3
    assert any("3 of 7 rows name one drug only (single agents)" in note for note in frames.notes)


def test_the_key_that_joins_most_is_taken(tmp_path: Path) -> None:
    measured = "cell_line,cosmic_id,drug_id,drug_name,growth\n" + "".join(
        f"N{n},{900 + n},{n % 4 + 500},{('D0', 'D1', 'D2', '17')[n % 4]},{n}\n" for n in range(6)
    )
    frames = of_lines(tmp_path, measured=measured, cells=LINES.replace("L", "90"))
    assert frames.notes[0] == "measured.csv: 6 rows; cell = 'cosmic_id', drug = 'drug_name', value = 'growth'"
    assert "'cosmic_id' of measured.csv and 'cell_line' of cells.csv join 6 of 6 cell lines" in frames.notes


def test_tables_may_join_by_different_keys(tmp_path: Path) -> None:
    measured = "cell_line,cosmic_id,drug,growth\n" + "".join(f"L{n},{900 + n},D{n % 3},{n}\n" for n in range(6))
    copies = "cosmic_id,MYC\n" + "".join(f"{900 + n},{n / 2}\n" for n in range(6))
    frames = of_lines(tmp_path, measured=measured, copies=copies)
    assert frames.features["copies"][1]["MYC"].to_dict() == {f"L{n}": n / 2 for n in range(6)}


def test_the_column_that_would_join_is_named(tmp_path: Path) -> None:
    measured = "cell_line,zone,drug,growth\n" + "".join(f"N{n},L{n},D{n % 3},{n}\n" for n in range(6))
    with pytest.raises(
        DataError, match=r"column 'zone' of measured.csv would join 6 of 6 with cells.csv; say --column"
    ):
        of_lines(tmp_path, measured=measured)


def test_names_that_do_not_join_are_shown_from_both_sides(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"\('L0', .*do not join: column 'cell_line' of cells.csv holds 'X0', 'X1', 'X2'"
    ):
        of_lines(tmp_path, cells=LINES.replace("L", "X"))


def test_a_table_without_numbers_is_named(tmp_path: Path) -> None:
    cells = "cell_line,comment\n" + "".join(f"L{n},seen on day {n}\n" for n in range(6))
    with pytest.raises(DataError, match=r"cells.csv has 6 of 6 by 'cell_line', but no column of numbers"):
        of_lines(tmp_path, cells=cells)


def test_columns_of_ids_are_no_features(tmp_path: Path) -> None:
    cells = "cell_line,COSMIC_ID,G1\n" + "".join(f"L{n},{905 + n},{n / 7}\n" for n in range(6))
    drugs = "drug,pubchem_cid,mass\n" + "".join(f"{name},{2244 + n},{n}.5\n" for n, name in enumerate(SMILES))
    frames = of_lines(tmp_path, cells=cells, drugs=drugs)
    assert {name: list(table.columns) for name, (_, table) in frames.features.items()} == {
        "expression": ["G1"],
        "descriptors": ["mass"],
    }
    assert "cells.csv: 6 rows named by column 'cell_line', 1 feature; not used: 'COSMIC_ID'" in frames.notes


@pytest.mark.parametrize("name", ["dose", "joined", "output", "id:cell", "copies_1"])
def test_a_file_cannot_take_the_name_of_something_else(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.csv").write_text("cell_line,MYC\n" + "".join(f"L{n},{3 * n}\n" for n in range(6)))
    measured = "drug,cell,dose_uM,growth\n" + "".join(f"D{n % 3},L{n},{n + 1},{n}\n" for n in range(6))
    frames = of_lines(tmp_path, measured=measured, a_expression=LINES, cells="x,y\n1,2\n")
    dataset, _ = dataset_of(frames)
    assert dataset.tables["dose"].shape == (1,)
    assert len([kind for kind, _ in frames.features.values() if kind == "cell"]) == 2


def test_text_becomes_bits_where_a_table_has_nothing_else(tmp_path: Path) -> None:
    marks = ["WT", "MUT", "WT", "WT", "MUT", "WT"]
    kras = ["0", "G12D", "G12V", "0", "G12D", "0"]
    cells = "cell_line,TP53,KRAS\n" + "".join(f"L{n},{marks[n]},{kras[n]}\n" for n in range(6))
    frames = of_lines(tmp_path, cells=cells)
    table = frames.features["expression"][1]
    assert list(table.columns) == ["TP53=MUT", "KRAS=G12D", "KRAS=G12V"]
    assert table["TP53=MUT"].tolist() == [0, 1, 0, 0, 1, 0]
    assert any("columns of text become 0 and 1" in note for note in frames.notes)
    # beside numbers they are left out and named
    beside = "cell_line,TP53,KRAS,G1\n" + "".join(f"L{n},{marks[n]},{kras[n]},{n / 2}\n" for n in range(6))
    frames = of_lines(tmp_path, cells=beside)
    assert list(frames.features["expression"][1].columns) == ["G1"]
    assert any("not used: 'TP53', 'KRAS'" in note for note in frames.notes)


def test_genes_without_a_symbol_are_named_by_another_id_or_left_out(tmp_path: Path) -> None:
    header = "Hugo_Symbol,Entrez_Gene_Id," + ",".join(f"L{n}" for n in range(6))
    rows = ["TP53,7157", ",8", ",", "TP53,9"]
    cells = header + "\n" + "".join(f"{row},{place},1,2,3,4,5\n" for place, row in enumerate(rows))
    frames = of_lines(tmp_path, cells=cells)
    table = frames.features["expression"][1]
    assert (table.index.tolist(), table.columns.tolist()) == ([f"L{n}" for n in range(6)], ["TP53", "8", "TP53 (2)"])
    for told in ("1 row without a 'Hugo_Symbol', named by 'Entrez_Gene_Id'", "1 row without a 'Hugo_Symbol' left out"):
        assert f"cells.csv: {told}" in frames.notes


def test_rows_of_one_cell_line_are_averaged(tmp_path: Path) -> None:
    frames = of_lines(tmp_path, cells=LINES + "L1,3,3,lung\n")
    assert frames.features["expression"][1].loc[["L1"]].to_numpy().tolist() == [[3, 2]]
    assert "cells.csv: several rows of one cell line are averaged: 'L1'" in frames.notes


def test_raw_counts_of_cell_lines_become_logarithms(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    level = 2 ** rng.uniform(2, 14, 60)
    counts = rng.poisson(level * rng.gamma(5, 0.2, (6, 60)))
    cells = "cell_line," + ",".join(f"G{n}" for n in range(60)) + "\n"
    cells += "".join(f"L{n}," + ",".join(map(str, row)) + "\n" for n, row in enumerate(counts))
    frames = of_lines(tmp_path, cells=cells)
    np.testing.assert_allclose(frames.features["expression"][1], np.log2(1 + counts), rtol=1e-5)
    assert any("they become log2(1 + x)" in note for note in frames.notes)


def test_an_excluded_column_is_no_feature_and_no_value(tmp_path: Path) -> None:
    frames = of_lines(tmp_path, TableOptions(exclude=("G2", "growth")), measured="drug,cell,auc,growth\nD0,L0,1,2\n")
    assert list(frames.features["expression"][1].columns) == ["G1"]
    assert frames.responses["value"].tolist() == [1]
    with pytest.raises(DataError, match="has a column 'G3'"):
        of_lines(tmp_path, TableOptions(exclude=("G3",)))


@pytest.mark.parametrize("name", ["MIN_CONC", "max_dose", "Dose range (uM)", "conc_row_unit"])
def test_the_doses_between_which_a_curve_was_measured_are_no_dose(tmp_path: Path, name: str) -> None:
    measured = f"drug,cell,{name},auc\nD0,L0,1,0.5\nD0,L0,2,0.7\nD1,L1,1,0.1\n"
    frames = of_lines(tmp_path, measured=measured)
    assert "dose" not in frames.responses
    assert f"measured.csv: 1 repeated measurement averaged: 2 rows; they differ in '{name}'" in frames.notes


def test_the_same_drug_twice_is_one_and_other_structures_are_an_error(tmp_path: Path) -> None:
    assert len(of_lines(tmp_path, drugs=DRUGS + "D0,CCO\n").features["fingerprints"][1]) == 4
    with pytest.raises(DataError, match="drug 'D0' has several rows, of different SMILES"):
        of_lines(tmp_path, drugs=DRUGS + "D0,CCC\n")


@pytest.mark.parametrize(
    ("name", "doses", "said"),
    [
        ("log_dose_uM", (0, 1, -1), "'log_dose_uM' is taken as log10 of micromolar; used is -log10 of mol/l"),
        ("log10_conc_nM", (3, 4, 2), "'log10_conc_nM' is taken as log10 of nanomolar; used is -log10 of mol/l"),
        ("log_dose", (-6, -5, -7), "'log_dose' is taken as log10 of mol/l"),
        ("log_dose_M", (6, 5, 7), "'log_dose_M' is taken as -log10 of mol/l"),
        ("conc_nM", (1000, 10000, 100), "'conc_nM' is in nanomolar; used is -log10 of mol/l"),
    ],
)
def test_logarithms_of_doses_have_the_unit_of_their_name(
    tmp_path: Path, name: str, doses: tuple[float, ...], said: str
) -> None:
    rows = "".join(f"D0,A-1,{dose},{50 + number}\n" for number, dose in enumerate(doses))
    frames = single(tmp_path, measured=f"drug,cell,{name},growth\n{rows}")
    assert sorted(frames.responses["dose"]) == pytest.approx([5, 6, 7])
    assert f"dose: {said}" in frames.notes


def test_a_column_of_units_counts(tmp_path: Path) -> None:
    rows = "D0,A-1,1,uM,50\nD0,A-1,10,\N{MICRO SIGN}M,20\nD0,A-1,100,nM,70\n"
    frames = single(tmp_path, measured=f"drug,cell,dose,dose_unit,growth\n{rows}")
    assert sorted(frames.responses["dose"]) == pytest.approx([5, 6, 7])
    assert "dose: 'dose' is in the units of column 'dose_unit'; used is -log10 of mol/l" in frames.notes
    with pytest.raises(DataError, match=r"'ug/ml' in row 3 is none of nM, uM, mM and M"):
        single(tmp_path, measured=f"drug,cell,dose,dose_unit,growth\n{rows}".replace("nM", "ug/ml"))


def test_doses_too_small_for_their_unit_are_asked_about(tmp_path: Path) -> None:
    rows = "D0,A-1,1e-6,50\nD0,A-1,1e-5,20\n17,B2,1e-7,90\n"
    with pytest.raises(DataError, match=r"doses up to 1e-05, too small for micromolar.*rename it, such as to conc_M"):
        single(tmp_path, measured=f"drug,cell,conc,growth\n{rows}")


def test_pairs_without_any_second_drug_are_told(tmp_path: Path) -> None:
    rows = "".join(f"{drug},,{cell},{value}\n" for value, (drug, cell) in enumerate([("D0", "A-1"), ("17", "B2")] * 3))
    with pytest.raises(DataError, match="if all are of single drugs, search uno instead"):
        pairs(tmp_path, measured=f"drug_a,drug_b,cell_line,synergy\n{rows}")


def test_test_rows_that_are_all_rows_are_told(tmp_path: Path) -> None:
    (tmp_path / "all.list").write_text("A-1\nB2\nC3\n")
    place = files(tmp_path, measured=SINGLE, cells=CELLS, drugs=DRUGS)
    with pytest.raises(DataError, match=r"names the cell lines of all rows of measured.csv; name fewer of them"):
        read_responses(place, pairs=False, options=TableOptions(test=str(tmp_path / "all.list")))
