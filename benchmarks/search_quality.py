"""Which search finds the best, and how soon? On tables of real trainings, against the searches of others.

The real loop drives every method, in virtual time (the tables' training seconds), with 1, 8 or 64 workers. Regret is
that of the best score told, normalised: 0 is the best of the table, 1 its median. Searches that cost too much to run
everywhere run with fewer seeds, and up to fewer evaluations; ranks and tests are over what all the compared ones did.

    python benchmarks/search_quality.py run METHOD... [--workers 1 8 64] [--tasks NAME...] [--seeds 20]
    python benchmarks/search_quality.py table [METHOD...] [--workers 1]
    python benchmarks/search_quality.py page

`run` writes benchmarks/results/search_quality/METHOD.json, and does not do again what is there; `table` prints mean
regrets, ranks and tests; `page` writes docs/results/search.md. Needs the dependency group "benchmarks", and "peers" for
optuna-tpe, optuna-gp, smac, deephyper, deephyper-sampling.
Options of a method follow it: surrogate:initial=16.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Mapping

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import tables
from common import IMAGES, RESULTS, kept, machine, machine_in_words, rank_table, write_search_page
from peers import PEERS

from cellwright.cli.terminal import plural
from cellwright.methods import Search
from cellwright.methods.a3c import A3C
from cellwright.methods.catalogue import method_of, with_agents
from cellwright.methods.ppo import PolicySearch
from cellwright.methods.surrogate import Surrogate
from cellwright.space import Space
from cellwright.store.folder import versions
from cellwright.trial import Fidelity, Proposal, Trial

#: a method less one of its parts -> what is missing
ABLATION = {
    "ppo": "nothing",
    "ppo:best_of=1": "the model: all that the policy draws is tried",
    "ppo:learning_rate=1e-9": "learning: the model chooses among points drawn at random",
    "ppo:imitation=0": "imitation of the best",
    "ppo:first_floor=0:last_floor=0": "the floor under the entropy",
    "ppo:window=8": "learning from trials more than once",
    "ppo:initial=8": "the random phase",
    "ppo-scores": "ranks: scores less their mean, over their deviation, are the rewards",
    "a3c": "drawing at any time: agents wait for the last of their batch",
}
#: the surrogate's two models alone -> the share of the Gaussian process in its opinions
SAYS = {"surrogate-forest": 0.0, "surrogate-gaussian": 1.0}
BY_POINTS = "auto-by-points"  # auto where no space says which points build the same network
MARKS = (25, 50, 100, 200, 500, 1000, 2000)
_PROPOSALS = 10  # an evaluation: then a search that repeats itself has converged
FOLDER = RESULTS / "search_quality"
Reached = dict[str, dict[str, list[float]]]  # task -> seed -> regret at each mark


class Scores:
    """Rewards that are no ranks."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=500)

    def add(self, score: float) -> None:
        """Take a success into account."""
        self._latest.append(score)

    def reward(self, score: float | None) -> float:
        """Return how far a score is from the mean of the latest ones, in deviations, within -3 and 3."""
        if score is None:
            return -1.0
        values = np.array(self._latest)
        return float(np.clip((score - values.mean()) / (values.std() + 1e-9), -3, 3))


