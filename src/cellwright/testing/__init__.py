"""The laws every operation, space and search keeps, as functions that raise AssertionError naming the law broken.

For our own tests, and for the tests of whoever writes an operation, a space or a search of their own.
"""

from cellwright.testing.search import check_search
from cellwright.testing.space import check_operation, check_space

__all__ = ["check_operation", "check_search", "check_space"]
