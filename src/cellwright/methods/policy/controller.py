"""The recurrent controller: a policy over the decisions of a space, one head a decision."""

from typing import NamedTuple, TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

from cellwright.errors import SpaceError
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Choice, Decision, Integer, Point, Space, Value

__all__ = ["Controller", "Evaluation", "Plan", "levels_of", "levels_of_point", "new_controller", "plan"]

_MOST_LEVELS = 32
_BINS = 16  # for real numbers and wide ranges; within a bin the value is uniform
_SOON, _MENDED = 10, 3  # draws of as many points, and after them such of which what is forbidden is mended


class Plan(NamedTuple):
    """Points drawn from a policy.

    Attributes:
        values: of each point, in the order of the decisions.
        levels: what the heads chose, int64 (points, decisions).
        active: which decisions matter, bool (points, decisions).
        log_probs: how likely each choice was, (points, decisions).
    """

    values: tuple[tuple[Value, ...], ...]
    levels: Tensor
    active: Tensor
    log_probs: Tensor


class Evaluation(NamedTuple):
    """What the controller thinks of taken decisions, each (points, decisions)."""

    log_probs: Tensor
    entropies: Tensor
    values: Tensor


def levels_of(decision: Decision) -> int:
    """Return how many levels the head of a decision chooses from."""
    size = decision.size
    return size if size is not None and (size <= _MOST_LEVELS or isinstance(decision, Choice)) else _BINS


