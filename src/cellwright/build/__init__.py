"""Architectures become torch networks here."""

from cellwright.build.network import REPEATED, Batch, Members, Network

__all__ = ["REPEATED", "Batch", "Members", "Network"]
