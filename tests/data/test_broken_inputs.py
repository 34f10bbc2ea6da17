"""Whatever a user's tables hold, the answer is one or two lines that name file, column and row: never a traceback."""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.cli.conftest import call

if TYPE_CHECKING:
    import pandas as pd

CELLS = [f"C{number:02}" for number in range(12)]
DRUGS = {
    "D0": "CCO",
    "D1": "c1ccccc1",
    "D2": "CC(=O)O",
    "D3": "CCN",
    "D4": "CCCC",
    "D5": "CC(C)=O",
    "D6": "C1CCCCC1",
    "D7": "CCOC",
}
GENES = ("G1", "G2", "G3")

Write = Callable[[Path], None]


def lines(*rows: Sequence[object] | str) -> str:
    return "".join((row if isinstance(row, str) else ",".join(map(str, row))) + "\n" for row in rows)


def expression(*, header: Sequence[str] = GENES) -> list[str]:
    return [
        ",".join(["cell_line", *header]),
        *(
            ",".join([cell, *(f"{(7 * n + 3 * g) % 11 / 10}" for g in range(len(header)))])
            for n, cell in enumerate(CELLS)
        ),
    ]


def drugs() -> list[str]:
    return ["drug,smiles", *(f"{name},{smiles}" for name, smiles in DRUGS.items())]


def single() -> list[str]:
    rows = [(drug, cell) for cell in CELLS for drug in DRUGS]
    return ["drug,cell,dose_uM,growth", *(f"{d},{c},{1 + n % 3},{n * 37 % 101 / 10}" for n, (d, c) in enumerate(rows))]


def pairs() -> list[str]:
    names = list(DRUGS)
    rows = [(a, b, cell) for cell in CELLS for n, a in enumerate(names) for b in names[:n]]
    return ["drug_a,drug_b,cell_line,synergy", *(f"{a},{b},{c},{n * 37 % 101}" for n, (a, b, c) in enumerate(rows))]


def matrix() -> list[str]:
    return [
        ",".join(["label", *(f"G{g}" for g in range(1, 41))]),  # the hand-designed network needs 38
        *(
            ",".join(["tumour" if n % 2 else "normal", *(f"{(7 * n + 3 * g * n + g) % 41 / 10}" for g in range(40))])
            for n in range(40)
        ),
    ]


def good(problem: str) -> dict[str, str]:
    """Return tables that can be used, by file name."""
    if problem == "nt3":
        return {"samples.csv": lines(*matrix())}
    main = single() if problem == "uno" else pairs()
    return {"measured.csv": lines(*main), "cells.csv": lines(*expression()), "drugs.csv": lines(*drugs())}


@dataclass(frozen=True)
class Case:
    """One broken input.

    Attributes:
        files: what stands in the folder in place of, or besides, the tables that can be used; None: left out.
        only: nothing else stands there.
        options: further words of the command.
        says: what the message must contain.
        status: 1: the data cannot be used; 2: something unknown was asked for.
        place: what --data names, within the folder.
    """

    problem: str
    files: dict[str, str | bytes | None]
    says: tuple[str, ...]
    options: tuple[str, ...] = ()
    status: int = 1
    only: bool = False
    place: str = ""
    write: Write | None = field(default=None, repr=False)


def changed(rows: list[str], row: int, column: int, cell: str) -> str:
    """Return a table with one cell changed; rows are counted from 1 below the header, columns from 0."""
    cells = rows[row].split(",")
    cells[column] = cell
    return lines(*rows[:row], cells, *rows[row + 1 :])


def without(rows: list[str], column: int) -> str:
    return lines(*([cell for place, cell in enumerate(row.split(",")) if place != column] for row in rows))


def renamed(rows: list[str], **names: str) -> str:
    return lines([names.get(name, name) for name in rows[0].split(",")], *rows[1:])


def _lists_of_bits(folder: Path) -> None:
    import pandas as pd

    bits = [[n % 2, n % 3, 1] for n in range(len(DRUGS))]
    pd.DataFrame({"drug": list(DRUGS), "bits": bits}).to_parquet(folder / "drugs.parquet")


def _broken_parquet(folder: Path) -> None:
    (folder / "measured.csv").unlink()
    (folder / "measured.parquet").write_bytes(b"PAR1" + b"\0" * 40 + b"PAR1")