class Controller(nn.Module):
    """An LSTM that reads which decision is next and what was chosen last, with a policy and a value head each.

    At first every head is uniform, or log-uniform as its decision, so that learning starts from random search.
    """

    mask: Tensor  # 0 where a decision has the level, -inf elsewhere, (decisions, levels)
    first: Tensor  # token of each decision's first level, (decisions,)

    def __init__(self, levels: tuple[int, ...], *, hidden: int = 32) -> None:
        super().__init__()
        count, widest = len(levels), max(levels)
        self.levels = levels
        self.decision = nn.Embedding(count, hidden)
        self.previous = nn.Embedding(1 + sum(levels), hidden)  # 0: nothing chosen yet
        self.lstm = nn.LSTM(hidden, hidden)
        self.heads = nn.Parameter(torch.zeros(count, hidden, widest))
        self.biases = nn.Parameter(torch.zeros(count, widest))
        self.critic = nn.Linear(hidden, 1)
        nn.init.zeros_(self.critic.weight)
        nn.init.zeros_(self.critic.bias)
        outside = torch.arange(widest)[None, :] >= torch.tensor(levels)[:, None]
        self.register_buffer("mask", torch.zeros(count, widest).masked_fill(outside, -torch.inf))
        first = np.concatenate([[0], np.cumsum(levels)[:-1]]) + 1
        self.register_buffer("first", torch.from_numpy(first))

    def forward(self, levels: Tensor) -> Evaluation:
        """Judge decisions taken, int64 (points, decisions)."""
        previous = self._embedded(levels)  # (decisions, points, hidden)
        hidden, _ = self.lstm(previous)
        logits = torch.einsum("dph,dhk->pdk", hidden, self.heads) + self.biases + self.mask
        log_probs = logits.log_softmax(dim=-1)  # (points, decisions, levels)
        chosen = log_probs.gather(2, levels[..., None])[..., 0]  # (points, decisions)
        # an impossible level has log-probability -inf and adds nothing to the entropy
        entropies = -(log_probs.exp() * log_probs.clamp_min(-1e9)).sum(dim=-1)  # (points, decisions)
        return Evaluation(chosen, entropies, self.critic(hidden)[..., 0].T)

    @torch.no_grad()
    def draw(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Return levels drawn with the given numbers in [0, 1), and their log-probabilities.

        Shape: uniform (points, decisions); levels int64, and log-probabilities, of the same shape.
        """
        points, count = uniform.shape
        weights = tuple(self.lstm.parameters())
        token = torch.zeros(points, dtype=torch.long)
        hidden = cell = torch.zeros(points, self.lstm.hidden_size)
        chosen, likely = [], []
        for number in range(count):
            step = self.decision.weight[number] + self.previous(token)  # (points, hidden)
            hidden, cell = torch.lstm_cell(step, [hidden, cell], *weights)
            log_probs = (hidden @ self.heads[number] + self.biases[number] + self.mask[number]).log_softmax(dim=-1)
            cumulative = log_probs.exp().cumsum(dim=-1)  # (points, levels)
            level = (uniform[:, number, None] >= cumulative).sum(dim=-1)  # (points,)
            # rounding may leave the last cumulative sum below 1
            level = level.clamp_max(self.levels[number] - 1)
            chosen.append(level)
            likely.append(log_probs.gather(1, level[:, None])[:, 0])
            token = self.first[number] + level
        return torch.stack(chosen, dim=1), torch.stack(likely, dim=1)

    def _embedded(self, levels: Tensor) -> Tensor:
        tokens = (levels + self.first).T  # (decisions, points)
        shifted = torch.cat([torch.zeros_like(tokens[:1]), tokens[:-1]])
        embedded: Tensor = self.previous(shifted) + self.decision.weight[:, None]  # (decisions, points, hidden)
        return embedded


def new_controller(space: Space, seed: int) -> Controller:
    """Return a controller for the decisions of `space`, its weights decided by `seed`."""
    if not space.decisions:
        raise SpaceError(f"space {space.name!r} has no decisions; there is nothing to search")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for(seed, Use.CONTROLLER))
        controller = Controller(tuple(levels_of(decision) for decision in space.decisions))
    for head, decision in zip(controller.biases.data, space.decisions, strict=True):
        if _is_counted(decision) and decision.log:
            numbers = torch.arange(decision.low, decision.high + 1, dtype=torch.float64)
            head[: decision.size] = (1 / numbers).log1p().log()  # of their shares, up to a factor
    return controller


def plan(controller: Controller, space: Space, count: int, seed: int, *numbers: int) -> Plan:
    """Draw `count` points, by the random numbers of the agent's stream `numbers`.

    Raises:
        SpaceError: the space forbids almost everything.
    """
    rng = rng_for(seed, Use.AGENT, *numbers)
    values: list[tuple[Value, ...]] = []
    taken: list[tuple[Tensor, Tensor]] = []
    for number in range(_SOON + _MENDED):
        uniform, jitter = rng.random((2, count, len(space.decisions)))
        levels, log_probs = controller.draw(torch.from_numpy(uniform).float())
        for row, (picked, within) in enumerate(zip(levels.tolist(), jitter.tolist(), strict=True)):
            if len(values) == count:
                break
            closed = tuple(map(_value, space.decisions, picked, within))
            if space.allows(closed):
                values.append(closed)
                taken.append((levels[row], log_probs[row]))
            elif number >= _SOON and (mended := space.mended(closed, rng)) is not None:
                values.append(mended)
                taken.append(_taken(controller, space, mended))
        if len(values) == count:
            active = torch.tensor([space.active(closed) for closed in values])
            chosen, likely = (torch.stack(each) for each in zip(*taken, strict=True))
            return Plan(tuple(values), chosen, active, likely)
    raise SpaceError(f"space {space.name!r} forbids almost everything: no draw was allowed, nor could be mended")


def _taken(controller: Controller, space: Space, values: tuple[Value, ...]) -> tuple[Tensor, Tensor]:
    """Return what the heads would have chosen, and how likely they find it, each (decisions,)."""
    levels, _ = levels_of_point(space, Point(values, space.fingerprint))
    with torch.no_grad():
        return levels, controller(levels[None]).log_probs[0]


def levels_of_point(space: Space, point: Point) -> tuple[Tensor, Tensor]:
    """Return what the heads would have chosen, int64 (decisions,), and which decisions matter, bool (decisions,)."""
    pairs = zip(space.decisions, point.values, strict=True)
    levels = [_level(decision, value) for decision, value in pairs]
    return torch.tensor(levels), torch.tensor(space.active(point.values))


def _is_counted(decision: Decision) -> TypeGuard[Integer]:
    """Return whether a decision is between whole numbers, and its head has a level for each."""
    return isinstance(decision, Integer) and decision.size == levels_of(decision)


def _level(decision: Decision, value: Value) -> int:
    if isinstance(decision, Choice):
        return int(value)
    if _is_counted(decision):
        return int(value) - decision.low
    count = levels_of(decision)
    return min(int(decision.unit(value) * count), count - 1)


def _value(decision: Decision, level: int, jitter: float) -> Value:
    if isinstance(decision, Choice):
        return level
    if _is_counted(decision):
        return decision.low + level
    return decision.at((level + jitter) / levels_of(decision))
