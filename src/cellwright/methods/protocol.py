"""The seam of all searches: who proposes what to try next."""

from collections.abc import Mapping
from typing import Protocol

from cellwright.trial import Proposal, Trial

__all__ = ["Search"]


class Search(Protocol):
    """Proposes points and learns from trials.

    `ask` changes nothing and only `tell` moves a search, so equal seeds and equal trials in equal order give equal
    proposals: a run is resumed by telling its log again.
    """

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return proposal `number`, or None to wait for what is pending (asked, not told yet)."""
        ...

    def tell(self, trial: Trial) -> None:
        """Learn from a trial; failures and answers from the cache are told too."""
        ...
