"""Which search finds good networks soonest, in real training? Equal minutes for each, on drug response and drug pairs.

Each search gets the same minutes with one worker on the default space of its problem, under the default limit on
parameters; two searches run at a time, one a core, and the methods take turns, so that all see the same machine. What
counts is the best validation R2 over time: its mean over the whole time (the area under the curve), and at the end.

    python benchmarks/search_real.py run [METHOD...] [--tasks TASK...] [--seeds 5] [--minutes 2.5]
        [--out runs/search-real] [--shared DIR]
    python benchmarks/search_real.py page [--out ...]

`run` goes on where it was stopped. `page` writes benchmarks/results/search_real.json, the second half of
docs/results/search.md and a picture a task; of a task that --out holds nothing of, it keeps them. NCI-ALMANAC and the
O'Neil doses are taken from --shared; without it, they are left out.
"""

import argparse
import os
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import (
    IMAGES,
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
    write_search_page,
)

import cellwright as cw
from cellwright.data.splits import Division

METHODS = ("random", "tpe", "auto", "ppo")
TASKS: dict[str, dict[str, Any]] = {
    "uno": {"problem": "uno", "data": None, "split": "row", "epochs": 2, "fraction": 0.05},
    "pairs": {"problem": "combo", "data": "combo-almanac", "split": "pair", "epochs": 3, "fraction": 0.25},
    "doses": {"problem": "uno", "data": "uno-dose", "split": "pair", "epochs": 8, "fraction": 1.0},
}
TITLES = {
    "uno": "GDSC1, 5 % of the rows, 2 epochs",
    "pairs": "NCI-ALMANAC by pair, 25 % of the rows, 3 epochs",
    "doses": "O'Neil doses by curve, all rows, 8 epochs",
}
_POINTS = 200  # of a curve


def folder_of(out: Path, task: str, method: str, seed: int) -> Path:
    return out / f"{task}-{method.replace(':', '-')}-{seed}"


def one(job: tuple[str, str, int, float, Path, Path]) -> str:
    """Search, or go on, until the minutes are up."""
    task, method, seed, minutes, out, shared = job
    what, folder = TASKS[task], folder_of(out, task, method, seed)
    problem = partial(problem_of, what["problem"], what["data"], Division(what["split"]), shared)
    run = run_in(
        folder, problem, minutes=minutes, method=method, workers=1, epochs=what["epochs"], fraction=what["fraction"],
        seed=seed,
    )  # fmt: skip
    summary = run.summary()
    return f"{task} {method} {seed}: {summary['trials']} networks, best {summary['best']['score']:.4f}"


def run(arguments: argparse.Namespace) -> None:
    """Run all searches, the methods in turn."""
    jobs = [
        (task, method, seed, arguments.minutes, arguments.out, arguments.shared)
        for seed in range(1, arguments.seeds + 1)
        for task, what in TASKS.items()
        if task in arguments.tasks and at_hand(what["data"], arguments.shared)
        for method in arguments.methods or METHODS
    ]
    print_in_turn(one, jobs, arguments.processes)


def minutes_of(folder: Path) -> float:
    """Return how long a search was let run."""
    minutes = cw.Run(folder).limits()[1]
    if minutes is None:
        raise SystemExit(f"{folder}: a search without a limit in minutes is not of this benchmark")
    return minutes


def curve(folder: Path) -> np.ndarray:
    """Return the best score at equal steps of the time; before the first success, that of the first success."""
    minutes = minutes_of(folder)
    trials = [trial for trial in cw.Run(folder).replay().trials if trial.evaluated and trial.score is not None]
    trials.sort(key=lambda trial: trial.finished)
    ends, best = [t.finished for t in trials], np.maximum.accumulate([t.score for t in trials])
    places = np.searchsorted(ends, np.linspace(0, 60 * minutes, _POINTS), side="right") - 1
    return best[np.maximum(places, 0)]


