"""What halving saves a random search: the real curves of random networks, met in many orders.

`run` trains random networks of the default space on GDSC1 for 9 epochs, leaves each off where a rung may end, and
trains it twice more from the beginning with other seeds. `page` then has random searches meet these networks, each in
another order, in virtual time: by the real loop, with one worker and one further try of leaders, the first of the two.
What a search found is judged by the second, which no search has seen.

    python benchmarks/halving.py run [--networks 100] [--out runs/halving]
    python benchmarks/halving.py page [--orders 200] [--seconds 300] [--out ...]

`run` goes on where it was stopped. `page` writes benchmarks/results/halving.json and docs/results/halving.md.
"""

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import DOCS, SHARED, kept, machine_in_words, plus_minus, print_in_turn, problem_of, write_result
from tables import in_virtual_time

import cellwright as cw
from cellwright.api import usual_limit
from cellwright.data.splits import Division
from cellwright.limits import Limits
from cellwright.methods.catalogue import method_of
from cellwright.methods.confirmed import ranked
from cellwright.space import Choice, Space
from cellwright.train import Recipe, Train
from cellwright.trial import CONTINUES, Fidelity, Outcome, Proposal, Status

PAGE = DOCS / "results" / "halving.md"
FULL = Fidelity(9, 0.05)
ENDS = (0.3333, 1.0, 3.0, 9.0)  # epochs after which a rung may end
AT_ONCE = 5  # networks a job
#: search -> share of the seconds, halving
SEARCHES: dict[str, tuple[float, str | None]] = {
    "full": (1.0, None),
    "full, a third of the time": (1 / 3, None),
    "asha, a third of the time": (1 / 3, "asha"),
    "hyperband, a third of the time": (1 / 3, "hyperband"),
}


def one(job: tuple[int, Path]) -> str:
    """Train some networks, or find that they were."""
    number, out = job
    path = out / f"{number}.json"
    if not path.exists():
        import torch

        torch.set_num_threads(1)
        problem = problem_of("uno", None, Division("row"), SHARED)
        space = cw.problems.space(problem)
        limit = usual_limit(problem, space)
        train = Train(problem, space, 0, Recipe(), "cpu", out / f"kept-{number}")
        rng = np.random.default_rng(number)
        found: list[dict[str, Any]] = []
        while len(found) < AT_ONCE:
            point = space.sample(rng)
            if limit is not None and space.architecture(point).parameters > limit:
                continue
            if not found:
                train(Proposal(0, point, Fidelity(1, 0.001)))  # the first of a process is slow
            first = AT_ONCE * number + len(found)
            tries = [Proposal(first, point, replace(FULL, stop=ENDS[0]))]
            tries += [
                Proposal(first, point, replace(FULL, stop=stop), {CONTINUES: first}) for stop in (*ENDS[1:-1], None)
            ]
            tries += [Proposal(first, point, replace(FULL, replicate=again)) for again in (1, 2)]
            found.append({"point": point.values, "tries": [measured(train, proposal) for proposal in tries]})
        path.write_text(json.dumps(found))
    return f"networks {AT_ONCE * number} to {AT_ONCE * (number + 1) - 1}"


def measured(train: Train, proposal: Proposal) -> tuple[float | None, float, float]:
    """Return a try's score, seconds of training, and seconds in all."""
    started = time.perf_counter()
    outcome = train(proposal)
    taken = time.perf_counter() - started
    return outcome.score, round(outcome.seconds or 0.0, 4), round(taken, 4)