def _truncated_parquet(folder: Path) -> None:
    import pandas as pd

    frame = pd.read_csv(folder / "measured.csv")
    (folder / "measured.csv").unlink()
    content = frame.to_parquet(None)
    (folder / "measured.parquet").write_bytes(content[: len(content) // 2])


def _doubled_column_of_parquet(folder: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"label": ["a", "b"] * 20, "G1": [0.5 * place**2 for place in range(40)], "G1 ": [1.5] * 40})
    (folder / "samples.csv").unlink()
    frame.to_parquet(folder / "samples.parquet")


def _as_parquet(folder: Path, change: "Callable[[pd.DataFrame], pd.DataFrame]") -> None:
    import pandas as pd

    frame = change(pd.read_csv(folder / "measured.csv"))
    (folder / "measured.csv").unlink()
    frame.to_parquet(folder / "measured.parquet")


def _lists_in_parquet(folder: Path) -> None:
    import pandas as pd

    _as_parquet(folder, lambda frame: frame.assign(growth=pd.Series([np.array([1.0, 2.0])] * len(frame))))


def _listed_names_in_parquet(folder: Path) -> None:
    import pandas as pd

    _as_parquet(folder, lambda frame: frame.assign(cell=pd.Series([np.array(["C1", "C2"])] * len(frame))))


def _times_in_parquet(folder: Path) -> None:
    import pandas as pd

    _as_parquet(folder, lambda frame: frame.assign(growth=pd.Timestamp("2026-01-01")))


GZIPPED = gzip.compress(lines(*single()).encode(), mtime=0)
SMALL = matrix()[:1]


CASES: dict[str, Case] = {
    "no such folder": Case("uno", {}, ("no file or folder", "nowhere"), place="nowhere"),
    "an empty folder": Case("uno", {}, ("holds no table",), only=True),
    "only a text that is no table": Case("uno", {"notes.md": "# notes"}, ("holds no table",), only=True),
    "a file that is no table": Case("nt3", {"paper.pdf": b"%PDF-1.7"}, ("paper.pdf", "is no table"), place="paper.pdf"),
    "an empty file": Case("uno", {"measured.csv": ""}, ("measured.csv", "is empty")),
    "a file of blank lines": Case("uno", {"measured.csv": "\n\n\n"}, ("measured.csv", "is empty")),
    "an empty matrix": Case("nt3", {"samples.csv": ""}, ("samples.csv", "is empty")),
    "a header only": Case("combo", {"measured.csv": pairs()[0] + "\n"}, ("measured.csv", "header and no rows")),
    "a ragged row": Case(
        "uno", {"measured.csv": lines(*single()[:5], "D1,C01,1,2,3,4", *single()[5:])}, ("measured.csv", "line 6")
    ),
    "binary garbage": Case(
        "uno",
        {"measured.csv": bytes(range(128, 256)) * 30},
        ("measured.csv", "cannot be read"),
    ),
    "an open quote": Case(
        "uno", {"measured.csv": lines(*single()[:5], '"D1,C01,1,2', *single()[5:])}, ("measured.csv",)
    ),
    "JSON named .csv": Case("uno", {"measured.csv": '{"drug": ["D1"],\n"cell": ["C1"]}\n'}, ("--column drug=NAME",)),
    "one column": Case(
        "uno", {"measured.csv": lines(*(row.split(",")[0] for row in single()))}, ("measured.csv", "--column cell=NAME")
    ),
    "no header": Case("uno", {"measured.csv": lines(*single()[1:])}, ("measured.csv", "names the columns", "'D0 C00")),
    "lists in a Parquet file": Case("uno", {}, ("measured.parquet", "'growth'", "row 1"), write=_lists_in_parquet),
    "lists as names in a Parquet file": Case("uno", {}, ("measured.parquet",), write=_listed_names_in_parquet),
    "times as measured values": Case(
        "uno",
        {},
        ("measured.parquet", "'growth'", "row 1"),
        write=_times_in_parquet,
    ),
    "zero bytes": Case("uno", {"measured.csv": b"\0" * 500}, ("measured.csv",)),
    "a truncated gz": Case("uno", {"measured.csv": None, "measured.csv.gz": GZIPPED[:-200]}, ("measured.csv.gz",)),
    "a gz that is none": Case("uno", {"measured.csv": None, "measured.csv.gz": "drug,cell"}, ("measured.csv.gz",)),
    "an xz that is none": Case("uno", {"measured.csv": None, "measured.csv.xz": "drug,cell"}, ("measured.csv.xz",)),
    "a zip that is none": Case("nt3", {"samples.csv.bz2": b"PK\3\4"}, ("samples.csv.bz2",), place="samples.csv.bz2"),
    "a broken Parquet file": Case("uno", {}, ("measured.parquet", "no readable Parquet"), write=_broken_parquet),
    "a truncated Parquet file": Case("uno", {}, ("measured.parquet", "no readable Parquet"), write=_truncated_parquet),
    "a Parquet file with a column twice": Case(
        "nt3", {}, ("samples.parquet", "column twice", "'G1'"), write=_doubled_column_of_parquet
    ),
    "no cell column": Case(
        "uno",
        {"measured.csv": renamed(single(), cell="zone")},
        ("measured.csv", "cell line", "--column cell=NAME", "'zone'"),
    ),
    "no drug column": Case(
        "uno",
        {"measured.csv": renamed(single(), drug="what")},
        ("measured.csv", "drug", "--column drug=NAME", "'what'"),
    ),
    "no second drug": Case(
        "combo",
        {"measured.csv": renamed(pairs(), drug_a="what", drug_b="with")},
        ("measured.csv", "drug", "--column drug_1=NAME"),
    ),
    "two columns that could be the value": Case(
        "uno",
        {"measured.csv": lines("drug,cell,first,second", *single()[1:])},
        ("measured.csv", "measured value", "--column value=NAME", "'first'", "'second'"),
    ),
    "a named column that is not there": Case(
        "uno", {}, ("no table of", "'growht'"), options=("--column", "value=growht")
    ),
    "a role that there is not": Case(
        "uno", {}, ("no role 'vlaue'", "cell, drug"), options=("--column", "vlaue=growth"), status=2
    ),
    "a role that there is not, of a matrix": Case(
        "nt3",
        {},
        ("no role 'lable'", "label"),
        options=("--column", "lable=label"),
        status=2,
    ),
    "a role without a name": Case("uno", {}, ("--column", "ROLE=NAME"), options=("--column", "value"), status=2),
    "text in the value column": Case(
        "uno", {"measured.csv": changed(single(), 5, 3, "high")}, ("measured.csv", "'growth'", "row 5", "'high'")
    ),
    "text in the value column of pairs": Case(
        "combo", {"measured.csv": changed(pairs(), 7, 3, "n.d.")}, ("measured.csv", "'synergy'", "row 7", "'n.d.'")
    ),
    "an empty cell in the value column": Case(
        "uno", {"measured.csv": changed(single(), 9, 3, "")}, ("measured.csv", "'growth'", "row 9", "empty")
    ),
    "NaN in the value column": Case(
        "combo", {"measured.csv": changed(pairs(), 3, 3, "NaN")}, ("measured.csv", "'synergy'", "row 3")
    ),
    "an infinite value": Case(
        "uno", {"measured.csv": changed(single(), 2, 3, "inf")}, ("measured.csv", "'growth'", "row 2", "finite")
    ),
    "a zero dose": Case("uno", {"measured.csv": changed(single(), 4, 2, "0")}, ("measured.csv", "'dose_uM'", "row 4")),
    "a negative dose": Case("uno", {"measured.csv": changed(single(), 6, 2, "-1")}, ("measured.csv", "dose", "row 6")),
    "text in the dose column": Case(
        "uno", {"measured.csv": changed(single(), 6, 2, "10 uM")}, ("measured.csv", "'dose_uM'", "row 6", "'10 uM'")
    ),
    "text in an expression cell": Case(
        "uno", {"cells.csv": changed(expression(), 3, 2, "lost")}, ("cells.csv", "'G2'", "row 3", "'lost'")
    ),
    "infinite expression": Case(
        "uno", {"cells.csv": changed(expression(), 4, 1, "-inf")}, ("cells.csv", "'G1'", "row 4", "finite")
    ),
    "genes without values": Case(
        "uno",
        {"cells.csv": lines(expression()[0], *(f"{cell},,," for cell in CELLS))},
        ("cells.csv", "'G1'", "empty throughout"),
    ),
    "text in a matrix": Case(
        "nt3", {"samples.csv": changed(matrix(), 11, 2, "high")}, ("samples.csv", "'G2'", "row 11", "'high'")
    ),
    "an infinite cell of a matrix": Case(
        "nt3", {"samples.csv": changed(matrix(), 11, 2, "inf")}, ("samples.csv", "'G2'", "row 11", "finite")
    ),
    "a column twice": Case(
        "uno",
        {"cells.csv": lines(*expression(header=("G1", "G2", "G1")))},
        ("cells.csv", "column twice", "'G1'"),
    ),
    "a gene twice in a matrix": Case(
        "nt3", {"samples.csv": renamed(matrix(), G3="G1")}, ("samples.csv", "column twice", "'G1'")
    ),
    "a drug twice": Case("combo", {"drugs.csv": lines(*drugs(), "D3,CCNC")}, ("drugs.csv", "'D3'", "several rows")),
    "other drugs": Case(
        "uno", {"drugs.csv": lines("drug,smiles", "X1,CCO", "X2,CC", "X3,CN")}, ("measured.csv", "drugs", "'D0'")
    ),
    "other cell lines": Case(
        "uno",
        {"cells.csv": lines("cell_line,G1", "X1,1", "X2,2", "X3,1")},
        ("measured.csv", "cell lines", "'C00'", "names do not join", "'X1'"),
    ),
    "no table of drugs": Case("combo", {"drugs.csv": None}, ("drugs", "'D0'", "SMILES")),
    "no table of cell lines": Case("combo", {"cells.csv": None}, ("cell lines", "'C00'", "one row a cell line")),
    "SMILES that cannot be read": Case(
        "uno",
        {"drugs.csv": lines("drug,smiles", *(f"{name},no way" for name in DRUGS))},
        ("drugs.csv", "'smiles'", "'no way'"),
    ),
    "a table of drugs without SMILES": Case(
        "uno", {"drugs.csv": lines("drug,comment", *(f"{name},good" for name in DRUGS))}, ("drugs", "column of SMILES")
    ),
    "a SMILES column that is not there": Case("uno", {}, ("'structures'",), options=("--column", "smiles=structures")),
    "two tables of measurements": Case(
        "uno", {"again.csv": lines(*single())}, ("several tables", "'again.csv'", "'measured.csv'")
    ),
    "pairs given to uno": Case("uno", {"measured.csv": lines(*pairs())}, ("measured.csv", "two drugs", "search combo")),
    "single drugs given to combo": Case(
        "combo", {"measured.csv": lines(*single())}, ("measured.csv", "one drug", "search uno")
    ),
    "one file of measurements only": Case("uno", {}, ("measured.csv", "cell lines"), place="measured.csv"),
    "no column of classes": Case(
        "nt3",
        {"samples.csv": without(matrix(), 0)},
        ("samples.csv", "which column holds the class", "--column label=NAME"),
    ),
    "a label column that is not there": Case(
        "nt3", {}, ("samples.csv", "no column 'tisue'"), options=("--column", "label=tisue")
    ),
    "one class": Case(
        "nt3",
        {"samples.csv": lines(matrix()[0], *("tumour" + row[row.index(",") :] for row in matrix()[1:]))},
        ("samples.csv", "'label'", "one class only", "'tumour'"),
    ),
    "a label for each row": Case(
        "nt3",
        {"samples.csv": lines(matrix()[0], *(f"S{n}{row[row.index(',') :]}" for n, row in enumerate(matrix()[1:])))},
        ("samples.csv", "'label'", "holds no classes", "--column label=NAME"),
    ),
    "a label that is a measured value": Case(
        "nt3",
        {"samples.csv": without(matrix(), 0)},
        ("samples.csv", "'G3'", "holds no classes"),
        options=("--column", "label=G3"),
    ),
    "an empty label": Case("nt3", {"samples.csv": changed(matrix(), 12, 0, "")}, ("samples.csv", "'label'", "row 12")),
    "labels only": Case(
        "nt3", {"samples.csv": lines(*(row.split(",")[0] for row in matrix()))}, ("samples.csv", "no column of numbers")
    ),
    "few rows of a class": Case(
        "nt3",
        {"samples.csv": lines(*matrix(), *("rare" + row[row.index(",") :] for row in matrix()[1:3]))},
        ("class 'rare'", "row(s), not counting repeats"),
    ),
    "few rows": Case("uno", {"measured.csv": lines(*single()[:3])}, ("2 rows in 2 group(s)", "more data")),
    "few samples": Case("nt3", {"samples.csv": lines(*matrix()[:5])}, ("not counting repeats", "each class")),
    "few cell lines for the split": Case(
        "uno",
        {"measured.csv": lines(single()[0], *(row for row in single()[1:] if row.split(",")[1] in ("C00", "C01")))},
        ("group(s)", "split by something finer"),
        options=("--split", "cell"),
    ),
    "more folds than cell lines": Case(
        "uno", {}, ("12 group(s)", "cannot fill"), options=("--split", "cell", "--folds", "12")
    ),
    "a fold that is none": Case("uno", {}, ("fold",), options=("--folds", "3", "--fold", "4"), status=2),
    "a split that the data does not know": Case(
        "uno", {}, ("split by 'tissue'", "row, pair, cell, drug"), options=("--split", "tissue")
    ),
    "a split that a matrix does not know": Case("nt3", {}, ("split by 'drug'", "row"), options=("--split", "drug")),
    "test rows that are not given": Case("combo", {}, ("no test rows",), options=("--split", "given")),
    "a constant target": Case(
        "uno",
        {"measured.csv": lines(single()[0], *(row[: row.rindex(",")] + ",7" for row in single()[1:]))},
        ("one value only", "nothing can be learnt"),
    ),
    "lists in a table of drugs": Case("uno", {"drugs.csv": None}, ("drugs", "column of SMILES"), write=_lists_of_bits),
    "a feature beyond single precision": Case(
        "uno", {"cells.csv": changed(expression(), 4, 2, "1e45")}, ("cells.csv", "'G2'", "row 4", "beyond 3.4e38")
    ),
    "a value beyond single precision": Case(
        "uno", {"measured.csv": changed(single(), 9, 3, "1e39")}, ("measured.csv", "'growth'", "row 9", "1e+39")
    ),
    "one row with a cell too many": Case(
        "uno",
        {"cells.csv": lines(*expression()[:1], expression()[1] + ",1", *expression()[2:])},
        ("cells.csv", "line 2 has 5 fields", "line 1 names 4 columns"),
    ),
    "a matrix without a header": Case(
        "nt3", {"samples.csv": lines(*matrix()[1:])}, ("samples.csv", "names the 41 columns")
    ),
    "identifiers that a spreadsheet has rounded": Case(
        "uno",
        {"measured.csv": lines(single()[0], *(f"1.23457E+19{row[row.index(',') :]}" for row in single()[1:]))},
        ("measured.csv", "'drug'", "rounded", "as text"),
    ),
    "a role that the problem does not know": Case(
        "nt3", {}, ("no role 'value'", "nt3", "label"), options=("--column", "value=G3"), status=2
    ),
    "several matrices": Case(
        "nt3", {"more.csv": lines(*matrix())}, ("several tables", "'more.csv'", "'samples.csv'", "--data")
    ),
    "a target that there is not": Case("uno", {}, ("has a column 'auc'",), options=("--target", "auc")),
    "a space of another problem": Case(
        "nt3", {}, ("no space 'uno-small'",), options=("--space", "uno-small"), status=2
    ),
}


def _made(case: Case, folder: Path) -> Path:
    folder.mkdir()
    files: dict[str, str | bytes | None] = {**({} if case.only else good(case.problem)), **case.files}
    for name, content in files.items():
        if content is not None:
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    if case.write is not None:
        case.write(folder)
    return folder / case.place


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CELLWRIGHT_DEBUG", raising=False)


@pytest.mark.parametrize("name", CASES)
def test_a_broken_input_is_told_in_a_line_or_two(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    place = _made(case, tmp_path / "tables")
    out = tmp_path / "run"
    called = call("search", case.problem, "--data", place, "--evaluations", 1, "--out", out, *case.options)
    assert called.status == case.status, called
    told = called.err.splitlines()
    assert 1 <= len(told) <= 2, called.err
    assert told[0].startswith("error: "), called.err
    assert "bug in cellwright" not in called.err
    assert "Traceback" not in called.err
    assert [words for words in case.says if words not in called.err] == [], called.err
    assert not called.out
    assert not out.exists()


@pytest.mark.parametrize("problem", ["uno", "combo", "nt3"])
def test_the_tables_that_these_are_made_from_can_be_used(problem: str, tmp_path: Path) -> None:
    place = _made(Case(problem, {}, ()), tmp_path / "tables")
    options = ("--method", "random", "--evaluations", 1, "--workers", 1, "--max-parameters", "none")
    called = call("search", problem, "--data", place, *options, "--out", tmp_path / "run", "--json")
    assert called.status == 0, called.err
    assert called.json["told"] == 1 if "told" in called.json else called.json
