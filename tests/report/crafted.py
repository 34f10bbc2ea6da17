"""Trials told by hand."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cellwright.runs import Run
from cellwright.space import Space
from cellwright.trial import Fidelity, Outcome, Proposal, Status

Maker = Callable[..., Run]
FIDELITY = Fidelity(2, 0.5)


@dataclass
class Told:
    values: Sequence[float]
    score: float | None = 0.5
    status: Status = Status.OK
    parameters: int | None = 1000
    error: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    started: float = 0.0
    finished: float = 1.0
    worker: int | None = 0
    fidelity: Fidelity = FIDELITY
    key: str | None = None  # None: one of its own


def several(space: Space, count: int, **fields: Any) -> list[Told]:
    """Return trials of different points, one after the other, with scores that go up and down."""
    rng = np.random.default_rng(count)
    return [
        Told(
            space.sample(rng).values,
            **{"score": 0.5 + 0.4 * float(rng.random()), "started": number, "finished": number + 1.0, **fields},
        )
        for number in range(count)
    ]


def events(told: Sequence[Told], space: Space, *, finished: bool) -> Iterator[dict[str, Any]]:
    """Yield the log of a run in which this was told."""
    workers = 1 + max([1, *(one.worker for one in told if one.worker is not None)])
    yield {"event": "started", "at": 0.0, "workers": workers, "evaluations": None, "minutes": None}
    end = 0.0
    for number, one in enumerate(told):
        proposal = Proposal(number, space.point(one.values), one.fidelity, one.notes)
        score = one.score if one.status in {Status.OK, Status.CACHED} else None
        outcome = Outcome(one.status, score, {}, one.parameters, one.finished - one.started, one.error)
        end = max(end, one.finished)
        yield {"event": "asked", "at": end, "proposal": proposal.to_json()}
        yield {
            "event": "told",
            "at": end,
            "number": number,
            "outcome": outcome.to_json(),
            "key": one.key or f"{number:032x}",
            "started": one.started,
            "finished": one.finished,
            "worker": one.worker,
        }
    if finished:
        yield {"event": "stopped", "at": end, "reason": "evaluations"}
