"""What a suggestion costs: milliseconds of ask and tell together, by the number of trials told; and rates in batches.

On uno-small (12 decisions, 13 options each), 8 trials under way, scores smooth in the decisions with a little chance.
Slow searches of others are measured up to fewer trials. A second measurement asks for 64 at once, then tells them, as a
large cluster would.

    python benchmarks/suggestion_cost.py [METHOD...]    # prints tables, updates benchmarks/results/suggestion_cost.json
"""

import argparse
import time
from itertools import pairwise

import numpy as np
import torch
from common import kept, write_result

from cellwright.methods import Search
from cellwright.methods.catalogue import METHODS, method_of
from cellwright.problems import uno
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial

SPACE = uno.small({"expression": (942,), "descriptors": (217,), "fingerprints": (2048,)})
MARKS = (100, 1000, 5000, 20_000)
LAST = {"tpe": 1000, "nsga2": 1000, "gp": 100}  # marks that would take hours
WINDOW = 100  # trials up to a mark, of which the mean is reported
AT_ONCE = 64
ENDS = (512, 1024)  # trials up to which the rate of batches is reported, from the mark before


def told(proposal: Proposal) -> Trial:
    """Return a proposal as a trial with a score."""
    rng = np.random.default_rng(proposal.number)
    score = -float(((SPACE.encode(proposal.point) - 0.6) ** 2).sum()) + 0.05 * rng.normal()
    outcome = Outcome(Status.OK, score, parameters=SPACE.architecture(proposal.point).parameters)
    return Trial(proposal, outcome, SPACE.architecture(proposal.point).key, 0.0, 1.0, 0)


def growing(method: str) -> dict[int, float]:
    """Return milliseconds a trial in the window before each mark."""
    search = method_of(method, SPACE, 0, Fidelity(), {})
    pending: dict[int, Proposal] = {}
    spent, number, done = [], 0, 0
    last = LAST.get(method, MARKS[-1])
    while done < last:
        started = time.perf_counter()
        while len(pending) < 8:
            proposal = search.ask(number, pending)
            if proposal is None:
                break
            pending[number] = proposal
            number += 1
        asking = time.perf_counter() - started
        trial = told(pending.pop(min(pending)))
        started = time.perf_counter()
        search.tell(trial)
        spent.append(asking + time.perf_counter() - started)
        done += 1
    return {mark: round(1000 * float(np.mean(spent[mark - WINDOW : mark])), 3) for mark in MARKS if mark <= last}


def asked_for(search: Search, first: int) -> dict[int, Proposal]:
    """Return as many proposals as are asked for at once."""
    pending: dict[int, Proposal] = {}
    for number in range(first, first + AT_ONCE):
        proposal = search.ask(number, pending)
        if proposal is not None:
            pending[number] = proposal
    return pending


def rates(method: str) -> dict[int, int]:
    """Return proposals a second, asked for 64 at a time: the median over batches up to each end, but for two."""
    search = method_of(method, SPACE, 0, Fidelity(), {"agents": 16} if method in {"a3c", "a2c"} else {})
    found = []
    for batch in range(ENDS[-1] // AT_ONCE):
        started = time.perf_counter()
        pending = asked_for(search, batch * AT_ONCE)
        found.append(len(pending) / (time.perf_counter() - started))
        for proposal in pending.values():
            search.tell(told(proposal))
    places = [2, *(end // AT_ONCE for end in ENDS)]
    return {end: round(float(np.median(found[slice(*of)]))) for end, of in zip(ENDS, pairwise(places), strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="*", default=list(METHODS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = kept("suggestion_cost").get("methods", {})
    ends = " and ".join(f"{end:,}" for end in ENDS)
    print(f"{'method':12} {'  '.join(f'{mark:>8,}' for mark in MARKS)}  asked a second, 64 at once, up to {ends}")
    for method in arguments.methods:
        costs, fast = growing(method), rates(method) if method not in LAST else {}
        results[method] = {"milliseconds": costs, "asked_a_second_64_at_once": fast}
        cells = "  ".join(f"{costs[mark]:8.3f}" if mark in costs else f"{'-':>8}" for mark in MARKS)
        print(f"{method:12} {cells}  {'  '.join(f'{one:>8,}' for one in fast.values())}", flush=True)
    write_result("suggestion_cost", {"space": SPACE.name, "window": WINDOW, "methods": results})


if __name__ == "__main__":
    main()
