"""A run folder: what can be asked of it, and done with it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.data.arguments import function, path, real, texts, truth, whole
from cellwright.drive import drive
from cellwright.errors import UsageError
from cellwright.limits import Limits
from cellwright.methods.catalogue import method_of
from cellwright.methods.confirmed import leaders, ranked
from cellwright.methods.objectives import front, thinned, values_of
from cellwright.replay import Reason, Replayed, replay
from cellwright.space import Architecture, Point, space_from_json
from cellwright.space.draw import in_words
from cellwright.store import JsonLog
from cellwright.store.folder import LOG, open_folder
from cellwright.trial import Trial
from cellwright.trial_table import trial_table

if TYPE_CHECKING:
    import pandas as pd

    from cellwright.posttrain import Finalists

__all__ = ["Observer", "Run"]

_KEPT = "kept"  # networks whose training was left off, and weights to inherit
Observer = Callable[[Trial], None]


class Run:
    """A run folder: what was asked for and what came of it.

    Attributes:
        folder: where it is.
        request: what was asked for.
        problem: what must be learned.
        space: what may be built.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = path("the folder of a run", folder)
        self.request, self.problem = open_folder(self.folder)
        self.space = space_from_json(dict(self.request.space))

    def __repr__(self) -> str:
        summary = self.summary()
        best = summary["best"]
        made = f"{summary['trials']:,} trials of {summary['networks']:,} networks, {summary['failed']:,} failed"
        lines = [
            f"Run({str(self.folder)!r}): {self.problem.name} by {self.request.method}, {summary['state']}",
            f"  {made}, in {summary['seconds']:,.0f} s",
        ]
        if best:
            size = "" if best["parameters"] is None else f", {best['parameters']:,} parameters"
            lines.append(f"  best: trial {best['number']}, {summary['metric']} {best['score']:.4f}{size}")
        return "\n".join(lines)

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
        from cellwright.train import Recipe, Train, check_device

        request = self.request
        check_device(request.device)
        self.problem.data()  # or no trial could be made
        workers = request.workers if workers is None else workers
        if evaluations is None and minutes is None:
            evaluations, minutes = self.limits()
        limits = Limits(evaluations, minutes, request.max_parameters, at_most=request.at_most)
        options = dict(request.options)
        method = method_of(
            request.method,
            self.space,
            request.seed,
            request.fidelity,
            options,
            objectives=request.objectives,
            replicates=request.replicates,
            halving=request.halving,
            starts=[self.space.point(values) for values in request.starts],
        )
        recipe = Recipe(**request.recipe)
        train = Train(self.problem, self.space, request.seed, recipe, request.device, self.folder / _KEPT)
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
        """Return one row a trial, in the order in which they ended, with a column for each decision of the space."""
        return trial_table(self.rows(), [decision.name for decision in self.space.decisions])

    def best(self, top: int = 5) -> "pd.DataFrame":
        """Return the best networks, best first, one row each; columns as of `trials`, `estimate` and `tries`.

        `score` is the mean over all tries of a network (`tries`), and `estimate`, by which they are ranked, that mean
        shrunk towards the median of all networks: the fewer the tries, the more of a high score is luck.
        """
        return trial_table(self.best_rows(top), [decision.name for decision in self.space.decisions])

    def curve(self, number: int) -> "pd.DataFrame":
        """Return the learning curve of a trial: columns epochs and score, on the validation rows.

        Of a cross-validated trial it is that of the first part; of one that goes on with the training of another, it
        begins where that ended. A trial without a score has none.

        Raises:
            UsageError: there is no such trial.
        """
        import pandas as pd

        number = whole("the number of a trial", number)
        found = next((trial for trial in self.replay().trials if trial.number == number), None)
        if found is None:
            raise UsageError(f"there is no trial {number} in {str(self.folder)!r}")
        return pd.DataFrame(list(found.outcome.curve), columns=["epochs", "score"], dtype=float)

    def best_rows(self, top: int) -> list[dict[str, Any]]:
        """Return the rows of the best networks, best first, with estimate and tries."""
        leading = {leader.trial.number: leader for leader in leaders(list(self.replay().trials))}
        rows = {row["number"]: row for row in self.rows()}
        return [
            {
                **rows[trial.number],
                "score": trial.score,
                "seconds": trial.outcome.seconds,
                "estimate": leading[trial.number].estimate,
                "tries": leading[trial.number].tries,
            }
            for trial, _ in self.leaders(top)
        ]

    def rows(self) -> list[dict[str, Any]]:
        """Return the trials as JSON, in the order told; `point` has what each decision means, None: switched off."""
        return [
            {
                "number": trial.number,
                "status": trial.outcome.status.value,
                "score": trial.score,
                "parameters": trial.outcome.parameters,
                "seconds": trial.outcome.seconds,
                "microseconds": trial.outcome.microseconds,
                "key": trial.key,
                "point": self._meanings(trial.proposal.point),
                "error": trial.outcome.error,
                "scores": dict(trial.outcome.scores),
                "curve": [list(point) for point in trial.outcome.curve],
                "source": trial.outcome.source,
                "replicate": trial.proposal.fidelity.replicate,
                "epochs": trial.passes,
                "started": trial.started,
                "finished": trial.finished,
                "worker": trial.worker,
            }
            for trial in self.replay().trials
        ]

    def _meanings(self, point: Point) -> dict[str, Any]:
        named = self.space.named(point)
        return {decision.name: _plain(named.get(decision.name)) for decision in self.space.decisions}

    def leaders(self, top: int) -> list[tuple[Trial, Architecture]]:
        """Return the best trials with what they built, equal architectures once, best score first.

        With several objectives: trials spread along the front.
        """
        top = whole("top", top, 1)
        best = ranked(self.replay().trials)
        if len(self.request.objectives) > 1:
            best = [trial for trial, _ in self._front(best)]
            values = np.array([values_of(trial, self.request.objectives, self.space) for trial in best])
            best = [best[place] for place in sorted(thinned(values, top))]
        return [(trial, self.space.architecture(trial.proposal.point)) for trial in best[:top]]

    def front(self) -> list[tuple[Trial, dict[str, float]]]:
        """Return the trials on the Pareto front, with the value of each objective, best score first.

        Where the score alone counts, it is traded against the number of parameters here.
        """
        return self._front(ranked(self.replay().trials))

    def _front(self, leaders: list[Trial]) -> list[tuple[Trial, dict[str, float]]]:
        leaders = [trial for trial in leaders if trial.passes == leaders[0].passes]  # those trained furthest come first
        objectives = self.request.objectives
        objectives = objectives if len(objectives) > 1 else (self.problem.metric, "-parameters")
        values = np.array([values_of(trial, objectives, self.space) for trial in leaders]).reshape(-1, len(objectives))
        names = [name.removeprefix("-") for name in objectives]
        signs = np.array([-1.0 if name.startswith("-") else 1.0 for name in objectives])
        return [
            (trial, dict(zip(names, (signs * reached).tolist(), strict=True)))
            for trial, reached, best in zip(leaders, values, front(values), strict=True)
            if best
        ]

    def summary(self) -> dict[str, Any]:
        """Return the run in short: run, state, trials, failed, best, utilisation, seconds."""
        state = self.replay()
        done = [trial for trial in state.trials if trial.evaluated]
        failed = [trial for trial in done if trial.score is None and not trial.over]
        leaders = ranked(state.trials)
        best = next(iter(leaders), None)
        busy = sum(trial.finished - trial.started for trial in done)
        return {
            "run": str(self.folder),
            "problem": self.problem.name,
            "method": self.request.method,
            "metric": self.problem.metric,
            "folds": self.request.fidelity.folds,
            "state": state.reason.value if state.reason else "unfinished",
            "trials": len(done),
            "networks": len({trial.key for trial in done}),
            "cached": sum(trial.outcome.status.value == "cached" for trial in state.trials),
            "rejected": sum(trial.over for trial in state.trials),
            "repeated": sum(trial.proposal.fidelity.replicate > 0 for trial in done),
            "failed": len(failed),
            "best": None
            if best is None
            else {
                "number": best.number,
                "score": best.score,
                "parameters": best.outcome.parameters,
                "epochs": best.passes,
            },
            "epochs": self.request.fidelity.epochs,
            "objectives": list(self.request.objectives) or [self.problem.metric],
            "front": [{"number": trial.number, **reached} for trial, reached in self._front(leaders)],
            "utilisation": busy / state.offered if state.offered > 0 else None,
            "seconds": state.clock,
            "notes": list(self.problem.notes),
        }

    def posttrain(
        self,
        *,
        top: int = 5,
        epochs: int | None = None,
        seeds: int = 3,
        patience: int | None = None,
        against: Sequence[str] | None = None,
        splits: Sequence[str] = (),
        refit: bool | None = None,
        workers: int | None = None,
        minutes: float | None = None,
        timeout: float | None = None,
        observe: Observer = lambda _: None,
    ) -> "Finalists":
        """Retrain the leaders beside the baselines; arguments as of `cellwright.posttrain.posttrain`."""
        from cellwright.posttrain import AGAINST, posttrain

        for name, value in (("top", top), ("seeds", seeds), ("epochs", epochs), ("patience", patience)):
            if value is not None or name in ("top", "seeds"):
                whole(name, value, 1)
        if workers is not None:
            whole("workers", workers, 1)
        if timeout is not None:
            real("timeout", timeout, 0)
        if refit is not None:
            truth("refit", refit)
        function("observe", observe, "a trial")
        splits = texts("splits", splits)
        against = None if against is None else texts("against", against)
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
            minutes=minutes,
            timeout=timeout,
            observe=observe,
        )

    def report(self, out: str | Path | None = None, *, against: Sequence["Run"] = ()) -> Path:
        """Write the HTML report and return its path; `against` are runs that are shown beside this one."""
        from cellwright.report import write_report

        where = path("out", out) if out is not None else self.folder / "report.html"
        return write_report(self, where, [against] if isinstance(against, Run) else list(against))


def _plain(value: Any) -> Any:
    """Return what a decision means as the JSON it is, operations in words."""
    return value if value is None or isinstance(value, str | int | float | bool) else in_words(value)
