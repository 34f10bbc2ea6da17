"""The table of finalists: each candidate over its seeds, beside the hand-designed network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.posttrain.refit import Candidate
from cellwright.trial import Outcome, Trial

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Finalists", "tabulate"]


@dataclass(frozen=True, slots=True)
class Finalists:
    """What post-training found out.

    Attributes:
        metric: the problem's, by which rows are compared.
        metrics: all that were measured.
        epochs: at most, for each network.
        seeds: for each network.
        splits: what the rows were divided by; the run's own first.
        refit: whether final weights, which the test scores are of, were learnt from training and validation rows
            together; validation scores come from a fit on training rows alone.
        rows: one a candidate, as JSON; scores are on the test rows of the run's own split, `splits` has those of all
            splits by name; ratios are the hand-designed network's value over this
            one's (parameters, training_seconds), or this one's score less the hand-designed one's (score).
    """

    metric: str
    metrics: tuple[str, ...]
    epochs: int
    seeds: int
    splits: tuple[str, ...]
    refit: bool
    rows: tuple[dict[str, Any], ...]

    def table(self) -> "pd.DataFrame":
        """Return one row a model: name, kind, parameters, training_seconds, of each metric mean and sd ("r2 sd")."""
        import pandas as pd

        flat = []
        for row in self.rows:
            scores = {name: row["scores"].get(name, {}) for name in self.metrics}
            flat.append(
                {name: row[name] for name in ("name", "kind", "parameters", "training_seconds")}
                | {name: spread.get("mean") for name, spread in scores.items()}
                | {f"{name} sd": spread.get("sd") for name, spread in scores.items()}
            )
        return pd.DataFrame(flat).astype({"parameters": "Int64", **{f"{name} sd": float for name in self.metrics}})

    def __repr__(self) -> str:
        table = self.table().drop(columns="kind")
        table["parameters"] = table["parameters"].map("{:,}".format, na_action="ignore").astype(object)
        shown = table.to_string(index=False, na_rep="", float_format="{:.4f}".format)
        notes = [f"{row['name']}: {row['note']}" for row in self.rows if row["note"]]
        seeds = f"{self.seeds} seed{'s' if self.seeds > 1 else ''}"
        return "\n".join([f"Finalists: scores on the test rows, mean and sd over {seeds}", shown, *notes])

    def to_json(self) -> dict[str, Any]:
        """Return the table as JSON."""
        return {
            "metric": self.metric,
            "metrics": list(self.metrics),
            "epochs": self.epochs,
            "seeds": self.seeds,
            "splits": list(self.splits),
            "refit": self.refit,
            "rows": [dict(row) for row in self.rows],
        }


def tabulate(
    candidates: Sequence[Candidate],
    trials: Sequence[Trial],
    *,
    metric: str,
    epochs: int,
    seeds: int,
    splits: tuple[str, ...],
    refit: bool,
    minutes: float | None = None,
) -> Finalists:
    """Return the table of all candidates, in their order; what failed, or is not finished, says so in its note.

    Args:
        minutes: the limit that may have ended it early; None: there was none.
        trials: of post-training; their points hold the candidate's position, a seed, and the split's position.
    """
    metrics = list(
        dict.fromkeys(
            name.removeprefix("test/") for trial in trials for name in trial.outcome.scores if name.startswith("test/")
        )
    )
    tables = []
    for split in range(len(splits)):
        here = [trial for trial in trials if trial.proposal.point.values[2] == split]
        rows = [
            _row(candidate, [trial for trial in here if trial.proposal.point.values[0] == index], metrics, minutes)
            for index, candidate in enumerate(candidates)
        ]
        by_hand = next((row for row in rows if row["kind"] == "manual"), None)
        tables.append([{**row, "ratios": _ratios(row, by_hand, metric)} for row in rows])
    shared = ("scores", "validation", "training_seconds", "epochs", "ratios", "note")
    for place, row in enumerate(tables[0]):
        of_split = [{key: table[place][key] for key in shared} for table in tables]
        row["splits"] = dict(zip(splits, of_split, strict=True))
    return Finalists(metric, tuple(metrics), epochs, seeds, splits, refit, tuple(tables[0]))


def _row(candidate: Candidate, trials: list[Trial], metrics: list[str], minutes: float | None) -> dict[str, Any]:
    good = [trial.outcome for trial in trials if trial.score is not None]
    errors = [trial.outcome.error for trial in trials if trial.score is None and trial.outcome.error]
    spent = [outcome.seconds for outcome in good]
    return {
        "name": candidate.name,
        "kind": candidate.kind,
        "parameters": candidate.architecture.parameters if candidate.architecture else None,
        "training_seconds": float(np.mean(spent)) if spent else None,
        "epochs": float(np.mean([outcome.scores["epochs"] for outcome in good])) if good else None,
        "scores": _spreads(good, "test", metrics),
        "validation": _spreads(good, "validation", metrics),
        "key": candidate.architecture.key if candidate.architecture else None,
        "number": candidate.number,
        "note": "; ".join(_notes(candidate, len(trials), errors, minutes)) or None,
    }


def _notes(candidate: Candidate, fits: int, errors: list[str], minutes: float | None) -> list[str]:
    """Return why scores are missing, or rest on fewer seeds than were asked for."""
    notes = [f"{len(errors)} of {fits} failed: {errors[0].strip().splitlines()[-1]}"] if errors else []
    if minutes is not None and fits < candidate.seeds:
        how_many = f"{fits} of {candidate.seeds} seeds finished" if fits else "not finished"
        limit = f"the limit of {minutes:g} minute{'' if minutes == 1 else 's'}"
        notes.append(f"{how_many} within {limit}; the same command without it goes on")
    return notes


def _spreads(outcomes: list[Outcome], part: str, metrics: list[str]) -> dict[str, dict[str, float | None]]:
    """Return each metric over seeds; none where a part has rows of one class and knows no such metric."""
    found = {name: [one.scores[key] for one in outcomes if (key := f"{part}/{name}") in one.scores] for name in metrics}
    return {name: _spread(values) for name, values in found.items() if values}


def _spread(values: list[float]) -> dict[str, float | None]:
    """Return mean and standard deviation over seeds; one seed has no deviation."""
    return {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None}


def _ratios(row: dict[str, Any], by_hand: dict[str, Any] | None, metric: str) -> dict[str, float | None]:
    if by_hand is None:
        return {"parameters": None, "training_seconds": None, "score": None}
    score = None
    if metric in row["scores"] and metric in by_hand["scores"]:
        score = row["scores"][metric]["mean"] - by_hand["scores"][metric]["mean"]
    return {
        "parameters": _over(by_hand["parameters"], row["parameters"]),
        "training_seconds": _over(by_hand["training_seconds"], row["training_seconds"]),
        "score": score,
    }


def _over(above: float | None, below: float | None) -> float | None:
    return above / below if above and below else None
