"""The laws every search keeps, as a function that raises AssertionError naming the law broken."""

import json
import tracemalloc
from collections.abc import Callable

from cellwright.errors import SpaceError
from cellwright.methods import Search
from cellwright.run import repeated
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial

__all__ = ["check_search"]

_WORKERS = 6
_MEGABYTES = 50


Make = Callable[[Space, int], Search]


def check_search(make: Make, space: Space, *, trials: int = 120, many: int = 0, repeats: bool = False) -> None:
    """Check a search on a space: its asks, its resumption, its seeds, and what it makes of failures.

    The space needs some hundred architectures or more. A point's score is a smooth function of it and a little chance.

    Args:
        make: returns a new search, given a space and a seed.
        trials: told in each check.
        many: told in the check of memory, 10,000 for a full one; 0: leave it out.
        repeats: it may propose what is known or under way, which the loop answers without an evaluation.

    Raises:
        AssertionError: a law is broken; it names the law.
    """
    first = _driven(make(space, 1), space, trials)
    again = [trial for trial in first if trial.outcome.source is not None]
    _law(repeats or not again, f"nothing known is proposed; {len(again)} of {trials} were")
    _law(_driven(make(space, 1), space, trials) == first, "equal seeds and trials give equal proposals")
    _law(_driven(make(space, 2), space, trials) != first, "the seed matters")
    _check_resumption(make, space, first)
    _check_failures(make, space, trials)
    if many:
        _check_memory(make, space, many)


def _check_resumption(make: Make, space: Space, trials: list[Trial]) -> None:
    """A search told a log anew goes on as the one that was never stopped; asking changes nothing."""
    unbroken = make(space, 1)
    number = 1 + max(trial.number for trial in trials)
    cuts = [len(trials) // 2 + more for more in (0, 1, 3)]  # just when it has learnt, perhaps, and in between
    for told, trial in enumerate(trials[: cuts[-1]], start=1):
        unbroken.ask(number, {})  # without effect
        unbroken.tell(trial)
        if told not in cuts:
            continue
        resumed = make(space, 1)
        for again in trials[:told]:
            resumed.tell(Trial.from_json(json.loads(json.dumps(again.to_json()))))
        pending: dict[int, Proposal] = {}
        for offset in range(_WORKERS):
            asked = unbroken.ask(number + offset, pending)
            _law(asked == unbroken.ask(number + offset, pending), "asking twice gives the same")
            _law(asked == resumed.ask(number + offset, pending), "telling the log again gives the same search")
            if asked is not None:
                pending[asked.number] = asked


def _check_failures(make: Make, space: Space, trials: int) -> None:
    """A search survives failures: all at first, then most, and rejections and answers from the cache."""
    for share, status in ((1.0, Status.FAILED), (0.8, Status.DIVERGED), (0.8, Status.REJECTED)):
        _driven(make(space, 3), space, trials, failing=share, status=status)


def _check_memory(make: Make, space: Space, many: int) -> None:
    search = make(space, 4)
    _driven(search, space, many // 10)
    tracemalloc.start()
    try:
        _driven(search, space, many, begin=many)
        grown = tracemalloc.get_traced_memory()[0] / 1e6
    finally:
        tracemalloc.stop()
    _law(grown < _MEGABYTES, f"{many} more trials take less than {_MEGABYTES} MB; they took {grown:.0f}")


def _driven(
    search: Search,
    space: Space,
    trials: int,
    *,
    failing: float = 0.0,
    status: Status = Status.FAILED,
    begin: int = 0,
) -> list[Trial]:
    """Return trials told, with several under way: which ends first is left to chance that the number decides."""
    pending: dict[int, Proposal] = {}
    told: list[Trial] = []
    known: dict[tuple[str, Fidelity], Trial] = {}
    number = begin
    while len(told) < trials:
        while len(pending) < _WORKERS:
            proposal = search.ask(number, pending)
            if proposal is None:
                break
            _check_proposal(proposal, number, space)
            pending[number] = proposal
            number += 1
        _law(bool(pending), "a search with nothing pending proposes something")
        ended = min(pending, key=lambda one: one + 5 * rng_for(one, Use.TRIAL).random())
        proposal = pending.pop(ended)
        try:
            key = space.architecture(proposal.point).key
        except SpaceError as error:
            key, outcome = "", Outcome(Status.REJECTED, error=str(error))
        else:
            found = known.get((key, proposal.fidelity))
            outcome = repeated(found) if found else _outcome(space, proposal, failing, status)
        told.append(Trial(proposal, outcome, key, float(ended), float(ended + 1)))
        if told[-1].evaluated:
            known[key, proposal.fidelity] = told[-1]
        search.tell(told[-1])
    return told


def _check_proposal(proposal: Proposal, number: int, space: Space) -> None:
    _law(proposal.number == number, "a proposal bears the number asked for")
    try:
        belongs = space.point(proposal.point.values) == proposal.point
    except SpaceError:
        belongs = False
    _law(belongs, f"points belong to the space; {proposal.point!r} does not")
    try:
        copy = Proposal.from_json(json.loads(json.dumps(proposal.to_json())))
    except (TypeError, ValueError):
        copy = None
    _law(copy == proposal, f"proposals survive JSON, notes included; {proposal!r} does not")


def _outcome(space: Space, proposal: Proposal, failing: float, status: Status) -> Outcome:
    chance = rng_for(proposal.number, Use.TRIAL, 1)
    if chance.random() < failing:
        return Outcome(status, error="as the check has it", parameters=10)
    return Outcome(Status.OK, _worth(space, proposal.point) + 0.01 * chance.normal(), parameters=10, seconds=1.0)


def _worth(space: Space, point: Point) -> float:
    units = space.encode(point)
    return -float(((units - 0.6) ** 2).sum()) - 0.3 * float((units[1:] * units[:-1]).sum())


def _law(kept: bool, law: str) -> None:  # reads as a sentence
    if not kept:
        raise AssertionError(f"a search breaks the law: {law}")
