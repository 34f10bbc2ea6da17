import os

import pytest

from cellwright.errors import UsageError
from cellwright.executors import connect


def test_as_many_workers_as_asked() -> None:
    executor, workers = connect("local:3")
    executor.shutdown()
    assert workers == 3


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("slurm:4", "there is no executor 'slurm:4'; known: local:N"),
        ("local:0", "local needs a number of workers above 0"),
        ("local:many", "local needs a number of workers above 0"),
        (f"local:{1000 * (os.cpu_count() or 1)}", r"workers are too many for \d+ cores; ask for \d+ at most"),
    ],
)
def test_what_cannot_be_is_refused(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        connect(address)
