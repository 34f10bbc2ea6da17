"""Architectures become torch networks here."""

from cellwright.build.network import Batch, Members, Network

__all__ = ["Batch", "Members", "Network"]