class Timed:
    """A search, and the seconds it takes; it is not asked for more than `most` proposals."""

    def __init__(self, search: Search, most: int) -> None:
        self._search = search
        self._most = most
        self.seconds = 0.0

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Ask the search."""
        if number >= self._most:
            return None
        started = time.perf_counter()
        proposal = self._search.ask(number, pending)
        self.seconds += time.perf_counter() - started
        return proposal

    def tell(self, trial: Trial) -> None:
        """Tell the search."""
        started = time.perf_counter()
        self._search.tell(trial)
        self.seconds += time.perf_counter() - started


def ppo_by_scores(space: Space, seed: int, workers: int) -> PolicySearch:
    """Return ppo as it is by default."""
    return PolicySearch(space, seed=seed, fidelity=Fidelity())


def a3c_as_published(space: Space, seed: int, workers: int) -> A3C:
    """Return what SC19 (arXiv:1909.00311) had: 11 workers an agent, PPO of 4 epochs at 1e-3, no floor, no imitation.

    In its favour: each decision has a head of its own, and agents see scores of unit spread.
    """
    published = {"steps": 4, "learning_rate": 1e-3, "imitation": 0.0, "first_floor": 0.0, "last_floor": 0.0}
    return A3C(space, seed=seed, fidelity=Fidelity(), agents=max(1, round(workers / 11)), batch=11, **published)


BY_SCORES = {"ppo-scores": ppo_by_scores, "a3c-published": a3c_as_published}


def search_of(method: str, task: tables.TableTask, seed: int, workers: int) -> Search:
    """Return a search by its name, ours or another's."""
    if method in PEERS:
        return PEERS[method](task.space, seed)
    if method in SAYS:
        surrogate = Surrogate(task.space, seed=seed, fidelity=Fidelity())
        surrogate._predictor._say = SAYS[method]  # noqa: SLF001  # no user needs this choice
        return surrogate
    if method in BY_SCORES:
        search = BY_SCORES[method](task.space, seed, workers)
        search._learner._ranks = Scores()  # type: ignore[assignment]  # noqa: SLF001  # no user needs this choice
        return search
    name, *options = method.split(":")
    pairs = (option.split("=") for option in options)
    given = with_agents(name, {key: json.loads(value) for key, value in pairs}, workers)
    return method_of(name, task.space, seed, Fidelity(), given)


def one(job: tuple[str, str, int, int, int]) -> tuple[list[float], float]:
    """Return the regret after each number of evaluations in MARKS, and milliseconds a suggestion."""
    method, name, seed, workers, evaluations = job
    task = tables.load(name)
    if method == BY_POINTS:
        method, task = "auto", task.by_points()
    search = Timed(search_of(method, task, seed, workers), _PROPOSALS * evaluations)
    trials = task.searched(search, evaluations, workers)
    best = np.maximum.accumulate([-np.inf if trial.score is None else trial.score for trial in trials])
    reached = [float(task.regret(best[min(mark, len(best)) - 1])) for mark in MARKS if mark <= evaluations]
    return reached, 1000 * search.seconds / len(best)


def run(arguments: argparse.Namespace) -> None:
    """Run methods and keep what they reached."""
    import torch

    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    meta = {"marks": MARKS, "machine": machine(), "versions": versions()}
    marks = sum(mark <= arguments.evaluations for mark in MARKS)
    for method in arguments.methods:
        path = FOLDER / f"{method}.json"
        known = {} if arguments.anew else kept(f"{FOLDER.name}/{method}").get("regret", {})
        jobs = [
            (method, task, seed, workers, arguments.evaluations)
            for workers in arguments.workers
            for task in arguments.tasks or tables.names()
            for seed in range(arguments.seeds)
            if marks > len(known.get(str(workers), {}).get(task, {}).get(str(seed), {}).get("regret", ()))
        ]
        started = time.perf_counter()
        with multiprocessing.get_context("fork").Pool(arguments.processes) as pool:
            for job, (reached, cost) in zip(jobs, pool.imap(one, jobs), strict=True):
                of = known.setdefault(str(job[3]), {}).setdefault(job[1], {})
                of[str(job[2])] = {"regret": [round(value, 5) for value in reached], "milliseconds": round(cost, 3)}
                path.write_text(json.dumps({"method": method, **meta, "regret": known}) + "\n")  # slow peers take hours
        print(f"{method}: {len(jobs)} runs in {time.perf_counter() - started:.0f} s")


def regrets(method: str, workers: int) -> Reached:
    """Return what a method reached."""
    of = json.loads((FOLDER / f"{method}.json").read_text())["regret"].get(str(workers), {})
    return {task: {seed: run["regret"] for seed, run in seeds.items()} for task, seeds in of.items()}


def compared(methods: list[str], workers: int, mark: int) -> tuple[list[str], list[str], np.ndarray]:
    """Return the methods and tasks of which there is enough, and regrets (methods, tasks, seeds)."""
    place = MARKS.index(mark)
    there: dict[str, dict[str, list[float]]] = {}
    for method in methods:
        seeds = {
            task: [run[place] for run in of.values() if len(run) > place]
            for task, of in regrets(method, workers).items()
        }
        there[method] = {task: values for task, values in seeds.items() if values}
    there = {method: of for method, of in there.items() if of}
    tasks = [task for task in tables.names() if there and all(task in of for of in there.values())]
    least = min((len(of[task]) for of in there.values() for task in tasks), default=0)
    return list(there), tasks, np.array([[of[task][:least] for task in tasks] for of in there.values()])


