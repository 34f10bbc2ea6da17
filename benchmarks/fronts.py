"""Which search of two objectives finds the best front? On tables of real trainings: score against training seconds.

Of each search the hypervolume of what it found, as a share of that of the whole table's front; scores are measured from
the table's median to its best, seconds by their logarithm from the median down to the least. One worker.

    python benchmarks/fronts.py [METHOD...] [--seeds 3] [--evaluations 500] [--tasks NAME...] [--page]

Optuna's own (optuna-tpe, optuna-nsga2) weigh both objectives themselves. Needs the dependency groups "benchmarks" and
"peers". Writes benchmarks/results/fronts.json and docs/results/fronts.md from all methods that were ever run.
"""

import argparse
import multiprocessing
import os
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import moocore
import numpy as np
import tables
from common import DOCS, kept, machine_in_words, rank_sections, write_result
from peers import Optuna

from cellwright.methods import Search
from cellwright.methods.catalogue import method_of
from cellwright.trial import Fidelity

METHODS = ("auto", "surrogate", "evolution", "local", "ppo", "random", "optuna-tpe", "optuna-nsga2")
OBJECTIVES = ("score", "-seconds")
MARKS = (50, 100, 200, 500)
PAGE = DOCS / "results" / "fronts.md"


def volume(task: tables.TableTask, scores: np.ndarray, seconds: np.ndarray) -> float:
    """Return the hypervolume of points (points,), those without a score left out; 1: a point that is best in both."""
    logs = np.log(task.seconds[~np.isnan(task.scores)])
    there = ~np.isnan(scores)
    losses = task.regret(scores[there])
    costs = (np.log(seconds[there]) - logs.min()) / max(np.median(logs) - logs.min(), 1e-12)
    return float(moocore.hypervolume(np.column_stack([losses, costs]), ref=np.ones(2)))


def search_of(method: str, task: tables.TableTask, seed: int) -> Search:
    """Return a search by its name, ours or Optuna's."""
    owner, _, sampler = method.partition("-")
    if owner == "optuna":
        return Optuna(task.space, seed, sampler, [lambda trial: trial.outcome.seconds])
    return method_of(method, task.space, seed, Fidelity(), {}, objectives=OBJECTIVES)


def one(job: tuple[str, str, int, int]) -> list[float]:
    """Return the share of the whole front's hypervolume after each number of evaluations in MARKS."""
    method, name, seed, evaluations = job
    task = tables.load(name)
    trials = task.searched(search_of(method, task, seed), evaluations)
    scores = np.array([np.nan if trial.score is None else trial.score for trial in trials])
    seconds = np.array([trial.outcome.seconds for trial in trials])
    whole = volume(task, task.scores, task.seconds)
    return [volume(task, scores[:mark], seconds[:mark]) / whole for mark in MARKS if mark <= evaluations]


def text(results: dict[str, dict[str, list[list[float]]]]) -> list[str]:
    """Return the page: a table for each number of evaluations."""
    lines = [
        "# Two objectives", "",
        "Made by `benchmarks/fronts.py`: score against training seconds, on the tables of",
        "[searches compared](search.md), one worker. Scores count from the median to the best, seconds by their",
        "logarithm from the median to the least. What was found is measured by its hypervolume (moocore): the columns",
        "say how much of that of the table's whole front is missing, in percent. `optuna-` are Optuna's searches of",
        "several objectives; ours are told how a trial stands among those before it. p is of a paired test (Wilcoxon)",
        "of mean ranks, against the first.",
    ]  # fmt: skip
    tasks = [task for task in tables.names() if all(task in of for of in results.values())]
    missing = {name: {task: 1 - np.array(of[task]) for task in tasks} for name, of in results.items()}
    return [*lines, *rank_sections(missing, tasks, MARKS, "task"), "", f"{machine_in_words()}."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="*", default=METHODS)
    parser.add_argument("--tasks", nargs="*", default=tables.names())
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=MARKS[-1])
    parser.add_argument("--page", action="store_true", help="write the page from the results that are there")
    arguments = parser.parse_args()
    results: dict[str, Any] = kept("fronts").get("shares", {})
    for method in () if arguments.page else arguments.methods:
        jobs = [
            (method, task, seed, arguments.evaluations) for task in arguments.tasks for seed in range(arguments.seeds)
        ]
        with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
            shares = pool.map(one, jobs, chunksize=1)
        results[method] = {task: [] for task in arguments.tasks}
        for (_, task, *_), of in zip(jobs, shares, strict=True):
            results[method][task].append([round(share, 5) for share in of])
        at_end = np.mean([run[-1] for of in results[method].values() for run in of])
        print(f"{method}: {at_end:.3f} of the hypervolume after {arguments.evaluations} evaluations", flush=True)
        write_result("fronts", {"marks": MARKS, "shares": results})
    if all(len(run) == len(MARKS) for of in results.values() for runs in of.values() for run in runs):
        PAGE.write_text("\n".join(text(results)) + "\n")


if __name__ == "__main__":
    main()
