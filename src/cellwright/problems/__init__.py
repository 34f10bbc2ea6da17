"""The built-in problems: for each its data, its spaces and the network designed by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cellwright import __version__
from cellwright.data import arguments
from cellwright.data.cache import data_folder
from cellwright.data.options import TableOptions
from cellwright.data.splits import Division
from cellwright.data.words import kind_of
from cellwright.errors import DataError, UsageError
from cellwright.problem import Problem
from cellwright.problems import combo, nt3, response, tissue, tumor, uno
from cellwright.problems.built_in import SHARE, Asked, BuiltIn, MakeSpace
from cellwright.problems.starting import points_of
from cellwright.space import Point, Space

__all__ = ["BuiltIn", "NamedSpace", "built_in", "load", "prepared", "share", "space", "spaces", "starts"]

_SPLITS = ("auto", "row", "pair", "cell", "drug", "given")  # others are columns of the user's
_BUILT_IN = {built.name: built for built in (tumor.TUMOR, uno.UNO, combo.COMBO, nt3.NT3, tissue.TISSUE)}


@dataclass(frozen=True, slots=True)
class NamedSpace:
    """A space at its problem's published input sizes."""

    problem: str
    space: Space
    manual_parameters: int


def built_in(name: str | None = None) -> tuple[BuiltIn, ...]:
    """Return all built-in problems, or the one called `name`.

    Raises:
        UsageError: no problem has this name.
    """
    if name is None:
        return tuple(_BUILT_IN.values())
    if not isinstance(name, str) or name not in _BUILT_IN:
        raise UsageError(f"there is no problem {kind_of(name)}; known: {', '.join(_BUILT_IN)}")
    return (_BUILT_IN[name],)


def load(
    name: str,
    *,
    target: str | None = None,
    split: str | Division = "auto",
    seed: int = 0,
    data: str | Path | None = None,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    group: str | None = None,
    test: str | Sequence[str] | None = None,
    drop_missing_targets: bool = False,
    min_class: int = 1,
    metric: str | None = None,
) -> Problem:
    """Return a built-in problem, prepared once and kept in the data folder.

    Args:
        target: what to predict, where there is a choice; the column, in the user's own tables.
        split: what keeps rows together: "row", "pair", "cell", "drug", "given", a column of the user's own tables; or
            a whole Division; "auto": as the data says ("given"), by the group, or by row.
        seed: decides which rows train, validate and test; a Division brings its own.
        data: a folder of the user's own tables, or one file; None: the problem's own data, fetched before.
        columns: role -> column of those tables, where their names do not say it; "exclude" takes several.
        group: the column of those tables whose equal values stay on one side of the split, together with what `split`
            names; never a feature.
        test: the column that says which rows are test rows, a file with the names of those that are, or the names.
        drop_missing_targets: leave rows without a target out.
        min_class: leave classes of fewer rows out.
        metric: the score that searches maximise; None: the problem's own.

    Raises:
        UsageError: the problem, target or split is unknown.
        DataError: its data has not been fetched, or the user's tables cannot be used.
    """
    (built,) = built_in(arguments.text("the name of a problem", name))
    division = split if isinstance(split, Division) else Division(split, seed)
    for argument, value in {"target": target, "group": group, "metric": metric}.items():
        arguments.text_or_none(argument, value)
    if not isinstance(columns, Mapping | None):
        raise UsageError(f"columns must be {{role: name of a column}}, not {kind_of(columns)}")
    test = test if test is None or isinstance(test, str) else arguments.texts("test", test)
    drop_missing_targets = arguments.truth("drop_missing_targets", drop_missing_targets)
    min_class = arguments.whole("min_class", min_class, 1)
    if data is None:
        own: dict[str, object] = {"columns": columns, "group": group, "test": test}
        own |= {"drop_missing_targets": drop_missing_targets, "min_class": min_class > 1}
        wrong = [name for name, value in own.items() if value]
        if wrong:
            raise UsageError(f"{wrong[0]} is said of your own tables: give --data too")
        asked = Asked(data_folder(), target, division, metric)
    else:
        if group is not None:
            division = division.with_group(group)
        elif division.by not in _SPLITS:
            group = division.by
        options = TableOptions(
            columns=_columns(built, columns or {}, target),
            exclude=arguments.texts("the columns to exclude", (columns or {}).get("exclude", ())),
            group=group,
            test=test,
            drop_missing_targets=drop_missing_targets,
            min_class=min_class,
        )
        asked = Asked(data_folder(), None, division, metric, arguments.path("data", data), options)
    _check_asked(built, asked)
    folder = _folder(built, asked)
    return _kept(folder) or built.load(folder, asked)


