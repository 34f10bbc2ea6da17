"""What a user calls: search, resume, and what can be asked of a run."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cellwright.drive import drive
from cellwright.errors import SpaceError, UsageError
from cellwright.executors import connect
from cellwright.methods import Evolution, Random, Search
from cellwright.methods.objectives import Traded, check_objectives, front, thinned, values_of
from cellwright.problem import Problem
from cellwright.run import Limits, Reason, Replayed, replay
from cellwright.seeds import Use, rng_for
from cellwright.space import Architecture, Space, space_from_json, space_to_json
from cellwright.space.draw import in_words
from cellwright.store import JsonLog
from cellwright.store.folder import LOG, Request, create_folder, open_folder
from cellwright.trial import Fidelity, Trial

if TYPE_CHECKING:
    import pandas as pd

    from cellwright.posttrain import Finalists
    from cellwright.train import Recipe

__all__ = ["AGENTS", "EVALUATIONS", "METHODS", "Run", "new_folder", "resume", "search", "usual_folds", "usual_limit"]

_MANUAL_SHARE = 20
_SMALL, _SMALL_SHARE = 10_000, 5  # below so many parameters nobody need save more
_FEW_ROWS, _FOLDS = 2000, 5
_DRAWS = 200  # of a space, to see how large its networks are
AGENTS = ("a3c", "a2c")  # methods that have agents
EVALUATIONS = 100  # where neither these nor minutes are given
Observer = Callable[[Trial], None]


def _random(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return Random(space, seed=seed, fidelity=fidelity, **options)


def _evolution(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return Evolution(space, seed=seed, fidelity=fidelity, **options)


def _a3c(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    from cellwright.methods.a3c import A3C

    return A3C(space, seed=seed, fidelity=fidelity, **options)


def _a2c(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return _a3c(space, seed, fidelity, {**options, "synchronous": True})


#: method -> what makes it
METHODS: dict[str, Callable[[Space, int, Fidelity, dict[str, Any]], Search]] = {
    "a3c": _a3c,
    "a2c": _a2c,
    "evolution": _evolution,
    "random": _random,
}


def search(
    problem: Problem,
    *,
    space: Space | None = None,
    method: str = "a3c",
    options: dict[str, Any] | None = None,
    workers: int = 2,
    evaluations: int | None = None,
    minutes: float | None = None,
    epochs: int = 1,
    fraction: float = 1.0,
    seconds: float | None = None,
    inner_folds: int | None = None,
    max_parameters: int | Literal["auto"] | None = "auto",
    objectives: Sequence[str] = (),
    seed: int = 0,
    out: str | Path | None = None,
    recipe: "Recipe | None" = None,
    timeout: float | None = 600.0,
    memory_gib: float | None = None,
    retries: int = 1,
    device: str = "auto",
    observe: Observer = lambda _: None,
) -> "Run":
    """Search for networks and return the run when it ends.

    Args:
        space: None: the problem's default.
        method: one of METHODS.
        options: of the method, such as agents and batch of "a3c".
        workers: trials at once, each in a process of its own.
        evaluations: to make; with neither this nor `minutes`, 100.
        seconds: training of a trial stops after so long, with what it has learnt.
        inner_folds: score a trial by cross-validation over so many parts of training and validation rows; 1: on the
            validation rows; None: 5 where there are fewer than 2,000 rows, else 1.
        max_parameters: networks with more are rejected; "auto": as `usual_limit` says; None: no limit.
        objectives: what is traded against one another, such as ("r2", "-parameters"); none: the score alone counts.
        out: the run folder; None: a new one under runs/.
        timeout: seconds after which a trial is killed.
        retries: of a trial whose worker died.
        observe: called with each trial.

    Raises:
        UsageError: a name is unknown or a number out of range.
        RunError: the folder holds a run already, or cannot be written.
    """
    from cellwright import problems
    from cellwright.train import Isolated, Recipe, Train

    if method not in METHODS:
        raise UsageError(f"there is no method {method!r}; known: {', '.join(METHODS)}")
    if seed < 0:
        raise UsageError(f"the seed must not be negative: {seed!r}")
    if evaluations is None and minutes is None:
        evaluations = EVALUATIONS
    if max_parameters == "auto":
        max_parameters = usual_limit(problem, space or problems.space(problem))
    Limits(evaluations, minutes, max_parameters)
    if objectives:
        check_objectives(objectives, problem.metric)
    connect(f"local:{workers}")[0].shutdown()
    space = space or problems.space(problem)
    _check_fit(space, problem)
    options = dict(options or {})
    if method in AGENTS and "agents" not in options:
        # while one agent waits for the last of its batch, the others must keep all workers busy
        options["agents"] = max(3, -(-2 * workers // int(options.get("batch", 8))))
    folder = Path(out) if out is not None else new_folder(problem.name, method)
    request = Request(
        problem=problem.name,
        space=space_to_json(space),
        method=method,
        options=options,
        workers=workers,
        fidelity=Fidelity(epochs, fraction, seconds, usual_folds(problem) if inner_folds is None else inner_folds),
        evaluations=evaluations,
        minutes=minutes,
        max_parameters=max_parameters,
        seed=seed,
        recipe=asdict(recipe or Recipe()),
        timeout=timeout,
        memory_gib=memory_gib,
        retries=retries,
        device=device,
        objectives=tuple(objectives),
    )
    # what is wrong shows before anything is made
    try:
        METHODS[method](space, seed, request.fidelity, dict(options))
    except TypeError as error:
        raise UsageError(f"method {method} does not take these options: {options!r} ({error})") from error
    train = Train(problem, space, seed, recipe or Recipe(), device)
    Isolated(train, seconds=timeout, memory_gib=memory_gib, retries=retries)
    create_folder(folder, request, problem)
    run = Run(folder)
    run.drive(observe=observe)
    return run


def resume(
    folder: str | Path,
    *,
    evaluations: int | None = None,
    minutes: float | None = None,
    workers: int | None = None,
    observe: Observer = lambda _: None,
) -> "Run":
    """Go on with a run that was stopped, killed, or ended at a limit that is now wider.

    Args:
        evaluations: given this or minutes, both limits are replaced; they count from the beginning of the run.
        minutes: as evaluations.
        workers: in place of the first number.

    Raises:
        RunError: it is no run folder, or its log is damaged, or another process is at it.
    """
    run = Run(Path(folder))
    run.drive(evaluations=evaluations, minutes=minutes, workers=workers, observe=observe)
    return run


class Run:
    """A run folder: what was asked for and what came of it.

    Attributes:
        folder: where it is.
        request: what was asked for.
        problem: what must be learned.
        space: what may be built.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.request, self.problem = open_folder(self.folder)
        self.space = space_from_json(dict(self.request.space))

    def replay(self) -> Replayed:
        """Return what the log says now."""
        return replay(JsonLog(self.folder / LOG, write=False))

    def drive(
        self,
        *,
        evaluations: int | None = None,
        minutes: float | None = None,
        workers: int | None = None,
        observe: Observer = lambda _: None,
    ) -> Reason:
        """Search until a limit, convergence or a signal; arguments as in `resume`."""
        from cellwright.train import Recipe, Train

        request = self.request
        workers = request.workers if workers is None else workers
        if evaluations is None and minutes is None:
            evaluations, minutes = self.limits()
        limits = Limits(evaluations, minutes, request.max_parameters)
        method = METHODS[request.method](self.space, request.seed, request.fidelity, dict(request.options))
        if len(request.objectives) > 1:
            method = Traded(method, request.objectives, self.space)
        train = Train(self.problem, self.space, request.seed, Recipe(**request.recipe), request.device)
        return drive(
            self.folder / LOG,
            method,
            self.space,
            train,
            limits=limits,
            workers=workers,
            timeout=request.timeout,
            memory_gib=request.memory_gib,
            retries=request.retries,
            observe=observe,
        )

    def limits(self) -> tuple[int | None, float | None]:
        """Return the evaluations and minutes after which the run ends."""
        state = self.replay()
        return (state.evaluations, state.minutes) if state.begun else (self.request.evaluations, self.request.minutes)

    def trials(self) -> "pd.DataFrame":
        """Return one row a trial, in the order told."""
        import pandas as pd

        rows = self.rows()
        columns = ["number", "status", "score", "parameters", "seconds", "key", "point", "error"]
        return pd.DataFrame(rows, columns=list(rows[0]) if rows else columns)

    def rows(self) -> list[dict[str, Any]]:
        """Return the trials as JSON, in the order told; `point` names what each decision means."""
        return [
            {
                "number": trial.number,
                "status": trial.outcome.status.value,
                "score": trial.score,
                "parameters": trial.outcome.parameters,
                "seconds": trial.outcome.seconds,
                "key": trial.key,
                "point": {name: _plain(value) for name, value in self.space.named(trial.proposal.point).items()},
                "error": trial.outcome.error,
                "scores": dict(trial.outcome.scores),
                "source": trial.outcome.source,
                "started": trial.started,
                "finished": trial.finished,
                "worker": trial.worker,
            }
            for trial in self.replay().trials
        ]

    def leaders(self, top: int) -> list[tuple[Trial, Architecture]]:
        """Return the best trials with what they built, equal architectures once, best score first.

        With several objectives: trials spread along the front.
        """
        ranked = self._ranked()
        if len(self.request.objectives) > 1:
            ranked = [trial for trial, _ in self.front()]
            values = np.array([values_of(trial, self.request.objectives, self.space) for trial in ranked])
            ranked = [ranked[place] for place in sorted(thinned(values, top))]
        return [(trial, self.space.architecture(trial.proposal.point)) for trial in ranked[:top]]

    def front(self) -> list[tuple[Trial, dict[str, float]]]:
        """Return the trials that none surpasses in all objectives, with what they reached, best score first.

        Where the score alone counts, it is traded against the number of parameters here.
        """
        objectives = self.request.objectives
        objectives = objectives if len(objectives) > 1 else (self.problem.metric, "-parameters")
        ranked = self._ranked()
        values = np.array([values_of(trial, objectives, self.space) for trial in ranked]).reshape(-1, len(objectives))
        names = [name.removeprefix("-") for name in objectives]
        signs = np.array([-1.0 if name.startswith("-") else 1.0 for name in objectives])
        return [
            (trial, dict(zip(names, (signs * reached).tolist(), strict=True)))
            for trial, reached, best in zip(ranked, values, front(values), strict=True)
            if best
        ]

    def _ranked(self) -> list[Trial]:
        """Return the successful trials, equal architectures once, best score first."""
        best: dict[str, Trial] = {}
        for trial in self.replay().trials:
            if trial.evaluated and trial.score is not None:
                best.setdefault(trial.key, trial)
        return sorted(best.values(), key=lambda trial: (-(trial.score or 0.0), trial.number))

    def summary(self) -> dict[str, Any]:
        """Return the run in short: run, state, trials, failed, best, utilisation, seconds."""
        state = self.replay()
        done = [trial for trial in state.trials if trial.evaluated]
        failed = [trial for trial in done if trial.score is None]
        best = max(
            (trial for trial in done if trial.score is not None), key=lambda trial: trial.score or 0.0, default=None
        )
        busy = sum(trial.finished - trial.started for trial in done)
        return {
            "run": str(self.folder),
            "problem": self.problem.name,
            "method": self.request.method,
            "metric": self.problem.metric,
            "folds": self.request.fidelity.folds,
            "state": state.reason.value if state.reason else "unfinished",
            "trials": len(done),
            "cached": sum(trial.outcome.status.value == "cached" for trial in state.trials),
            "rejected": sum(trial.outcome.status.value == "rejected" for trial in state.trials),
            "failed": len(failed),
            "best": None
            if best is None
            else {"number": best.number, "score": best.score, "parameters": best.outcome.parameters},
            "objectives": list(self.request.objectives) or [self.problem.metric],
            "front": [{"number": trial.number, **reached} for trial, reached in self.front()],
            "utilisation": busy / (state.workers * state.clock) if state.clock > 0 else None,
            "seconds": state.clock,
        }

    def posttrain(
        self,
        *,
        top: int = 5,
        epochs: int = 10,
        seeds: int = 3,
        patience: int = 3,
        against: Sequence[str] | None = None,
        splits: Sequence[str] = (),
        refit: bool | None = None,
        workers: int | None = None,
        timeout: float | None = None,
        observe: Observer = lambda _: None,
    ) -> "Finalists":
        """Retrain the leaders beside the baselines; arguments as of `cellwright.posttrain.posttrain`."""
        from cellwright.posttrain import AGAINST, posttrain

        return posttrain(
            self,
            top=top,
            epochs=epochs,
            seeds=seeds,
            patience=patience,
            against=AGAINST if against is None else against,
            splits=splits,
            refit=refit,
            workers=workers,
            timeout=timeout,
            observe=observe,
        )

    def report(self, out: str | Path | None = None) -> Path:
        """Write the HTML report and return its path."""
        from cellwright.report import write_report

        return write_report(self, Path(out) if out is not None else self.folder / "report.html")


