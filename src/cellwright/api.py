"""What a user calls: search and resume."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cellwright.data import splits
from cellwright.data.arguments import function, mapping, path, real, text, texts, whole
from cellwright.data.words import kind_of
from cellwright.errors import DataError, RunError, ScriptError, SpaceError, UsageError, os_reason
from cellwright.executors import connect
from cellwright.limits import Limits
from cellwright.methods.catalogue import METHODS, check_options, method_of, with_agents
from cellwright.methods.confirmed import NETWORKS_A_LEADER
from cellwright.methods.objectives import check_objectives
from cellwright.problem import Problem
from cellwright.replay import Reason
from cellwright.runs import Observer, Run
from cellwright.seeds import Use, rng_for
from cellwright.space import Architecture, Point, Space, space_to_json
from cellwright.store.folder import Request, check_request, create_folder, remove_folder
from cellwright.trial import Fidelity, usual_epochs

if TYPE_CHECKING:
    from cellwright.train import Recipe

__all__ = ["EVALUATIONS", "new_folder", "resume", "search", "usual_folds", "usual_limit"]

_SMALL, _SMALL_SHARE = 10_000, 5  # below so many parameters nobody need save more
_FEW_ROWS = 2000
_LEAST_ROWS = 20  # that a share of the training rows must be
_REPLICATES, _REPLICATES_CROSSED = 1, 2
_DRAWS = 200  # of a space, to see how large its networks are
EVALUATIONS = 100  # where neither these nor minutes are given


def search(
    problem: Problem,
    *,
    space: Space | str | None = None,
    method: str = "auto",
    options: dict[str, Any] | None = None,
    workers: int = 2,
    evaluations: int | None = None,
    minutes: float | None = None,
    epochs: int | None = None,
    fraction: float = 1.0,
    seconds: float | None = None,
    inner_folds: int | None = None,
    replicates: int | None = None,
    halving: str | None = None,
    max_parameters: int | Literal["auto"] | None = "auto",
    at_most: Mapping[str, float] | None = None,
    objectives: str | Sequence[str] = (),
    starts: Sequence[Point] | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    recipe: "Recipe | None" = None,
    timeout: float | None = 600.0,
    memory_gib: float | None = None,
    retries: int = 1,
    device: str = "auto",
    command: Sequence[str] = (),
    observe: Observer = lambda _: None,
) -> Run:
    """Search for networks and return the run when it ends.

    SIGINT (Ctrl-C), SIGTERM and SIGHUP end it cleanly, and raise KeyboardInterrupt then; `resume` goes on.

    Args:
        space: a space, or the name of one of the problem's; None: the problem's default.
        method: one of METHODS.
        options: of the method, such as agents and batch of "a3c".
        workers: trials at once, each in a process of its own.
        evaluations: to make; with neither this nor `minutes`, 100.
        epochs: passes over the training rows; None: as many as make about 300,000 rows together, 1 to 20.
        seconds: training of a trial stops after so long, with what it has learnt.
        inner_folds: score a trial by cross-validation over so many parts of training and validation rows; 1: on the
            validation rows; None: 5 where there are fewer than 2,000 rows, else 1.
        replicates: further tries, with other seeds and other parts, of each network that leads, whose mean then counts;
            None: 2 where trials are cross-validated, since luck leads where rows are few, else 1.
        halving: "asha" or "hyperband": all networks are trained for a 27th of `epochs` (below 9 of them for a ninth,
            from 27 on for less), the best third of them for three times as long, the best third of those likewise, and
            so to the end, each from where it was left off; None: all to the end.
        max_parameters: networks with more are rejected; "auto": as `usual_limit` says; None: no limit.
        at_most: limits on what else a network costs: "flops" of one row, beyond which it is rejected too; "seconds" of
            training and "microseconds" in which a row is predicted, which are known once it is trained: the score of
            one that needs more does not count, and the search learns to keep away.
        starts: points of the space that are tried first; None: what the problem knows to be good in its default space.
        objectives: what is traded against one another, such as ("r2", "-parameters"); none: the score alone counts.
        out: the run folder; None: a new one under runs/.
        timeout: seconds after which a trial is killed.
        retries: of a trial whose worker died.
        command: words of the command line that asks for this, for the report.
        observe: called with each trial.

    Raises:
        UsageError: a name is unknown or a number out of range.
        RunError: the folder holds a run already, or cannot be written; or the limits leave nothing to try.
        KeyboardInterrupt: a signal ended it; nothing finished is lost.
    """
    from cellwright import problems
    from cellwright.train import Isolated, Recipe, Train, check_device

    if not isinstance(problem, Problem):
        raise UsageError(f"search takes a problem, such as cellwright.problems.load('uno'), not {problem!r}")

    given = {**locals()}
    _check_types(given)
    if method not in METHODS:
        raise UsageError(f"there is no method {method!r}; known: {', '.join(METHODS)}")
    objectives = texts("objectives", objectives)
    space = space if isinstance(space, Space) else problems.space(problem, space)
    if evaluations is None and minutes is None:
        evaluations = EVALUATIONS
    if max_parameters == "auto":
        max_parameters = usual_limit(problem, space)
    at_most = mapping("at_most", at_most)
    Limits(evaluations, minutes, max_parameters, at_most=at_most)
    if objectives:
        check_objectives(objectives, problem.metric)
    connect(f"local:{workers}")[0].shutdown()
    _check_fit(space, problem)
    options = with_agents(method, options or {}, workers)
    starts = problems.starts(problem, space) if starts is None else starts
    epochs = usual_epochs(problem.rows, fraction) if epochs is None else epochs
    folds = usual_folds(problem) if inner_folds is None else inner_folds
    check_folds(problem, folds)
    _check_fraction(problem, fraction)
    if replicates and minutes is None and evaluations is not None and evaluations < NETWORKS_A_LEADER:
        raise UsageError(
            f"replicates: the best tenth of the networks is tried again, which is none of {evaluations}; ask for at "
            f"least {NETWORKS_A_LEADER} evaluations, or for no replicates"
        )
    replicates = (_REPLICATES_CROSSED if folds > 1 else _REPLICATES) if replicates is None else replicates
    for start in starts:
        if not isinstance(start, Point) or start.fingerprint != space.fingerprint:
            raise UsageError(f"a start must be a point of the space that is searched, by space.point(), not {start!r}")
        space.point(start.values)  # says what is wrong with its values
    request = Request(
        problem=problem.name,
        space=space_to_json(space),
        method=method,
        options=options,
        workers=workers,
        fidelity=Fidelity(epochs, fraction, seconds, folds),
        evaluations=evaluations,
        minutes=minutes,
        max_parameters=max_parameters,
        at_most=at_most,
        starts=tuple(point.values for point in starts),
        seed=seed,
        recipe=asdict(recipe or Recipe()),
        timeout=timeout,
        memory_gib=memory_gib,
        retries=retries,
        device=device,
        objectives=tuple(objectives),
        replicates=replicates,
        halving=halving,
        command=tuple(command),
    )
    # what is wrong shows before anything is made
    check_request(request)
    check_device(device)
    check_method(method, space, options, objectives=objectives, halving=halving, at_most=at_most)
    train = Train(problem, space, seed, recipe or Recipe(), device)
    Isolated(train, seconds=timeout, memory_gib=memory_gib, retries=retries)
    folder = Path(out) if out is not None else new_folder(problem.name, method)
    create_folder(folder, request, problem)
    run = Run(folder)
    try:
        return _ended(run, run.drive(observe=observe))
    except ScriptError:  # no worker could start: the script, mended, finds its folder free
        remove_folder(folder)
        raise


_TYPES: Mapping[str, Callable[[str, Any], object]] = {
    "method": text,
    "options": mapping,
    "workers": lambda name, value: whole(name, value, 1),
    "evaluations": lambda name, value: whole(name, value, 1),
    "minutes": lambda name, value: real(name, value, 0),
    "epochs": lambda name, value: whole(name, value, 1),
    "fraction": lambda name, value: real(name, value, 0),
    "seconds": lambda name, value: real(name, value, 0),
    "inner_folds": lambda name, value: whole(name, value, 1),
    "replicates": whole,
    "halving": text,
    "max_parameters": lambda name, value: value == "auto" or whole(name, value, 1),
    "at_most": lambda name, value: [real(f"{name} {key}", each, 0) for key, each in mapping(name, value).items()],
    "objectives": texts,
    "seed": whole,
    "out": path,
    "timeout": lambda name, value: real(name, value, 0),
    "memory_gib": lambda name, value: real(name, value, 0),
    "retries": whole,
    "device": text,
    "command": texts,
    "observe": lambda name, value: function(name, value, "a trial"),
}
"""Checks of arguments of `search`, where they are given."""
_NEVER_NONE = ("method", "workers", "fraction", "objectives", "seed", "retries", "device", "command", "observe")


def _check_types(given: Mapping[str, Any]) -> None:
    """Raise UsageError where an argument is of a wrong type, or out of its range."""
    from cellwright.train import Recipe

    for name, value in given.items():
        if name in _TYPES and (value is not None or (name in _NEVER_NONE and name in given)):
            _TYPES[name](name, value)
    space, starts, recipe = given.get("space"), given.get("starts"), given.get("recipe")
    if not isinstance(space, Space | str | None):
        raise UsageError(f"space must be a Space, or the name of one of the problem's, not {kind_of(space)}")
    if starts is not None and (isinstance(starts, str) or not isinstance(starts, Sequence)):
        raise UsageError(f"starts must be a list of points, by space.point(), not {kind_of(starts)}")
    if not isinstance(recipe, Recipe | None):
        raise UsageError(f"recipe must be a cellwright.train.Recipe, not {kind_of(recipe)}")


def check_method(
    method: str,
    space: Space,
    options: Mapping[str, Any],
    *,
    objectives: Sequence[str] = (),
    halving: str | None = None,
    at_most: Mapping[str, float] | None = None,
) -> None:
    """Raise UsageError unless there is such a method with such options, and it goes with the rest."""
    if halving is not None and "seconds" in (at_most or {}):
        raise UsageError("with halving, networks are trained for different times: leave out the limit on seconds")
    check_options(method, space, options)
    method_of(method, space, 0, Fidelity(), dict(options), objectives=objectives, halving=halving)


def resume(
    folder: str | Path,
    *,
    evaluations: int | None = None,
    minutes: float | None = None,
    workers: int | None = None,
    observe: Observer = lambda _: None,
) -> Run:
    """Go on with a run that was stopped, killed, or ended at a limit that is now wider.

    Args:
        evaluations: given this or minutes, both limits are replaced; they count from the beginning of the run.
        minutes: as evaluations.
        workers: in place of the first number.

    Raises:
        RunError: it is no run folder, or its log is damaged, or another process is at it.
        KeyboardInterrupt: a signal ended it; nothing finished is lost.
    """
    _check_types({"evaluations": evaluations, "minutes": minutes, "observe": observe})
    if workers is not None:
        whole("workers", workers, 1)
    run = Run(folder)
    return _ended(run, run.drive(evaluations=evaluations, minutes=minutes, workers=workers, observe=observe))


def _ended(run: Run, reason: Reason) -> Run:
    """Return a run that has ended; what called it must hear of a signal, or it would go on with what comes next."""
    if reason is Reason.INTERRUPTED:
        raise KeyboardInterrupt(f"nothing finished is lost: go on with cellwright.resume({str(run.folder)!r})")
    return run


def _check_fit(space: Space, problem: Problem) -> None:
    """Raise UsageError unless networks of `space` take the problem's inputs and give its outputs."""
    from cellwright.train.recipe import check_settings

    known = dict(problem.inputs)
    for name, shape in space.inputs.items():
        if known.get(name) != shape:
            raise UsageError(
                f"space {space.name!r} reads input {name!r} of shape {shape}; problem {problem.name!r} has {known}"
            )
    some = next(_drawn(space), None)
    if some is None:
        raise UsageError(f"of {_DRAWS} points of space {space.name!r} none can be built")
    output = some.output
    if output != (problem.outputs,):
        raise UsageError(
            f"space {space.name!r} ends in shape {output}, problem {problem.name!r} needs {problem.outputs} unit(s); "
            f"write sketch.space(..., units={problem.outputs})"
        )
    check_settings(space.settings)


