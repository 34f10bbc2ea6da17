"""Searches: who proposes what to try next.

The package is not called `search`, since importing it would then hide the function `cellwright.search`.
"""

from cellwright.methods.evolution import Evolution
from cellwright.methods.listed import Listed
from cellwright.methods.protocol import Search
from cellwright.methods.random import Random

__all__ = ["Evolution", "Listed", "Random", "Search"]
