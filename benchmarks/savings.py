"""What halving saves, and whether inherited weights pay: searches of all or a third of the minutes, in real training.

On drug response (GDSC1) and on doses (O'Neil), one worker each, two searches at a time, the variants in turn. The best
network of each search is then trained from the beginning with two other seeds, for all epochs: what a search calls its
best score is partly luck, and with inherited weights partly its ancestors' training.

    python benchmarks/savings.py run [VARIANT...] [--tasks TASK...] [--seeds 5] [--minutes 6] [--out runs/savings]
        [--shared DIR]
    python benchmarks/savings.py page [--out ...]

`run` goes on where it was stopped; a variant is named by its first words. `page` writes benchmarks/results/savings.json
and docs/results/savings.md; of a variant that --out holds nothing of, it keeps the figures, unless what it is compared
with was run again. The doses are taken from --shared; without them, they are left out.
"""

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import (
    DOCS,
    SHARED,
    at_hand,
    kept,
    machine_in_words,
    older,
    plus_minus,
    print_in_turn,
    problem_of,
    run_in,
    since,
    write_result,
)

from cellwright.data.splits import Division
from cellwright.train import Recipe, Train
from cellwright.trial import Proposal

PAGE = DOCS / "results" / "savings.md"
EPOCHS = 9
#: data below --shared (None: the problem's own), what keeps rows together, share of the training rows, what is tried
#: first (None: what the problem knows to be good)
TASKS: dict[str, tuple[str | None, str, float, tuple[()] | None]] = {
    "uno-unaided": (None, "row", 0.05, ()),
    "uno": (None, "row", 0.05, None),
    "doses": ("uno-dose", "pair", 1.0, None),
}
TITLES = {
    "uno-unaided": "GDSC1, 5 % of the rows, from random points",
    "uno": "GDSC1, 5 % of the rows, from points known to be good",
    "doses": "O'Neil doses by curve, all rows, from points known to be good",
}
_SMALL = {"population": 20, "sample": 5}  # children must come within the minutes
#: variant -> share of the minutes, method, options, halving
VARIANTS: dict[str, tuple[float, str, dict[str, Any], str | None]] = {
    "full": (1.0, "auto", {}, None),
    "asha, a third of the time": (1 / 3, "auto", {}, "asha"),
    "hyperband, a third of the time": (1 / 3, "auto", {}, "hyperband"),
    "full, a third of the time": (1 / 3, "auto", {}, None),
    "evolution": (1.0, "evolution", _SMALL, None),
    "evolution, weights inherited": (1.0, "evolution", {**_SMALL, "inherit": True}, None),
}


def base_of(variant: str) -> str:
    """Return the full search that a variant is compared with."""
    return "evolution" if "evolution" in variant else "full"


def one(job: tuple[str, str, int, float, Path, Path]) -> str:
    """Search, or go on, until the minutes are up; train the leader again."""
    task, variant, seed, minutes, out, shared = job
    share, method, options, halving = VARIANTS[variant]
    data, split, fraction, starts = TASKS[task]
    folder = out / f"{task}-{variant.replace(', ', '-').replace(' ', '-')}-{seed}"
    problem = partial(problem_of, "uno", data, Division(split), shared)
    run = run_in(
        folder, problem, minutes=share * minutes, method=method, options=options, halving=halving, workers=1,
        epochs=EPOCHS, fraction=fraction, starts=starts, seed=seed,
    )  # fmt: skip
    result = folder / "again.json"
    if not result.exists():
        leader, _ = run.leaders(1)[0]
        train = Train(run.problem, run.space, 1000 + seed, Recipe(**run.request.recipe), run.request.device)
        again = [train(Proposal(number, leader.proposal.point, run.request.fidelity)).score for number in (0, 1)]
        trials = [trial for trial in run.replay().trials if trial.evaluated and trial.score is not None]
        found = {
            "task": task,
            "variant": variant,
            "seed": seed,
            "minutes": minutes,
            "best": leader.score,
            "again": float(np.mean([-1.0 if score is None else score for score in again])),
            "trials": len(trials),
            "seconds": float(sum(trial.outcome.seconds for trial in trials)),
            **since(run),
        }
        result.write_text(json.dumps(found))
    return result.read_text()


def run(arguments: argparse.Namespace) -> None:
    """Run all searches, the variants in turn."""
    jobs = [
        (task, variant, seed, arguments.minutes, arguments.out, arguments.shared)
        for seed in range(1, arguments.seeds + 1)
        for task, (data, *_) in TASKS.items()
        if task in arguments.tasks and at_hand(data, arguments.shared)
        for variant in VARIANTS
        if not arguments.variants or variant.startswith(tuple(arguments.variants))
    ]
    print_in_turn(one, jobs, arguments.processes)


def page(arguments: argparse.Namespace) -> None:
    """Write figures and page."""
    found = [json.loads(path.read_text()) for path in sorted(arguments.out.glob("*/again.json"))]
    anew = {(one["task"], one["variant"]) for one in found}
    for one in kept("savings").get("runs", []):
        task, variant = one["task"], one["variant"]
        if not anew & {(task, variant), (task, base_of(variant))}:
            found.append(one)
    write_result("savings", {"runs": found})
    text = [
        "# What halving saves, and whether inherited weights pay",
        "",
        f"Made by `benchmarks/savings.py`: {EPOCHS} epochs, the default space and limit on parameters, one worker.",
        "*Minutes* are those that the search was given; *best* is the validation R2 of the best network at full",
        "length; *again* is that of the same network, trained from the beginning with two other seeds, and is what",
        "counts. Means over seeds ± standard errors; *difference* is that of *again* to the full search of the same",
        "method, seed by seed. With halving, each rung that a network is trained to is a trial.",
    ]
    for task, title in TITLES.items():
        of = {
            variant: [one for one in found if (one["task"], one["variant"]) == (task, variant)] for variant in VARIANTS
        }
        if any(of.values()):
            text += ["", f"## {title}", "", *table(of)]
    text += [
        "",
        f"{machine_in_words()}. [Figures](../../benchmarks/results/savings.json).",
    ]
    PAGE.write_text("\n".join(text) + "\n")


def table(of: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the lines of a task's table."""
    lines = [
        "| search | minutes | seeds | trials | seconds of training | best | again | difference |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for variant, runs in of.items():
        if not runs:
            continue
        base = {one["seed"]: one["again"] for one in of[base_of(variant)]}
        apart = [one["again"] - base[one["seed"]] for one in runs if one["seed"] in base]
        cells = [plus_minus([one[what] for one in runs]) for what in ("best", "again")]
        less = "" if variant == base_of(variant) else plus_minus(apart)
        counts = [f"{np.mean([one[what] for one in runs]):.0f}" for what in ("trials", "seconds")]
        given = [f"{VARIANTS[variant][0] * runs[0]['minutes']:g}", str(len(runs))]
        lines.append(f"| {variant} | {' | '.join([*given, *counts, *cells, less])} |")
    return lines + older({variant: runs[0] for variant, runs in of.items() if runs})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "page"))
    parser.add_argument("variants", nargs="*", metavar="VARIANT")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path("runs/savings"))
    parser.add_argument("--shared", type=Path, default=SHARED)
    arguments = parser.parse_args()
    {"run": run, "page": page}[arguments.command](arguments)


if __name__ == "__main__":
    main()