def lines(methods: list[str], workers: int, mark: int) -> list[str]:
    """Return a section in Markdown: mean ranks and regrets."""
    names, tasks, values = compared(methods, workers, mark)
    if len(names) < 2 or not tasks:
        return []
    return [
        f"### {plural(workers, 'worker')}, {mark} evaluations",
        "",
        f"{len(tasks)} tasks, {plural(values.shape[2], 'seed')}; regret in percent of the way from best to median.",
        "",
        *rank_table(names, tasks, values),
        "",
    ]


def table(arguments: argparse.Namespace) -> None:
    """Print what methods reached, side by side."""
    methods = arguments.methods or sorted(path.stem for path in FOLDER.glob("*.json"))
    for workers in arguments.workers:
        for mark in arguments.marks:
            print("\n".join(lines(methods, workers, mark)))


def page(_: argparse.Namespace) -> None:
    """Write the page of results."""
    there = sorted(path.stem for path in FOLDER.glob("*.json"))
    without = (set(ABLATION) | set(SAYS) | {"surrogate", "a3c-published", BY_POINTS}) - {"ppo"}
    methods = [method for method in there if method not in without]
    slowest = {"smac", "deephyper"}
    slow = {"optuna-gp", "deephyper-sampling", *slowest}
    text = [
        "# Searches compared on tables of real trainings",
        "",
        "Made by `benchmarks/search_quality.py`, which anyone can run. Every answer is looked up in tables of real",
        "trainings that ship inside wheels: NAS-Bench-201 (3 sets of images), NAS-Bench-Graph (8 graphs), HPOLib (4),",
        "HPOBench (8). A score is the mean over the table's seeds. The real loop drives all methods, in virtual time.",
        "Searches of others (optuna, rea: regularised evolution as published, reinforce) may repeat themselves, and",
        "pay for it; ours evaluate nothing twice. In NAS-Bench-Graph 59,040 points build 26,206 networks: ours know by",
        "their keys which are equal, as in any space of networks. p is of a paired test (Wilcoxon) of mean ranks,",
        "against the first.",
        "",
    ]
    for workers in (1, 8, 64):
        for mark in (50, 100, 200, 500, 2000):
            text += lines([method for method in methods if method not in slow], workers, mark)
    if slow & set(methods):
        text += [
            "## Slow searches of others",
            "",
            "Beside the rest with as many seeds. `deephyper` is CBO as it is by default, `deephyper-sampling` with",
            '`acq_optimizer="sampling"`: the best of 10,000 random points, which is much of spaces as small as these.',
            "",
        ]
        for mark in (100, 500):
            for dropped in (slowest, set()):  # the slower, the fewer seeds
                text += lines([method for method in methods if method not in dropped], 1, mark)
    published = [method for method in ("ppo", "a3c-published", "reinforce", "rea", "random") if method in there]
    if beside := lines(published, 64, 500):
        text += [
            "## Reinforcement beside what is published",
            "",
            "`a3c-published` is SC19's search, with a head a decision and scores of unit spread, both in its favour.",
            "",
            *beside,
        ]
    text += ["## The surrogate: inside auto, by itself, and each of its two models alone", ""]
    for mark in (50, 100):
        text += lines([method for method in ("auto", "surrogate", *SAYS) if method in there], 1, mark)
    for workers in (1, 64):
        text += lines([method for method in ("auto", "surrogate") if method in there], workers, 500)
    if BY_POINTS in there:
        text += ["## What it is worth to know one network in all its writings", ""]
        for mark in (100, 500):
            text += lines(["auto", BY_POINTS], 1, mark)
    parts = [method for method in ABLATION if method in there]
    if len(parts) > 1:
        text += ["## What the parts of ppo are worth", "", "| search | without |", "|---|---|"]
        text += [f"| {method} | {ABLATION[method]} |" for method in parts]
        for workers in (1, 64):
            text += ["", *lines(parts, workers, 500)]
    text += ["## What a suggestion costs", "", *costs(methods), ""]
    draw([method for method in methods if method not in slow])
    text += ["![Regret against evaluations](../images/search_tables.png)", ""]
    text += [f"{machine_in_words()}."]
    write_search_page(tables="\n".join(text))


