"""The built-in problems: for each its data, its spaces and the network designed by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cellwright import __version__
from cellwright.data.cache import data_folder
from cellwright.errors import DataError, UsageError
from cellwright.problem import Problem, Task
from cellwright.problems import tumor, uno
from cellwright.space import Architecture, Shape, Space

__all__ = ["BuiltIn", "NamedSpace", "built_in", "load", "prepared", "space", "spaces"]


class _Loader(Protocol):
    def __call__(self, folder: Path, *, target: str | None, split: str, seed: int, data: Path) -> Problem: ...


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A problem that cellwright brings.

    Attributes:
        published: input shapes of the published data, at which parameters are quoted.
        spaces: by name, the default first; each takes input shapes and output units.
        source: the data source it needs.
        splits: what its rows can be split by.
    """

    name: str
    task: Task
    metric: str
    title: str
    published: Mapping[str, Shape]
    manual: Callable[[Mapping[str, Shape]], Architecture]
    spaces: Mapping[str, Callable[[Mapping[str, Shape], int], Space]]
    load: _Loader
    source: str
    splits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedSpace:
    """A space at its problem's published input sizes."""

    problem: str
    space: Space
    manual_parameters: int


_BUILT_IN = {
    built.name: built
    for built in (
        BuiltIn(
            "tumor",
            Task.CLASSIFICATION,
            "accuracy",
            "is a breast tumour malignant, from 30 measurements (scikit-learn)",
            tumor.PUBLISHED_INPUTS,
            tumor.manual,
            {"tumor-small": tumor.small},
            tumor.load,
            "tumor",
            ("row",),
        ),
        BuiltIn(
            "uno",
            Task.REGRESSION,
            "r2",
            "response of cancer cell lines to single drugs (GDSC1)",
            uno.PUBLISHED_INPUTS,
            uno.manual,
            {"uno-small": uno.small},
            uno.load,
            "gdsc",
            ("row", "pair", "cell", "drug"),
        ),
    )
}


def built_in(name: str | None = None) -> tuple[BuiltIn, ...]:
    """Return all built-in problems, or the one called `name`.

    Raises:
        UsageError: no problem has this name.
    """
    if name is None:
        return tuple(_BUILT_IN.values())
    if name not in _BUILT_IN:
        raise UsageError(f"there is no problem {name!r}; known: {', '.join(_BUILT_IN)}")
    return (_BUILT_IN[name],)


def load(
    name: str, *, target: str | None = None, split: str = "row", seed: int = 0, data: Path | None = None
) -> Problem:
    """Return a built-in problem, prepared once and kept in the data folder.

    Args:
        target: what to predict, where there is a choice.
        split: what keeps rows together: "row", "pair", "cell", "drug".
        seed: decides which rows train, validate and test.
        data: the data folder, laid out as `cellwright data get` does; None: `data_folder()`.

    Raises:
        UsageError: the problem, target or split is unknown.
        DataError: its data has not been fetched.
    """
    (built,) = built_in(name)
    if split not in built.splits:
        raise UsageError(f"{name} cannot be split by {split!r}; known: {', '.join(built.splits)}")
    if seed < 0:
        raise UsageError(f"the seed of a split must not be negative: {seed!r}")
    data = data or data_folder()
    kept = prepared(name, target=target, split=split, seed=seed, data=data)
    return kept or built.load(
        _folder(data, name, target, split, seed), target=target, split=split, seed=seed, data=data
    )


def prepared(
    name: str, *, target: str | None = None, split: str = "row", seed: int = 0, data: Path | None = None
) -> Problem | None:
    """Return a built-in problem if it has been prepared before; arguments as in `load`."""
    folder = _folder(data or data_folder(), name, target, split, seed)
    if not folder.exists():
        return None
    try:
        return Problem.load(folder)
    except DataError:
        return None  # damaged: `load` makes it again


def _folder(data: Path, name: str, target: str | None, split: str, seed: int) -> Path:
    request = repr((name, target, split, seed, __version__))
    return data / "prepared" / f"{name}-{sha256(request.encode()).hexdigest()[:12]}"


def spaces() -> tuple[NamedSpace, ...]:
    """Return every built-in space at published input sizes."""
    return tuple(
        NamedSpace(built.name, make(built.published, _outputs(built)), built.manual(built.published).parameters)
        for built in _BUILT_IN.values()
        for make in built.spaces.values()
    )


def space(problem: Problem, name: str | None = None) -> Space:
    """Return a space at the problem's own input sizes; without a name the problem's default.

    Raises:
        UsageError: the problem has no such space.
    """
    known = {
        space: make
        for built in _BUILT_IN.values()
        if built.name == problem.name
        for space, make in built.spaces.items()
    }
    if not known:
        raise UsageError(f"problem {problem.name!r} brings no space; give one: search(problem, space=...)")
    if name is not None and name not in known:
        raise UsageError(f"problem {problem.name!r} has no space {name!r}; known: {', '.join(known)}")
    return known[name or next(iter(known))](dict(problem.inputs), problem.outputs)


def _outputs(built: BuiltIn) -> int:
    return 1 if built.task is Task.REGRESSION else 2
