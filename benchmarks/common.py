"""What all benchmarks share: results with the versions and the machine they came from."""

import json
import multiprocessing
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import cellwright as cw
from cellwright.cli.terminal import plural
from cellwright.data.splits import Division
from cellwright.store.folder import versions

RESULTS = Path(__file__).parent / "results"
DOCS = RESULTS.parent.parent / "docs"
SEARCH_PAGE = DOCS / "results" / "search.md"  # two scripts write it, each its own part
IMAGES = DOCS / "images"
SHARED = RESULTS.parent.parent.parent / "shared" / "data"  # of data that is not ours to publish
#: settings of training that came late, and in words
_SINCE = {"clip": "gradients were clipped", "average": "weights were averaged and the best epoch counted in searches"}
_REAL = "<!-- real training: benchmarks/search_real.py -->"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform(terse=True)}


def machine_in_words() -> str:
    """Return what a page says at its end of what its figures were measured on, without a full stop."""
    box = machine()
    return f"Machine: {box['processor']}, {box['cores']} cores"


def problem_of(name: str, data: str | None, division: Division, shared: Path) -> cw.Problem:
    """Return a problem on data below `shared`; None: on its own."""
    return cw.problems.load(name, split=division, data=shared / data if data else None)


def at_hand(data: str | None, shared: Path) -> bool:
    """Return whether `problem_of` can load such data."""
    return data is None or (shared / data).exists()


def run_in(folder: Path, problem: Callable[[], cw.Problem], *, minutes: float, **asked: Any) -> cw.Run:
    """Return the run of a folder, gone on with until its minutes are up; none there: a new one, as asked."""
    if (folder / "run.json").exists():
        return cw.resume(folder, minutes=minutes)
    return cw.search(problem(), minutes=minutes, out=folder, **asked)


def since(run: cw.Run) -> dict[str, Any]:
    """Return the settings of training that came late, to be kept with what a run found."""
    return {setting: run.request.recipe[setting] for setting in _SINCE}


def older(results: Mapping[str, Mapping[str, Any]], what: str = "") -> list[str]:
    """Return lines about results, by their titles, of before training was what it is now."""
    lines = []
    for setting, words in _SINCE.items():
        before = [title for title, result in results.items() if setting not in result]
        names = "all" if len(before) == len(results) else "; ".join(before)
        lines += ["", f"Run before {words}{what and f', {what}'}: {names}."] if before else []
    return lines


def print_in_turn(work: Callable[[Any], str], jobs: Iterable[Any], processes: int) -> list[str]:
    """Print and return what each job comes to, in their order; so many at a time, each in a process of its own."""
    context = multiprocessing.get_context("spawn")
    lines = []
    with ProcessPoolExecutor(processes, mp_context=context, max_tasks_per_child=1) as pool:
        for line in pool.map(work, jobs):
            print(line, flush=True)
            lines.append(line)
    return lines


def plus_minus(values: Sequence[float]) -> str:
    """Return mean and standard error in words; of a single value the error is nan."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{np.mean(values):.4f} ± {error:.4f}"


def rank_table(names: Sequence[str], tasks: Sequence[str], losses: np.ndarray) -> list[str]:
    """Return a table in Markdown: mean rank, mean loss in percent by family of tasks, and tests against the first.

    The tests are Wilcoxon's, of mean ranks, paired by task. The family of a task is its name up to a slash.

    Shape: losses (methods, tasks, seeds).
    """
    from scipy.stats import rankdata, wilcoxon

    ranks = rankdata(losses, axis=0).mean(axis=2)  # (methods, tasks)
    families = list(dict.fromkeys(task.split("/")[0] for task in tasks))
    order = ranks.mean(axis=1).argsort()
    lines = [
        f"| search | mean rank | {' | '.join(families)} | p |",
        f"|---|---:|{'---:|' * len(families)}---:|",
    ]
    for index in order:
        of = [losses[index, [task.startswith(f"{family}/") for task in tasks]].mean() for family in families]
        apart = ranks[index] - ranks[order[0]]
        p = "" if index == order[0] else f"{wilcoxon(apart).pvalue:.4f}" if apart.any() else "equal"
        cells = " | ".join(f"{100 * loss:.2f}" for loss in of)
        lines.append(f"| {names[index]} | {ranks[index].mean():.2f} | {cells} | {p} |")
    return lines


def rank_sections(
    losses: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], tasks: Sequence[str], marks: Sequence[int], noun: str
) -> list[str]:
    """Return a section in Markdown for each number of evaluations: the ranks of all methods that came so far.

    Args:
        losses: method -> task -> of each seed the loss at each of the marks that it came to.
        noun: what a task is called.
    """
    lines = []
    for place, mark in enumerate(marks):
        names = [name for name, of in losses.items() if all(len(run) > place for task in tasks for run in of[task])]
        seeds = min((len(losses[name][task]) for name in names for task in tasks), default=0)
        found = np.array([[[run[place] for run in losses[name][task][:seeds]] for task in tasks] for name in names])
        heading = f"## {mark} evaluations: {len(tasks)} {noun}s, {plural(seeds, 'seed')}"
        lines += ["", heading, "", *rank_table(names, tasks, found)]
    return lines


def write_search_page(*, tables: str | None = None, real: str | None = None) -> None:
    """Write one part of the page on searches, and keep the other."""
    before, _, after = (SEARCH_PAGE.read_text() if SEARCH_PAGE.exists() else "").partition(_REAL)
    parts = [(tables or before).strip(), _REAL, (real or after).strip()]
    SEARCH_PAGE.write_text("\n\n".join(part for part in parts if part) + "\n")


def kept(name: str) -> dict[str, Any]:
    """Return benchmarks/results/NAME.json; empty, if there is none."""
    path = RESULTS / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def write_result(name: str, result: dict[str, Any]) -> Path:
    """Write benchmarks/results/NAME.json and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    stamp = datetime.now(UTC).date().isoformat()
    path.write_text(
        json.dumps({"date": stamp, "machine": machine(), "versions": versions(), **result}, indent=1) + "\n"
    )
    print(f"written: {path}")
    return path
