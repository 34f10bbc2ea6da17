"""How post-training shows itself on stderr: a line at each fit, and now and then while a long one goes on."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cellwright.cli.progress import Tally, watched
from cellwright.cli.terminal import duration

if TYPE_CHECKING:
    from cellwright.posttrain import Plan
    from cellwright.trial import Trial

__all__ = ["LINE_SECONDS", "watched_fits"]

LINE_SECONDS = 30.0


@contextmanager
def watched_fits(
    plan: "Plan", made: "Sequence[Trial]", workers: int, *, lines: bool
) -> "Iterator[Callable[[Trial], None]]":
    """Show the fits of a plan on stderr while the block runs; give the block what is to be called with each.

    Args:
        made: the fits that an earlier command made; they are no news.
        lines: print lines where stderr is no terminal.
    """
    if not lines or sys.stderr.isatty():
        with watched(Tally("fit", None, workers, len(plan.work), replayed=len(made)), lines=False) as observe:
            yield observe
        return
    fits = _Lines(plan, made, workers)
    beat = threading.Thread(target=fits.beat, daemon=True)
    beat.start()
    try:
        yield fits
    finally:
        fits.ended.set()
        beat.join()


class _Lines:
    """Prints a line at the beginning, at each fit, and each half minute in which none ends."""

    def __init__(self, plan: "Plan", made: "Sequence[Trial]", workers: int) -> None:
        self.ended = threading.Event()
        self._plan = plan
        self._workers = workers
        self._work = plan.work
        self._old = {trial.number for trial in made}
        self._done = {trial.proposal.point for trial in made}
        self._begun = self._last = time.monotonic()
        self._lock = threading.Lock()
        if len(self._done) < len(self._work):
            self._say()

    def __call__(self, trial: "Trial") -> None:
        with self._lock:
            point, outcome = trial.proposal.point, trial.outcome
            again = point in self._done
            self._done.add(point)
            if again and trial.number in self._old:
                return
            what = self._plan.words(point)
            self._say(f"{what} took {duration(outcome.seconds)}" if outcome.score is not None else f"{what} failed")

    def beat(self) -> None:
        """Say now and then that work goes on, until it has ended."""
        while not self.ended.wait(max(0.0, self._last + LINE_SECONDS - time.monotonic())):
            with self._lock:
                if time.monotonic() >= self._last + LINE_SECONDS:
                    self._say()

    def _say(self, news: str = "") -> None:
        self._last = time.monotonic()
        left = [point for point in self._work if point not in self._done]
        done = f"{len(self._work) - len(left)} of {len(self._work)} fits, {duration(self._last - self._begun)}"
        now = " and ".join(self._plan.words(point) for point in left[: self._workers])
        words = (done, news, f"fitting {now}" if now else "")
        print("; ".join(word for word in words if word), file=sys.stderr, flush=True)