def _built(problem: Problem) -> BuiltIn | None:
    """Return the built-in problem that this is; None: it is the user's own, whatever it is called."""
    built = _BUILT_IN.get(problem.name)
    if built and len(built.published) == 1 and set(built.published) != {name for name, _ in problem.inputs}:
        return None
    return built


def share(problem: Problem) -> int:
    """Return of how many of the hand-designed network's parameters a found one may have one, by default."""
    built = _built(problem)
    return built.share if built else SHARE


def starts(problem: Problem, space: Space) -> list[Point]:
    """Return the points that a search of `space` tries first, where it is the problem's default space."""
    built = _built(problem)
    default = next(iter(_spaces_of(problem)))
    return points_of(space, built.starts if built else response.STARTS) if space.name == default else []


def _spaces_of(problem: Problem) -> Mapping[str, MakeSpace]:
    """Return what makes the spaces of a problem, by name, the default first."""
    built = _built(problem)
    return built.spaces if built else {"general": response.general}


def prepared(name: str) -> Problem | None:
    """Return a built-in problem on its own data if it has been prepared before."""
    (built,) = built_in(name)
    return _kept(_folder(built, Asked(data_folder())))


def _columns(built: BuiltIn, given: Mapping[str, str | Sequence[str]], target: str | None) -> dict[str, str]:
    """Return role -> column of the user's tables; the target is the column of the value, or of the class."""
    columns: dict[str, str] = {}
    for role, column in given.items():
        if role == "exclude":
            continue
        if not isinstance(role, str) or role not in built.roles:
            known = ", ".join((*built.roles, "exclude"))
            raise UsageError(f"there is no role {role!r} for a column of {built.name}; known: {known}")
        if not isinstance(column, str) or not column:
            raise UsageError(f"one column is the {role}, not {kind_of(column)}")
        columns[role] = column
    role = "label" if "label" in built.roles else "value"
    if target is not None and columns.setdefault(role, target) != target:
        raise UsageError(f"the target is {target!r} and the column {role} is {columns[role]!r}: say one of them")
    return columns


def _check_asked(built: BuiltIn, asked: Asked) -> None:
    if asked.data is not None and not built.roles:
        raise UsageError(f"{built.name} has data of its own and takes none")
    if asked.data is None and built.source is None:
        raise UsageError(
            f"{built.name} has no data of its own: name yours (--data DIR; docs/data.md says what it takes)"
        )


def _kept(folder: Path) -> Problem | None:
    if not folder.exists():
        return None
    try:
        return Problem.load(folder)
    except DataError:
        return None  # damaged: `load` makes it again


def _folder(built: BuiltIn, asked: Asked) -> Path:
    """Return where what was asked for is kept; other files of the user's, or changed ones, give another folder."""
    files = [] if asked.data is None else _state_of(asked.data)
    if isinstance(asked.tables.test, str) and Path(asked.tables.test).is_file():
        files += _state_of(Path(asked.tables.test))
    request = repr((built.name, asked.target, asked.division, asked.metric, files, asked.tables, __version__))
    return asked.fetched / "prepared" / f"{built.name}-{sha256(request.encode()).hexdigest()[:12]}"


def _state_of(place: Path) -> list[tuple[str, int, int]]:
    """Return name, size and time of change of each file of a folder, or of the one file."""
    if not place.exists():
        raise DataError(f"there is no file or folder {str(place)!r}")
    files = sorted(path for path in place.iterdir() if path.is_file()) if place.is_dir() else [place]
    return [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in files]


def spaces() -> tuple[NamedSpace, ...]:
    """Return every built-in space at published input sizes."""
    return tuple(
        NamedSpace(
            built.name,
            make(built.published, built.outputs, built.kinds),
            built.manual(built.published, built.outputs).parameters,
        )
        for built in _BUILT_IN.values()
        for make in built.spaces.values()
    )


def space(problem: Problem, name: str | None = None) -> Space:
    """Return a space at the problem's own input sizes; without a name the problem's default.

    Raises:
        UsageError: the problem has no such space.
    """
    known = _spaces_of(problem)
    if name is not None and name not in known:
        raise UsageError(f"problem {problem.name!r} has no space {name!r}; known: {', '.join(known)}")
    return known[name or next(iter(known))](dict(problem.inputs), problem.outputs, dict(problem.kinds))
