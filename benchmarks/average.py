"""What it is worth to keep the mean of a network's weights over its training, in place of the last ones.

Each problem's first two starting points and, with --hand, its hand-designed network are trained with the last weights
and with means; scores are of the validation rows, at the best epoch (as post-training has it) and the last (as a
search).

    python benchmarks/average.py [--shared DIR] [--seeds 3] [--hand]

Writes benchmarks/results/average.json and docs/results/average.md. Data that is not in --shared is left out.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import DOCS, SHARED, machine_in_words, plus_minus, print_in_turn, problem_of, write_result

import cellwright as cw
from cellwright.data.splits import Division
from cellwright.train import Recipe
from cellwright.train.fit import fit
from cellwright.trial import Fidelity

PAGE = DOCS / "results" / "average.md"
#: problem, data below --shared, what keeps rows together, epochs, share of the training rows
TASKS = {
    "GDSC1, by row": ("uno", None, "row", 9, 0.05),
    "NCI-ALMANAC, by pair": ("combo", "combo-almanac", "pair", 6, 0.5),
    "O'Neil doses, by curve": ("uno", "uno-dose", "pair", 15, 1.0),
    "Tissue of origin": ("tissue", None, "row", 20, 1.0),
}
AVERAGES = (None, 1.0, 6.0)
BY_HAND = "by hand"


def one(job: tuple[str, str, int, Path]) -> str:
    """Train a network with each average."""
    import torch

    torch.set_num_threads(1)
    task, which, seed, shared = job
    name, data, split, epochs, fraction = TASKS[task]
    problem = problem_of(name, data, Division(split), shared)
    space = cw.problems.space(problem)
    by_hand = which == BY_HAND
    network = problem.manual if by_hand else space.architecture(cw.problems.starts(problem, space)[int(which)])
    assert network is not None
    found: list[dict[str, Any]] = []
    for average in AVERAGES:
        history = fit(
            network,
            problem,
            Fidelity(epochs, fraction),
            recipe=Recipe(patience=None, average=average),
            seed=seed,
            subset_seed=1,
        ).history
        found.append({"average": average, "best": max(history), "last": history[-1]})
    return json.dumps({"task": task, "network": which, "seed": seed, "scores": found})


def page(runs: list[dict[str, Any]]) -> None:
    """Write the page."""
    text = [
        "# The mean of weights over training",
        "",
        "Made by `benchmarks/average.py`. *Average* is the power of a step's number by which its weights count; none:",
        "the last weights. Scores are of the validation rows: R2, or for tissue the log loss with a minus; means over",
        "networks and seeds, and the gain over the last weights, pair by pair, ± standard error.",
        "",
        "| problem | network | average | best epoch | last epoch | gain, best epoch | gain, last epoch |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for task in TASKS:
        for title, by_hand in (("two starting points", False), (BY_HAND, True)):
            of = [run for run in runs if run["task"] == task and (run["network"] == BY_HAND) == by_hand]
            for place, average in enumerate(AVERAGES if of else ()):
                means, gains = [], []
                for what in ("best", "last"):
                    values = np.array([run["scores"][place][what] for run in of])
                    means.append(f"{values.mean():.4f}")
                    apart = values - [run["scores"][0][what] for run in of]
                    gains.append(plus_minus(apart) if average is not None else "")
                named = "none" if average is None else f"{average:g}"
                text.append(f"| {task} | {title} | {named} | {' | '.join([*means, *gains])} |")
    text += ["", f"{machine_in_words()}. [Figures](../../benchmarks/results/average.json)."]
    PAGE.write_text("\n".join(text) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--hand", action="store_true", help="the hand-designed networks of doses and pairs too: slow")
    arguments = parser.parse_args()
    jobs = [
        (task, which, seed, arguments.shared)
        for task, (name, data, *_) in TASKS.items()
        if data is None or (arguments.shared / data).exists()
        for which in ("0", "1", *([BY_HAND] if arguments.hand and name != "tissue" and data else []))
        for seed in range(1, arguments.seeds + 1)
    ]
    runs = [json.loads(line) for line in print_in_turn(one, jobs, os.cpu_count() or 1)]
    write_result("average", {"runs": runs})
    page(runs)


if __name__ == "__main__":
    main()
