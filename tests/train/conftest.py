"""What the tests of training share."""

from typing import Any

import pytest
import torch

from cellwright.train.resident import Resident

Batches = list[tuple[torch.Tensor, torch.Tensor | None]]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Batches:
    """The rows of each batch that a network learns from, and which of them are turned round."""
    seen: Batches = []
    batch = Resident.batch

    def spying(self: Resident, rows: torch.Tensor, swap: torch.Tensor | None = None, repeats: int = 1) -> Any:
        if torch.is_grad_enabled():
            seen.append((rows, swap))
        return batch(self, rows, swap, repeats)

    monkeypatch.setattr(Resident, "batch", spying)
    return seen


def learnt(batches: Batches) -> list[int]:
    """Return the rows that networks learnt from, as often as they did."""
    return torch.cat([rows for rows, _ in batches]).tolist()
