"""Designs deep networks for scientific data."""

__version__ = "0.1.0"