class Met:
    """Networks that were trained, as answers to a search."""

    def __init__(self, networks: list[dict[str, Any]]) -> None:
        whole = [one["tries"] for one in networks if all(score is not None for score, _, _ in one["tries"])]
        tries = np.array(whole, dtype=float)  # (networks, tries, 3)
        self.curves, self.again = tries[:, : len(ENDS), 0], tries[:, len(ENDS) :, 0]
        self._training, self._taken = tries[..., 1], tries[..., 2]
        self.space = Space("networks", (), (Choice("network", tuple(range(len(tries)))),))
        self.training = 0.0  # seconds, of what was looked up

    def __call__(self, proposal: Proposal) -> Outcome:
        """Look a try up."""
        network, fidelity = int(proposal.point.values[0]), proposal.fidelity
        if fidelity.replicate:
            steps = slice(len(ENDS), len(ENDS) + 1)
        else:
            last = int(np.argmin(np.abs(np.array(ENDS) - (fidelity.stop or FULL.epochs))))
            steps = slice(last if CONTINUES in proposal.notes else 0, last + 1)
        self.training += self._training[network, steps].sum()
        score = float(self.again[network, 0] if fidelity.replicate else self.curves[network, steps][-1])
        taken = float(self._taken[network, steps].sum())
        return Outcome(Status.OK, score, {"r2": score}, parameters=1, seconds=taken)

    def found_by(self, halving: str | None, order: int, seconds: float) -> tuple[float, float, int]:
        """Return what a search's best network is worth, the seconds of training, and how many networks it met."""
        search = method_of("random", self.space, order, FULL, {}, replicates=1, halving=halving)
        self.training = 0.0
        trials = in_virtual_time(self, search, self.space, Limits(minutes=seconds / 60))
        best = ranked(trials)[0].proposal.point
        return float(self.again[int(best.values[0]), 1]), self.training, len({trial.key for trial in trials})


def run(arguments: argparse.Namespace) -> None:
    """Train all networks."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    jobs = [(number, arguments.out) for number in range(-(-arguments.networks // AT_ONCE))]
    print_in_turn(one, jobs, arguments.processes)


def page(arguments: argparse.Namespace) -> None:
    """Have searches meet the networks; write figures and page."""
    from scipy.stats import spearmanr

    files = sorted(arguments.out.glob("*.json"), key=lambda path: int(path.stem))
    networks = [one for path in files for one in json.loads(path.read_text())] or kept("halving")["networks"]
    met = Met(networks)
    found = {
        name: np.array([met.found_by(halving, order, share * arguments.seconds) for order in range(arguments.orders)])
        for name, (share, halving) in SEARCHES.items()
    }
    columns = ("worth", "seconds of training", "networks")
    means = {name: dict(zip(columns, of.mean(axis=0).round(4).tolist(), strict=True)) for name, of in found.items()}
    given = {"seconds": arguments.seconds, "orders": arguments.orders}
    write_result("halving", {**given, "searches": means, "networks": networks})
    worth = met.again.mean(axis=1)
    good = worth >= np.median(worth)
    text = [
        "# What halving saves a random search",
        "",
        f"Made by `benchmarks/halving.py`: {len(worth)} random networks of the default space were trained on GDSC1",
        f"(5 % of the rows, {FULL.epochs} epochs), left off where a rung ends, and twice more from the beginning with",
        f"other seeds. {arguments.orders} random searches then meet them, each in another order, in virtual time with",
        "one worker, and try their leaders once more. *Worth* is the validation R2 of the network found, trained with",
        "a seed that no search has seen; means over orders ± standard errors; *difference* is to the full search,",
        "order by order. The errors are those of the order: the networks are the same throughout.",
        "",
        "| search | seconds | of training | networks | worth | difference |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, of in found.items():
        _, training, begun = of.mean(axis=0)
        less = "" if name == "full" else plus_minus(of[:, 0] - found["full"][:, 0])
        seconds = f"{SEARCHES[name][0] * arguments.seconds:.0f} | {training:.0f} | {begun:.0f}"
        text.append(f"| {name} | {seconds} | {plus_minus(of[:, 0])} | {less} |")
    text += [
        "",
        "What early scores say (Spearman's rank correlation with the mean of both later trainings):",
        "",
        "| epochs | all | better half |",
        "|---:|---:|---:|",
    ]
    for end, scores in zip(ENDS, met.curves.T, strict=True):
        alike = [spearmanr(scores[which], worth[which])[0] for which in (np.full(len(worth), True), good)]
        text.append(f"| {end:.3g} | {alike[0]:.2f} | {alike[1]:.2f} |")
    text += ["", f"{machine_in_words()}. [Figures](../../benchmarks/results/halving.json)."]
    PAGE.write_text("\n".join(text) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "page"))
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path("runs/halving"))
    arguments = parser.parse_args()
    {"run": run, "page": page}[arguments.command](arguments)


if __name__ == "__main__":
    main()
