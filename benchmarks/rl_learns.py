"""Does the controller learn? The mean score of the last fifth of 600 trials, a3c and a2c against random, over seeds.

On a synthetic space with a known best (12 decisions of 13 options, like uno-small; the score is the share of decisions
that are right, less a penalty where two neighbours disagree, so that decisions interact), and, with --tumor, on real
trainings of the problem tumor.

    python benchmarks/rl_learns.py [--seeds 10] [--tumor]
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import write_result

import cellwright
from cellwright.methods import Search
from cellwright.methods.catalogue import method_of
from cellwright.seeds import Use, rng_for
from cellwright.space import Choice, Point, Space
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial

OPTIONS, DECISIONS, WORKERS = 13, 12, 2


def synthetic(seed: int) -> tuple[Space, Any]:
    """Return a space and a score in [0, 1] whose only best point is hidden by `seed`."""
    space = Space("hidden", (), tuple(Choice(f"d{i}", tuple(range(OPTIONS))) for i in range(DECISIONS)))
    best = rng_for(seed, Use.SPLIT).integers(0, OPTIONS, DECISIONS)

    def score(point: Point) -> float:
        right = np.array(point.values) == best
        return float(right.mean() - 0.25 * (right[1:] != right[:-1]).mean())

    return space, score


def drive(search: Search, score: Any, trials: int) -> list[float]:
    """Return the scores of trials told in order, with as many pending as workers have."""
    pending: dict[int, Proposal] = {}
    scores: list[float] = []
    number = 0
    while len(scores) < trials:
        while len(pending) <= WORKERS and (proposal := search.ask(number, pending)) is not None:
            pending[number] = proposal
            number += 1
        done = pending.pop(min(pending))
        scores.append(score(done.point))
        search.tell(Trial(done, Outcome(Status.OK, scores[-1]), "", 0.0, 0.0))
    return scores


def real(method: str, seed: int, trials: int) -> list[float]:
    """Return the scores of all trials told of a search on tumor; a failure counts 0."""
    with tempfile.TemporaryDirectory() as folder:
        problem = cellwright.problems.load("tumor")
        run = cellwright.search(
            problem, method=method, evaluations=trials, epochs=3, seed=seed, workers=WORKERS,
            max_parameters=None, out=Path(folder) / "run",
        )  # fmt: skip
        return [row["score"] or 0.0 for row in run.rows()][:trials]


def interval(values: list[float]) -> tuple[float, float]:
    """Return mean and half the width of its 95 % confidence interval (Student's t)."""
    from scipy.stats import t

    width = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values)), float(width)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--tumor", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {"trials": arguments.trials, "seeds": arguments.seeds}
    for task in ("synthetic", "tumor") if arguments.tumor else ("synthetic",):
        last: dict[str, list[float]] = {}
        for seed in range(arguments.seeds):
            for method in ("random", "a3c", "a2c"):
                if task == "synthetic":
                    space, score = synthetic(seed)
                    scores = drive(method_of(method, space, seed, Fidelity(), {}), score, arguments.trials)
                else:
                    scores = real(method, seed, arguments.trials)
                last.setdefault(method, []).append(float(np.mean(scores[-arguments.trials // 5 :])))
        result[task] = {}
        for method, means in last.items():
            mean, width = interval(means)
            gain, gain_width = interval([a - b for a, b in zip(means, last["random"], strict=True)])
            result[task][method] = {"mean": mean, "ci95": width, "gain": gain, "gain_ci95": gain_width, "all": means}
            print(f"{task:9} {method:6} {mean:.4f} +- {width:.4f}   over random {gain:+.4f} +- {gain_width:.4f}")
    write_result("rl_learns", result)


if __name__ == "__main__":
    main()
