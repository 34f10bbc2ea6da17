"""The mean of a network's weights over its training, which is better than the last of them.

Source: power function averaging (Karras et al., arXiv:2312.02696, section 3.1): of whatever was done so far the last
part counts, so that nothing depends on how long training will be.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from cellwright.build import Members

__all__ = ["Average"]

_STRIDE = 200  # a network is looked at whenever a two-hundredth more steps are made


class Average:
    """A mean of a network's weights and buffers in which those after step t count as t^power.

    Attributes:
        network: a copy that has the means.
    """

    def __init__(self, network: Members, power: float) -> None:
        self.network = deepcopy(network)
        self._power = power
        self._step = 0  # when it last looked
        means, latest = self.network.state_dict().values(), network.state_dict().values()  # they change in place
        pairs: list[tuple[Tensor, Tensor]] = list(zip(means, latest, strict=True))
        self._means = [mean for mean, _ in pairs if mean.is_floating_point()]
        self._latest = [value for mean, value in pairs if mean.is_floating_point()]
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def take(self, step: int) -> None:
        """Look at the network after a step, counted from 1."""
        if step < self._step + max(1, self._step // _STRIDE):
            return
        weight = 1 - (self._step / step) ** (self._power + 1)
        self._step = step
        torch._foreach_lerp_(self._means, self._latest, weight)  # as torch.optim does
        for mean, value in self._counts:
            mean.copy_(value)

    def state(self) -> dict[str, Any]:
        """Return all that going on depends on."""
        return {"network": self.network.state_dict(), "step": self._step}

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was."""
        self.network.load_state_dict(state["network"])
        self._step = state["step"]