def _check_fit(space: Space, problem: Problem) -> None:
    """Raise UsageError unless networks of `space` take the problem's inputs and give its outputs."""
    from cellwright.train.recipe import SETTINGS

    known = dict(problem.inputs)
    for name, shape in space.inputs.items():
        if known.get(name) != shape:
            raise UsageError(
                f"space {space.name!r} reads input {name!r} of shape {shape}; problem {problem.name!r} has {known}"
            )
    output = space.architecture(space.sample(rng_for(0, Use.SAMPLE, 0))).output
    if output != (problem.outputs,):
        raise UsageError(
            f"space {space.name!r} ends in shape {output}, problem {problem.name!r} needs {problem.outputs} unit(s); "
            f"write sketch.space(..., units={problem.outputs})"
        )
    unknown = sorted({decision.name for decision in space.settings} - set(SETTINGS))
    if unknown:
        raise UsageError(f"training has no setting {unknown[0]!r}; a space may decide {', '.join(SETTINGS)}")


def usual_folds(problem: Problem) -> int:
    """Return the parts over which a trial is cross-validated unless the caller says otherwise."""
    return _FOLDS if problem.rows < _FEW_ROWS else 1


def usual_limit(problem: Problem, space: Space) -> int | None:
    """Return the parameters a network may have unless the caller says otherwise.

    A twentieth of the hand-made network's, or what lets a tenth of the space's points pass, if that is more; a fifth
    of a hand-made network that is small itself.
    """
    if problem.manual is None:
        return None
    sizes = []
    for number in range(_DRAWS):
        with contextlib.suppress(SpaceError):  # some points cannot be built
            sizes.append(space.architecture(space.sample(rng_for(0, Use.SAMPLE, number))).parameters)
    tenth = sorted(sizes)[len(sizes) // 10] if sizes else 0
    small = min(problem.manual.parameters // _SMALL_SHARE, _SMALL)
    return max(problem.manual.parameters // _MANUAL_SHARE, tenth, small)


def new_folder(problem: str, method: str) -> Path:
    """Return a run folder that nobody has named."""
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{problem}-{method}-{stamp}"


def _plain(value: Any) -> Any:
    """Return what a decision means as the JSON it is, operations in words."""
    return value if value is None or isinstance(value, str | int | float | bool) else in_words(value)
