"""Which search finds the best where decisions are numbers? On functions that others measure such searches by.

Ten functions of 2 to 8 numbers, each over its usual box, moved where the best would be in its middle. Regret is that of
the best score told, normalised as on tables: 0 is the best there is, 1 the median of 2,000 random points. One worker;
tpe, gp and cmaes are others' searches, by the adapters.

    python benchmarks/functions.py [METHOD...] [--seeds 5] [--page]

Needs the extra "hpo". Writes benchmarks/results/functions.json and docs/results/functions.md from all methods that were
ever run.
"""

import argparse
import multiprocessing
import os
from collections.abc import Callable
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from common import DOCS, kept, machine_in_words, rank_sections, write_result
from tables import in_virtual_time

from cellwright.limits import Limits
from cellwright.methods.catalogue import method_of
from cellwright.space import Float, Space
from cellwright.trial import Fidelity, Outcome, Proposal, Status

METHODS = ("auto", "ppo", "surrogate", "local", "evolution", "agebo", "random", "tpe", "gp", "cmaes")
MARKS = (25, 50, 100, 200)
SLOW = {"gp": 50}  # methods that take minutes -> evaluations
PAGE = DOCS / "results" / "functions.md"

_HARTMANN = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_CENTRES = 1e-4 * np.array([
    [1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
    [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381],
])  # fmt: skip


def hartmann(x: np.ndarray) -> float:
    return float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(_HARTMANN * (x - _CENTRES) ** 2).sum(axis=1)))


def branin(x: np.ndarray) -> float:
    curve = x[1] - 5.1 / (4 * np.pi**2) * x[0] ** 2 + 5 / np.pi * x[0] - 6
    return -float(curve**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x[0]) + 10)


def rosenbrock(x: np.ndarray) -> float:
    return -float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def ackley(x: np.ndarray) -> float:
    return float(20 * np.exp(-0.2 * np.sqrt((x**2).mean())) + np.exp(np.cos(2 * np.pi * x).mean()) - 20 - np.e)


def levy(x: np.ndarray) -> float:
    w = 1 + (x - 1) / 4
    middle = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)
    return -float(np.sin(np.pi * w[0]) ** 2 + middle.sum() + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2))


class Function(NamedTuple):
    """A function to be maximised, its box, the same or another for each number, and its best value."""

    of: Callable[[np.ndarray], float]
    box: tuple[tuple[float, float], ...]
    best: float


def griewank(x: np.ndarray) -> float:
    return -float(1 + (x**2).sum() / 4000 - np.cos(x / np.sqrt(1 + np.arange(len(x)))).prod())


def rastrigin(x: np.ndarray) -> float:
    return -float((x**2 - 10 * np.cos(2 * np.pi * x) + 10).sum())


def styblinski(x: np.ndarray) -> float:
    return -float((x**4 - 16 * x**2 + 5 * x).sum() / 2)


def zakharov(x: np.ndarray) -> float:
    weighted = (0.5 * (1 + np.arange(len(x))) * x).sum()
    return -float((x**2).sum() + weighted**2 + weighted**4)


def beale(x: np.ndarray) -> float:
    return -float(sum((c - x[0] + x[0] * x[1] ** power) ** 2 for power, c in ((1, 1.5), (2, 2.25), (3, 2.625))))


#: name/numbers -> function
FUNCTIONS = {
    "hartmann/6": Function(hartmann, ((0, 1),) * 6, 3.32237),
    "branin/2": Function(branin, ((-5, 10), (0, 15)), -0.397887),
    "rosenbrock/5": Function(rosenbrock, ((-2, 2),) * 5, 0.0),
    "ackley/6": Function(ackley, ((-7.4, 12.6),) * 6, 0.0),
    "levy/8": Function(levy, ((-10, 10),) * 8, 0.0),
    "griewank/6": Function(griewank, ((-70, 130),) * 6, 0.0),
    "rastrigin/4": Function(rastrigin, ((-4, 6.24),) * 4, 0.0),
    "styblinski/6": Function(styblinski, ((-5, 5),) * 6, 6 * 39.16616570),
    "zakharov/5": Function(zakharov, ((-5, 10),) * 5, 0.0),
    "beale/2": Function(beale, ((-4.5, 4.5),) * 2, 0.0),
}


def one(job: tuple[str, str, int]) -> list[float]:
    """Return the regret after each number of evaluations in MARKS that a method comes to."""
    method, name, seed = job
    torch.set_num_threads(1)
    of, box, best = FUNCTIONS[name]
    space = Space(name.replace("/", "-"), (), tuple(Float(f"x{place}", *ends) for place, ends in enumerate(box)))

    def evaluate(proposal: Proposal) -> Outcome:
        return Outcome(Status.OK, of(np.array(proposal.point.values)), parameters=1, seconds=1.0)

    evaluations = SLOW.get(method, MARKS[-1])
    search = method_of(method, space, seed, Fidelity(), {})
    trials = in_virtual_time(evaluate, search, space, Limits(evaluations=evaluations))
    reached = np.maximum.accumulate([-np.inf if trial.score is None else trial.score for trial in trials])
    low, high = np.array(box).T
    drawn = np.random.default_rng(0).uniform(low, high, (2000, len(box)))
    median = float(np.median([of(x) for x in drawn]))
    return [round((best - reached[mark - 1]) / (best - median), 6) for mark in MARKS if mark <= evaluations]


def text(results: dict[str, dict[str, list[list[float]]]]) -> list[str]:
    """Return the page: a table for each number of evaluations."""
    lines = [
        "# Decisions that are numbers", "",
        "Made by `benchmarks/functions.py`: functions of real numbers by which others measure searches of",
        "hyperparameters, one worker. Regret in percent of the way from the best there is to the median of random",
        "points. tpe, gp and cmaes are others' searches, by the adapters. p is of a paired test (Wilcoxon) of mean",
        "ranks, against the first.",
    ]  # fmt: skip
    return [*lines, *rank_sections(results, list(FUNCTIONS), MARKS, "function"), "", f"{machine_in_words()}."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="*", default=METHODS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--page", action="store_true", help="write the page from the results that are there")
    arguments = parser.parse_args()
    results: dict[str, Any] = kept("functions").get("regret", {})
    for method in () if arguments.page else arguments.methods:
        jobs = [(method, name, seed) for name in FUNCTIONS for seed in range(arguments.seeds)]
        with multiprocessing.get_context("fork").Pool(arguments.processes) as pool:
            found = pool.map(one, jobs, chunksize=1)
        results[method] = {name: [] for name in FUNCTIONS}
        for (_, name, _), of in zip(jobs, found, strict=True):
            results[method][name].append(of)
        print(f"{method}: {np.mean([of[-1] for of in found]):.4f} is left at the end", flush=True)
        write_result("functions", {"marks": MARKS, "regret": results})
    PAGE.write_text("\n".join(text(results)) + "\n")


if __name__ == "__main__":
    main()
