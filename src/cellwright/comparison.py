"""Runs side by side: what each reached, how soon, and in what they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cellwright.errors import UsageError
from cellwright.finals import Spread, read_finals
from cellwright.problem import Problem
from cellwright.space import Space
from cellwright.store.folder import Request
from cellwright.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Compared", "Comparison", "compare", "settings"]

_COLUMNS = ("run", "score", "parameters", "test", "test_sd", "trials", "networks", "seconds")


class _Told(Protocol):
    @property
    def trials(self) -> Sequence[Trial]: ...


class _Source(Protocol):
    """What is compared of a run."""

    folder: Path
    request: Request
    problem: Problem
    space: Space

    def replay(self) -> _Told: ...

    def summary(self) -> dict[str, Any]: ...

    def limits(self) -> tuple[int | None, float | None]: ...


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the runs.

    Attributes:
        run: its folder.
        score: of its best network, the mean over its tries; None: no network succeeded.
        parameters: of that network.
        test: mean over seeds on the test rows of the network that post-training chose; None: there was none.
        trials: that were evaluated.
        networks: different ones among them.
        seconds: for which it searched.
        reached: trials and seconds until its best single trial was as good as that of the worst of the runs.
        records: (seconds, trials, score) of each single trial that was better than all before it.
        settings: what was asked for, in words, by name.
    """

    run: str
    score: float | None
    parameters: int | None
    test: Spread | None
    trials: int
    networks: int
    seconds: float
    reached: tuple[int, float] | None
    records: tuple[tuple[float, int, float], ...]
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side.

    Attributes:
        metric: of all scores.
        runs: in the order given.
        common: the score that each of them reached; None: one has none.
        cautions: sentences on why the scores of these runs may say little about each other; none: they may be compared.
    """

    metric: str
    runs: tuple[Compared, ...]
    common: float | None
    cautions: tuple[str, ...]

    @property
    def differences(self) -> dict[str, list[str | None]]:
        """The settings that are not the same in all runs, with what each has; None: nothing of the kind."""
        names = dict.fromkeys(name for run in self.runs for name in run.settings)
        said = {name: [run.settings.get(name) for run in self.runs] for name in names}
        return {name: values for name, values in said.items() if len(set(values)) > 1}

    def table(self) -> "pd.DataFrame":
        """Return one row a run; `reached_trials` and `reached_seconds` are those of `Compared.reached`."""
        import pandas as pd

        rows = []
        for run in self.runs:
            row: dict[str, Any] = {name: getattr(run, name) for name in _COLUMNS if not name.startswith("test")}
            row |= {"test": run.test and run.test.mean, "test_sd": run.test and run.test.sd}
            row |= dict(zip(("reached_trials", "reached_seconds"), run.reached or (None, None), strict=True))
            rows.append(row)
        return pd.DataFrame(rows, columns=[*_COLUMNS, "reached_trials", "reached_seconds"])

    def __repr__(self) -> str:
        lines = [f"Comparison of {len(self.runs)} runs by {self.metric}", self.table().to_string(index=False)]
        return "\n".join([*lines, *self.cautions])


def compare(*runs: _Source) -> Comparison:
    """Return runs side by side.

    What is returned prints as a table; its `table()` is a data frame with a row a run, `differences` are the settings
    that are not the same in all, and `cautions` say why scores may not compare.

    Raises:
        UsageError: there are fewer than two, or their scores are different metrics.
        RunError: a log or a final table is damaged.
    """
    if len(runs) < 2 or not all(hasattr(run, "replay") for run in runs):
        raise UsageError("compare takes two runs or more, as in cellwright.compare(Run('one'), Run('other'))")
    metrics = {str(run.folder): run.problem.metric for run in runs}
    if len({*metrics.values()}) > 1:
        said = ", ".join(f"{metric} in {folder!r}" for folder, metric in metrics.items())
        raise UsageError(f"scores of different metrics do not compare: {said}")
    records = [_records(run.replay().trials) for run in runs]
    bests = [of_run[-1][2] for of_run in records if of_run]
    common = min(bests) if len(bests) == len(runs) else None
    compared = tuple(_compared(run, of_run, common) for run, of_run in zip(runs, records, strict=True))
    return Comparison(runs[0].problem.metric, compared, common, (*_cautions(runs), *_other_networks(runs)))


def settings(request: Request, space: Space, limits: tuple[int | None, float | None]) -> dict[str, str]:
    """Return what was asked for, in words, by name; what was not asked for is not among it.

    Args:
        limits: evaluations and minutes after which the run ends.
    """
    fidelity = request.fidelity
    said = {
        "method": request.method,
        **{f"option {name}": value for name, value in request.options.items()},
        "seed": request.seed,
        "space": f"{space.name} (fingerprint {space.fingerprint})",
        "epochs": fidelity.epochs,
        "fraction of the training rows": f"{100 * fidelity.fraction:.3g}%",
        "training time limit": fidelity.seconds and f"{fidelity.seconds:,.12g} s",
        "cross-validation folds": fidelity.folds if fidelity.folds > 1 else None,
        "re-evaluations of leaders": request.replicates or None,
        "successive halving": request.halving,
        "objectives": ", ".join(request.objectives) or None,
        "limit on evaluations": limits[0],
        "limit on minutes": limits[1],
        "limit on parameters": request.max_parameters,
        **{f"limit on {name}": f"{most:,.12g}" for name, most in request.at_most.items()},
        "workers": request.workers,
        "time limit of a trial": request.timeout and f"{request.timeout:,.12g} s",
        "device": request.device,
        "recipe": ", ".join(f"{name} {value}" for name, value in request.recipe.items()),
        "versions": ", ".join(f"{name} {version}" for name, version in request.versions.items()),
    }
    return {name: _in_words(value) for name, value in said.items() if value is not None}


def _in_words(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:,.12g}" if number else str(value)


def _compared(run: _Source, records: tuple[tuple[float, int, float], ...], common: float | None) -> Compared:
    summary, finals = run.summary(), read_finals(run.folder)
    best = summary["best"] or {"score": None, "parameters": None}
    chosen = finals.chosen if finals else None
    reached = next((record for record in records if common is not None and record[2] >= common), None)
    return Compared(
        run=str(run.folder),
        score=best["score"],
        parameters=best["parameters"],
        test=chosen.scores.get(run.problem.metric) if chosen else None,
        trials=summary["trials"],
        networks=summary["networks"],
        seconds=summary["seconds"],
        reached=None if reached is None else (reached[1], reached[0]),
        records=records,
        settings={
            "problem": run.problem.name,
            "split": f"{run.problem.division}, seed {run.problem.division.seed}",
            **settings(run.request, run.space, run.limits()),
        },
    )


def _records(trials: Sequence[Trial]) -> tuple[tuple[float, int, float], ...]:
    """Return when, after how many evaluated trials, and at what score a trial beat all before it.

    Trials that were not trained as far as those trained furthest do not count, as in every other ranking.
    """
    done = sorted((trial for trial in trials if trial.evaluated), key=lambda trial: trial.finished)
    furthest = max((trial.passes for trial in done if trial.score is not None), default=0.0)
    found: list[tuple[float, int, float]] = []
    for count, trial in enumerate(done, 1):
        better = trial.score is not None and trial.passes == furthest and (not found or trial.score > found[-1][2])
        if better and trial.score is not None:
            found.append((trial.finished, count, trial.score))
    return tuple(found)


def _other_networks(runs: Sequence[_Source]) -> list[str]:
    """Return which test scores are of another network than the best of the search."""
    said = []
    for run in runs:
        best, finals = run.summary()["best"], read_finals(run.folder)
        chosen = finals.chosen if finals else None
        if best and chosen and chosen.number not in (None, best["number"]):
            size = f" ({chosen.parameters:,} parameters)" if chosen.parameters else ""
            said.append(
                f"{run.folder}: score and parameters are those of trial {best['number']}, the test score is that of "
                f"trial {chosen.number}{size}, which post-training chose on the validation rows."
            )
    return said


def _cautions(runs: Sequence[_Source]) -> list[str]:
    first, *others = (run.problem.data() for run in runs)
    same = all(np.array_equal(dataset.target, first[0].target) for dataset, _ in others)
    if not same:
        return ["The runs are about different data: their scores do not compare."]
    said = []
    parts = {
        name: all(np.array_equal(getattr(split, name), getattr(first[1], name)) for _, split in others)
        for name in ("train", "validation", "test")
    }
    if not parts["test"]:
        said.append("The rows are split differently, so that test scores are of different rows.")
    if not (parts["train"] and parts["validation"]):
        said.append("Training and validation rows differ between the runs: a higher score may be that of easier rows.")
    if len({run.request.fidelity.folds for run in runs}) > 1:
        said.append("Scores of the search are cross-validated in different ways: only test scores compare.")
    if (
        len(
            {(run.request.fidelity.epochs, run.request.fidelity.fraction, run.request.fidelity.seconds) for run in runs}
        )
        > 1
    ):
        said.append("Networks were trained for different times or on different shares of the rows.")
    if len({run.request.workers for run in runs}) > 1:
        said.append("The runs had different numbers of workers: compare them by trials rather than by time.")
    return said
