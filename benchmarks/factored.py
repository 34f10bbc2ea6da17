"""Seconds an epoch on Combo at its published size, of one network fed in three ways, with one thread.

1. loader: rows expanded by a torch DataLoader, as published codes do;
2. resident: rows expanded once and held as tensors (20,000 of them, 0.7 GB: a step costs the same on any rows);
3. factored: cellwright's tables, each distinct cell line and drug of a batch computed once.

All take the same training step, and turns. Steps are sampled, and an epoch (80 % of 310,814 rows) is the median step
times their number: all epochs in full would take half an hour.

    python benchmarks/factored.py [--rounds 12]   # prints a table, writes benchmarks/results/factored.json
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from common import write_result
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as Rows

import cellwright.train.warm  # noqa: F401  # as a worker does: one thread, memory kept
from cellwright.build import Batch, Network
from cellwright.data.dataset import Dataset, Table
from cellwright.metrics import Task
from cellwright.problems import combo
from cellwright.space import Architecture, Dense, Sketch
from cellwright.testing.drug_pairs import drug_pairs
from cellwright.train.resident import Resident

INPUTS = combo.PUBLISHED_INPUTS
CPU = torch.device("cpu")
SHARE = 0.8
WAYS = ("loader", "resident", "factored")
Step = Callable[[], float]


def small(widths: Sequence[int], trunk: int) -> Architecture:
    """Return a network of Combo's kind: towers of some widths, one for both drugs, and one layer behind them."""
    sketch = Sketch()
    expression, first, second = (sketch.input(name, shape) for name, shape in INPUTS.items())
    twin = second
    for number, width in enumerate(widths):
        expression = sketch.node(f"expression.{number}", expression, Dense(width, "relu"))
        first = sketch.node(f"drug.{number}", first, Dense(width, "relu"))
        twin = sketch.mirror(f"twin.{number}", twin, first)
    cell = sketch.concatenate("cell", expression, first, twin)
    space = sketch.space("small", sketch.node("trunk", cell, Dense(trunk, "relu")))
    return space.architecture(space.point(()))


class Expanded(Rows[tuple[dict[str, np.ndarray], np.float32]]):
    """One expanded row an item."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return self.dataset.rows

    def __getitem__(self, row: int) -> tuple[dict[str, np.ndarray], np.float32]:
        index = self.dataset.index
        inputs = {name: table.features[index[table.key][row]] for name, table in self.dataset.tables.items()}
        return inputs, self.dataset.target[row]


def dense(dataset: Dataset, rows: int) -> Dataset:
    """Return the first rows, expanded."""
    tables = {name: Table(dataset.expanded(name, np.arange(rows))) for name in dataset.tables}
    return Dataset(tables, {}, dataset.target[:rows])


class Training:
    """A network and its optimiser, as `cellwright.train.fit` sets them up and steps them."""

    def __init__(self, architecture: Architecture) -> None:
        torch.manual_seed(0)
        self.network = Network(architecture)
        self.optimizer = torch.optim.Adam(self.network.parameters(), fused=True)

    def step(self, batch: Batch, target: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        nn.functional.mse_loss(self.network(batch)[:, 0], target).backward()
        self.optimizer.step()


def by_tensors(architecture: Architecture, resident: Resident, batch_size: int, steps: int) -> Step:
    """Return what takes a few training steps and tells the seconds of one."""
    training = Training(architecture)
    generator = torch.Generator().manual_seed(0)

    def step() -> float:
        order = torch.randint(len(resident.target), (batch_size * steps,), generator=generator)
        started = time.perf_counter()
        for rows in torch.split(order, batch_size):
            training.step(resident.batch(rows), resident.target.index_select(0, rows))
        return (time.perf_counter() - started) / steps

    return step


def by_loader(architecture: Architecture, dataset: Dataset, batch_size: int) -> Step:
    training = Training(architecture)
    batches = iter(DataLoader(Expanded(dataset), batch_size, shuffle=True))

    def step() -> float:
        started = time.perf_counter()
        features, target = next(batches)
        training.step(Batch(features, {}, {}), target)
        return time.perf_counter() - started

    return step


def measure(steps: dict[str, Step], rounds: int) -> dict[str, float]:
    """Return the median seconds of a step, each way in its turn; the first round is not counted."""
    taken: dict[str, list[float]] = {way: [] for way in steps}
    for _ in range(rounds + 1):
        for way, step in steps.items():
            taken[way].append(step())
    return {way: statistics.median(seconds[1:]) for way, seconds in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    arguments = parser.parse_args()
    dataset = drug_pairs(drugs=54)  # as many as the paper had; rows repeat pairs
    factored = Resident(dataset, Task.REGRESSION, inputs=frozenset(INPUTS), device=CPU)
    some = dense(dataset, 20_000)
    resident = Resident(some, Task.REGRESSION, inputs=frozenset(INPUTS), device=CPU, dedup="never")
    del some
    networks = {"by hand": combo.COMBO.manual(INPUTS, 1), "medium": small((150, 100), 100), "small": small((32,), 32)}
    results: list[dict[str, Any]] = []
    print(f"{'network':8} {'parameters':>10} {'batch':>5}" + "".join(f"{way:>10}" for way in WAYS) + "   factored is")
    for name, architecture in networks.items():
        for batch_size in (256, 1024):
            ways: dict[str, Step] = {
                "loader": by_loader(architecture, dataset, batch_size),
                "resident": by_tensors(architecture, resident, batch_size, 1),
                "factored": by_tensors(architecture, factored, batch_size, 3),
            }
            rounds = arguments.rounds * (1 if architecture.parameters > 1_000_000 else 2)
            step = measure(ways, rounds)
            batches = math.ceil(SHARE * dataset.rows / batch_size)
            epoch = {way: seconds * batches for way, seconds in step.items()}
            ratios = {way: epoch[way] / epoch["factored"] for way in ("loader", "resident")}
            results.append({
                "network": name, "parameters": architecture.parameters, "batch_size": batch_size,
                "step_milliseconds": {way: round(1000 * seconds, 3) for way, seconds in step.items()},
                "epoch_seconds": {way: round(seconds, 2) for way, seconds in epoch.items()},
                "times_faster_than": {way: round(ratio, 2) for way, ratio in ratios.items()},
            })  # fmt: skip
            shown = "".join(f"{epoch[way]:9.1f}s" for way in WAYS)
            print(
                f"{name:8} {architecture.parameters:10,} {batch_size:5}{shown}   "
                f"{ratios['resident']:.1f}x resident, {ratios['loader']:.1f}x loader",
                flush=True,
            )
    rows = {"rows": dataset.rows, "trained_share": SHARE, "rounds": arguments.rounds, "threads": 1}
    write_result("factored", {**rows, "results": results})


if __name__ == "__main__":
    main()
