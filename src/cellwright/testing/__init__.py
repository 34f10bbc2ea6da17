"""The laws every operation and every space keeps, as functions that raise AssertionError naming the law broken.

For our own tests, and for the tests of whoever writes an operation or a space of their own.
"""

from cellwright.testing.space import check_operation, check_space

__all__ = ["check_operation", "check_space"]
