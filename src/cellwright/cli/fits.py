"""How post-training shows itself on stderr: live on a terminal; elsewhere a line at each fit, and while one goes on."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.spinner import Spinner

from cellwright.cli.terminal import duration, stderr

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
    fits = _Fits(plan, made, workers)
    if sys.stderr.isatty():
        spinner = Spinner("dots")

        def shown() -> Spinner:
            spinner.update(text=fits.words())
            return spinner

        with Live(get_renderable=shown, console=stderr(), transient=True, redirect_stdout=False):
            yield fits.take
    elif lines and fits.left:
        with _Lines(fits) as printed:
            yield printed.take
    else:
        yield fits.take


class _Fits:
    """Which fits are made and which are not.

    Attributes:
        left: those to be made, in their order.
    """

    def __init__(self, plan: "Plan", made: "Sequence[Trial]", workers: int) -> None:
        done = {trial.proposal.point for trial in made}
        work = plan.work
        self.left = [point for point in work if point not in done]
        self._plan = plan
        self._workers = workers
        self._whole = len(work)
        self._old = {trial.number for trial in made}
        self._begun = time.monotonic()

    def take(self, trial: "Trial") -> None:
        """Count a fit."""
        self.news(trial)

    def news(self, trial: "Trial") -> str:
        """Count a fit and return what came of it, in words; nothing where it was made before."""
        if trial.number in self._old:
            return ""
        point, outcome = trial.proposal.point, trial.outcome
        self.left = [one for one in self.left if one != point]
        what = self._plan.words(point)
        return f"{what} took {duration(outcome.seconds)}" if outcome.score is not None else f"{what} failed"

    def words(self, news: str = "") -> str:
        """Return how far it is, in words."""
        done = f"{self._whole - len(self.left)} of {self._whole} fits, {duration(time.monotonic() - self._begun)}"
        now = " and ".join(self._plan.words(point) for point in self.left[: self._workers])
        return "; ".join(part for part in (done, news, f"fitting {now}" if now else "") if part)


class _Lines:
    """Prints a line at the beginning, at each fit, and each half minute in which none ends."""

    def __init__(self, fits: _Fits) -> None:
        self._fits = fits
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._last = 0.0
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._say()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def take(self, trial: "Trial") -> None:
        with self._lock:
            news = self._fits.news(trial)
            if news:
                self._say(news)

    def _beat(self) -> None:
        """Say now and then that work goes on, until it has ended."""
        while not self._ended.wait(max(0.0, self._last + LINE_SECONDS - time.monotonic())):
            with self._lock:
                if time.monotonic() >= self._last + LINE_SECONDS:
                    self._say()

    def _say(self, news: str = "") -> None:
        self._last = time.monotonic()
        print(self._fits.words(news), file=sys.stderr, flush=True)
