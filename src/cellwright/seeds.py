"""Random numbers that depend on what they are for and on nothing else."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

__all__ = ["Use", "rng_for", "seed_for"]


class Use(IntEnum):
    """What random numbers are for; no two uses share a stream."""

    SPLIT = 1
    SUBSET = 2
    WEIGHTS = 3
    ORDER = 4
    TRIAL = 5
    SAMPLE = 6
    AGENT = 7
    CONTROLLER = 8
    REFIT = 9
    SYNTHETIC = 10
    REPLICATE = 11
    FOREST = 12
    TURN = 13
    RUNG = 14
    CANDIDATES = 15


def place_in(shares: Sequence[float], chance: float) -> int:
    """Return the place on which a number in [0, 1) falls, where each has a share of 1."""
    return int(np.searchsorted(np.cumsum(shares)[:-1], chance, side="right"))


def rng_for(seed: int, use: Use, *numbers: int) -> np.random.Generator:
    """Return the generator that belongs to a use and numbers under `seed`, the same in any process."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, use, *numbers))))


def seed_for(seed: int, use: Use, *numbers: int) -> int:
    """Return a 63-bit seed, for libraries with a generator of their own and for streams below this one."""
    return int(rng_for(seed, use, *numbers).integers(2**63 - 1))
