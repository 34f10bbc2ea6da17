"""Random numbers that depend on what they are for and on nothing else."""

import numpy as np

__all__ = ["rng_for", "seed_for"]


def rng_for(seed: int, *numbers: int) -> np.random.Generator:
    """Return the generator that belongs to `numbers` under `seed`, the same in any process."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, *numbers))))


def seed_for(seed: int, *numbers: int) -> int:
    """Return a 63-bit seed for libraries with a generator of their own."""
    return int(rng_for(seed, *numbers).integers(2**63 - 1))