def costs(methods: list[str]) -> list[str]:
    """Return a table in Markdown: milliseconds to ask and tell, by how many evaluations a run had."""
    taken: dict[str, dict[int, list[float]]] = {}
    for method in methods:
        tasks = kept(f"{FOLDER.name}/{method}")["regret"].get("1", {})
        for run in [run for seeds in tasks.values() for run in seeds.values()]:
            taken.setdefault(method, {}).setdefault(MARKS[len(run["regret"]) - 1], []).append(run["milliseconds"])
    marks = sorted({mark for of in taken.values() for mark in of})
    order = sorted(taken, key=lambda method: min(float(np.median(values)) for values in taken[method].values()))
    rows = [[_figure(taken[method].get(mark)) for mark in marks] for method in order]
    return [
        "Milliseconds to ask and to tell, the mean over a run, the median over runs; one worker, by evaluations a run.",
        "",
        f"| search | {' | '.join(f'{mark:,}' for mark in marks)} |",
        f"|---|{'---:|' * len(marks)}",
        *(f"| {method} | {' | '.join(row)} |" for method, row in zip(order, rows, strict=True)),
    ]


def _figure(values: list[float] | None) -> str:
    """Return a median in three digits, nothing of nothing."""
    if not values:
        return ""
    median = float(np.median(values))
    return f"{median:,.0f}" if median >= 100 else f"{median:.3g}"


def draw(methods: list[str]) -> None:
    """Draw mean regret against evaluations, a panel for each number of workers."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter, NullLocator

    panels = [workers for workers in (1, 8, 64) if len(compared(methods, workers, 100)[0]) > 1]
    colors = {name: f"C{number % 10}" for number, name in enumerate(methods)}  # the same in each panel
    figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 3.8), squeeze=False)
    for axis, workers in zip(axes[0], panels, strict=True):
        curves: dict[str, list[tuple[int, float]]] = {}
        seeds = 0
        for mark in MARKS:
            names, _, values = compared(methods, workers, mark)
            if len(names) < 2 or values.shape[2] < seeds:  # a mean over other seeds is no point of the same curve
                break
            seeds = values.shape[2]
            for name, of in zip(names, values, strict=True):
                curves.setdefault(name, []).append((mark, 100 * float(of.mean())))
        for name, points in sorted(curves.items(), key=lambda one: one[1][-1][1]):
            style = "-" if name not in PEERS else "--"
            axis.plot(*zip(*points, strict=True), style, label=name, linewidth=1.5, color=colors[name])
        axis.set_xscale("log")
        axis.set_yscale("log")
        marks = [mark for mark in MARKS if mark <= max(point[0] for points in curves.values() for point in points)]
        axis.set_xticks(marks, [f"{mark:,}" for mark in marks])
        axis.xaxis.set_minor_locator(NullLocator())
        for ticks in (axis.yaxis.set_major_formatter, axis.yaxis.set_minor_formatter):
            ticks(FuncFormatter(lambda value, _: f"{value:g}" if f"{value:g}"[0] in "125" else ""))
        axis.set_title(plural(workers, "worker"), fontsize=10)
        axis.set_xlabel("evaluations")
        axis.set_ylabel("regret, % of best to median")
        axis.legend(frameon=False, fontsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(IMAGES / "search_tables.png", dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, needed in (("run", "+"), ("table", "*"), ("page", "*")):
        command = commands.add_parser(name)
        command.add_argument("methods", nargs=needed)
        command.add_argument("--workers", type=int, nargs="+", default=[1])
        command.add_argument("--tasks", nargs="*", default=[])
        command.add_argument("--marks", type=int, nargs="+", default=[100, 500])
        command.add_argument("--seeds", type=int, default=20)
        command.add_argument("--evaluations", type=int, default=2000)
        command.add_argument("--processes", type=int, default=os.cpu_count())
        command.add_argument("--anew", action="store_true", help="forget what was kept of these methods")
    arguments = parser.parse_args()
    {"run": run, "table": table, "page": page}[arguments.command](arguments)


if __name__ == "__main__":
    main()
