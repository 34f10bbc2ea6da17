"""Proximal policy optimisation (Schulman et al., arXiv:1707.06347) of a controller."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cellwright.errors import UsageError
from cellwright.methods.policy.controller import Evaluation

__all__ = ["Experience", "Ppo", "advantages", "clipped", "objective"]


@dataclass(frozen=True, slots=True)
class Ppo:
    """How a policy is improved.

    Attributes:
        clip: the probability ratio counts only within 1 +- clip.
        steps: of the optimiser on one batch.
        learning_rate: of Adam.
        entropy: weight of the entropy bonus.
        value: weight of the critic's squared error.
        trace: lambda of generalised advantage estimation (arXiv:1506.02438). Rewards are not discounted: a decision's
            position is no time.
        imitation: weight of drawing the best points known (arXiv:1806.05635); 0: none of it.
        elite: how many those are at most.
        share: of all told, that they are at most, though 4.
        first_floor: least entropy at first, as a share of the uniform policy's; with last_floor 0: none.
        last_floor: what that sinks to.
    """

    clip: float = 0.2
    steps: int = 6
    learning_rate: float = 1e-2
    entropy: float = 0.01
    value: float = 0.5
    trace: float = 0.95
    imitation: float = 0.5
    elite: int = 16
    share: float = 1.0
    first_floor: float = 0.5
    last_floor: float = 0.05

    def __post_init__(self) -> None:
        if not (0 < self.clip < 1 and self.steps >= 1 and self.learning_rate > 0 and 0 <= self.trace <= 1):
            raise UsageError(f"PPO needs 0 < clip < 1, steps >= 1, learning_rate > 0, 0 <= trace <= 1; got {self!r}")
        if not (self.entropy >= 0 and self.value >= 0):
            raise UsageError(f"PPO needs entropy >= 0 and value >= 0; got {self!r}")
        if not (self.imitation >= 0 and self.elite >= 1 and 0 <= self.last_floor <= self.first_floor < 1):
            raise UsageError(f"PPO needs imitation >= 0, elite >= 1, 0 <= last_floor <= first_floor < 1; got {self!r}")
        if not 0 < self.share <= 1:
            raise UsageError(f"PPO needs a share above 0, up to 1; got {self!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Experience:
    """A batch of points that were tried.

    Attributes:
        levels: what was chosen, int64 (points, decisions).
        active: which decisions mattered, bool (points, decisions).
        log_probs: under the policy that chose, (points, decisions).
        rewards: at the end of each point, (points,).
    """

    levels: Tensor
    active: Tensor
    log_probs: Tensor
    rewards: Tensor


def clipped(ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """Return PPO's clipped objective, to be maximised (arXiv:1707.06347, eq. 7).

    Shape: ratio and advantage (points, decisions); result the same.
    """
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)


def advantages(values: Tensor, active: Tensor, rewards: Tensor, trace: float) -> Tensor:
    """Return generalised advantages of points that are rewarded at their end (arXiv:1506.02438, eq. 16; gamma 1).

    A decision that is switched off is no step: its value has been learnt from nothing.

    Shape: values and active (points, decisions), rewards (points,); result (points, decisions).
    """
    result = torch.empty_like(values)
    following, running = rewards, torch.zeros_like(rewards)  # (points,)
    for number in reversed(range(values.shape[1])):
        here, value = active[:, number], values[:, number]
        running = torch.where(here, following - value + trace * running, running)
        following = torch.where(here, value, following)
        result[:, number] = running
    return result


def objective(judged: Evaluation, experience: Experience, advantage: Tensor, settings: Ppo) -> Tensor:
    """Return what a step on `experience`, as the controller now judges it, minimises, ().

    Shape: advantage (points, decisions).
    """
    weights = experience.active / experience.active.sum().clamp_min(1)
    gain = clipped((judged.log_probs - experience.log_probs).exp(), advantage, settings.clip)
    error = (judged.values - experience.rewards[:, None]) ** 2
    loss: Tensor = (weights * (settings.value * error - gain - settings.entropy * judged.entropies)).sum()
    return loss