def _check_fraction(problem: Problem, fraction: float) -> None:
    """Raise UsageError where a fraction leaves too few training rows to learn anything from."""
    rows = len(problem.data()[1].train)
    if fraction < 1 and fraction * rows < _LEAST_ROWS:
        raise UsageError(
            f"fraction {fraction:g} of {rows:,} training rows leaves {max(0, round(fraction * rows))}; a network needs "
            f"{_LEAST_ROWS} at least: say fraction {min(1.0, _LEAST_ROWS / rows):.2g} or more"
        )


def usual_folds(problem: Problem) -> int:
    """Return the parts over which a trial is cross-validated unless the caller says otherwise."""
    if problem.rows >= _FEW_ROWS:
        return 1
    for folds in (5, 3, 2):
        with contextlib.suppress(DataError):  # too few groups, such as cell lines, for so many parts
            check_folds(problem, folds)
            return folds
    return 1


def check_folds(problem: Problem, folds: int) -> None:
    """Raise DataError unless training and validation rows can be cut into so many parts."""
    if folds > 1:
        dataset, split = problem.data()
        splits.inner_folds(dataset, split.known, problem.division, folds, 0)


def usual_limit(problem: Problem, space: Space) -> int | None:
    """Return the parameters a network may have unless the caller says otherwise.

    A twentieth of the hand-designed network's (another share for some problems), or what lets a tenth of the space's
    points pass, if that is more; a fifth of a hand-designed network that is small itself.
    """
    from cellwright import problems

    if problem.manual is None:
        return None
    sizes = [architecture.parameters for architecture in _drawn(space)]
    tenth = sorted(sizes)[len(sizes) // 10] if sizes else 0
    small = min(problem.manual.parameters // _SMALL_SHARE, _SMALL)
    return max(problem.manual.parameters // problems.share(problem), tenth, small)


def _drawn(space: Space) -> Iterator[Architecture]:
    """Yield some networks of a space, drawn at random."""
    for number in range(_DRAWS):
        with contextlib.suppress(SpaceError):  # some points cannot be built
            yield space.architecture(space.sample(rng_for(0, Use.SAMPLE, number)))


def new_folder(problem: str, method: str) -> Path:
    """Make an empty folder under runs/ for a run, and return it; no other call returns the same.

    Raises:
        RunError: it cannot be made.
    """
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    for number in count(1):
        folder = Path("runs") / f"{problem}-{method}-{stamp}{f'-{number}' if number > 1 else ''}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise RunError(f"cannot make the run folder {str(folder)!r}: {os_reason(error)}") from error
        return folder
    raise AssertionError
