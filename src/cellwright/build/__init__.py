"""Architectures become torch networks here."""

from cellwright.build.network import Batch, Network

__all__ = ["Batch", "Network"]