def page(arguments: argparse.Namespace) -> None:
    """Write the figures, the plot and the text."""
    from scipy.stats import rankdata

    results: dict[str, Any] = kept("search_real").get("tasks", {})
    for task in TASKS:
        found: dict[str, dict[int, np.ndarray]] = {}
        for folder in sorted(arguments.out.glob(f"{task}-*-*")):
            _, method, seed = folder.name.split("-")
            found.setdefault(method, {})[int(seed)] = curve(folder)
        seeds = sorted(set.intersection(*(set(of) for of in found.values()))) if found else []
        if not seeds:
            continue
        curves = {method: np.array([of[seed] for seed in seeds]) for method, of in found.items()}
        minutes = {minutes_of(folder_of(arguments.out, task, method, seed)) for method in curves for seed in seeds}
        if len(minutes) > 1:
            raise SystemExit(f"{task}: searches of different lengths, {sorted(minutes)} minutes, cannot be compared")
        draw(task, curves, max(minutes))
        areas = {method: of.mean(axis=1) for method, of in curves.items()}
        ranks = rankdata([-area for area in areas.values()], axis=0).mean(axis=1)
        results[task] = {
            "minutes": max(minutes),
            "methods": {
                method: {
                    "area": areas[method].round(5).tolist(),
                    "end": of[:, -1].round(5).tolist(),
                    "rank": round(float(rank), 2),
                    **since(cw.Run(folder_of(arguments.out, task, method, seeds[0]))),
                }
                for (method, of), rank in zip(curves.items(), ranks, strict=True)
            },
        }
    write_result("search_real", {"tasks": results})
    write_search_page(real="\n".join(text(results)))


def text(results: dict[str, Any]) -> list[str]:
    """Return the second half of the page."""
    lines = [
        "## Real training", "",
        "Made by `benchmarks/search_real.py`: equal minutes for each search, one worker, the default space and",
        "limit on parameters; best validation R2, mean over the whole time (the area under the curve) and at the end,",
        "each a mean over seeds ± its standard error; rank by area, seed by seed. `tpe` is Optuna's, same space.",
    ]  # fmt: skip
    for task, result in results.items():
        methods = result["methods"]
        seeds = len(next(iter(methods.values()))["area"])
        lines += [
            "",
            f"### {TITLES[task]}: {seeds} seeds, {result['minutes']:g} minutes each",
            "",
            "| search | area | end | rank |",
            "|---|---:|---:|---:|",
        ]
        for method, of in sorted(methods.items(), key=lambda one: one[1]["rank"]):
            lines.append(f"| {method} | {plus_minus(of['area'])} | {plus_minus(of['end'])} | {of['rank']:.2f} |")
        lines += ["", f"![Best score over time](../images/search_real_{task}.png)"]
    lines += older({TITLES[task]: next(iter(result["methods"].values())) for task, result in results.items()})
    figures = "[Figures](../../benchmarks/results/search_real.json)"
    end = f"{machine_in_words()}. {figures}."
    return [*lines, "", end]


def draw(task: str, curves: dict[str, np.ndarray], minutes: float) -> None:
    """Draw the mean curve of each method."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(5, 3.6))
    times = np.linspace(0, minutes, _POINTS)
    for method, of in curves.items():
        axis.plot(times, of.mean(axis=0), label=method, linewidth=1.6)
    ends = np.concatenate([of.mean(axis=0) for of in curves.values()])
    axis.set_ylim(np.quantile(ends, 0.05), ends.max() + 0.1 * (ends.max() - np.quantile(ends, 0.05)))
    axis.set_title(TITLES[task], fontsize=9)
    axis.set_xlabel("minutes")
    axis.set_ylabel("best validation R2, mean over seeds")
    axis.legend(frameon=False, loc="lower right", fontsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(IMAGES / f"search_real_{task}.png", dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "page"))
    parser.add_argument("methods", nargs="*")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=2.5)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path("runs/search-real"))
    parser.add_argument("--shared", type=Path, default=SHARED)
    arguments = parser.parse_args()
    {"run": run, "page": page}[arguments.command](arguments)


if __name__ == "__main__":
    main()
