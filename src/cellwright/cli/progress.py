"""How a running search shows itself on stderr: a live board on a terminal, now and then a line elsewhere."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cellwright.cli.terminal import count, duration, plural, score_text, stderr

if TYPE_CHECKING:
    from cellwright.trial import Trial

__all__ = ["Tally", "watched", "working"]

_RECENT = 20
_LINE_SECONDS = 30.0
_RANKING = 20.0  # at most a twentieth of the time goes into finding the leader
_LINES = 10


@dataclass(slots=True)
class Tally:
    """What has come of a loop so far.

    Attributes:
        noun: what a worker's trial is called.
        metric: whose scores are shown; None: none.
        evaluations: at which it ends, if at all.
        minutes: after which it ends, if at all.
        replayed: trials that come from the log at the beginning, and are no news.
        clock: seconds the run had been going before.
    """

    noun: str
    metric: str | None
    workers: int
    evaluations: int | None = None
    minutes: float | None = None
    replayed: int = 0
    clock: float = 0.0
    evaluated: int = 0
    failed: int = 0
    cached: int = 0
    rejected: int = 0
    busy: float = 0.0
    _tries: "list[Trial]" = field(default_factory=list)
    _leader: "Trial | None" = None  # as of so many tries
    _ranked: int = 0
    _pause: float = 0.0  # seconds of the clock, before which they are not ranked again
    _first: tuple[float, int] | None = None  # when the first news came, and how many were evaluated then
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _start: float = field(default_factory=time.monotonic)

    def take(self, trial: "Trial") -> None:
        """Count a trial."""
        self.cached += trial.outcome.status.value == "cached"
        self.rejected += trial.over
        if trial.evaluated:
            self.evaluated += 1
            self.failed += trial.score is None and not trial.over
            self.busy += trial.finished - trial.started
        if self.replayed:
            self.replayed -= 1
        else:
            # the run's clock began when its workers were there
            self.clock, self._start = trial.finished, time.monotonic()
            if trial.evaluated and self._first is None:
                self._first = (self._start, self.evaluated)
        if trial.score is not None:
            self._recent.append(trial.score)
            if trial.evaluated:
                self._tries.append(trial)

    @property
    def best(self) -> "Trial | None":
        """The network that leads, with its mean score, as the summary at the end has it."""
        from cellwright.methods.confirmed import ranked  # heavy: not for every command to load

        now = time.monotonic()
        if len(self._tries) > self._ranked and now >= self._pause:
            self._leader, self._ranked = next(iter(ranked(self._tries)), None), len(self._tries)
            self._pause = now + _RANKING * (time.monotonic() - now)
        return self._leader

    @property
    def elapsed(self) -> float:
        """Seconds of the run's clock."""
        return self.clock + time.monotonic() - self._start

    @property
    def share(self) -> float:
        """How much of the work is done, 0 to 1; 0 if no one knows."""
        counted = self.evaluated / self.evaluations if self.evaluations else 0.0
        timed = self.elapsed / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(counted, timed))

    def done(self) -> str:
        """Return how far it is, in words."""
        of = f" of {self.evaluations:,}" if self.evaluations else ""
        noun = f"{self.noun}{'' if (self.evaluations or self.evaluated) == 1 else 's'}"
        minutes = f" of {duration(60 * self.minutes)}" if self.minutes else ""
        return f"{self.evaluated:,}{of} {noun}, {duration(self.elapsed)}{minutes}"

    def left(self) -> str:
        """Return how long it will take, in words; nothing where it cannot be told."""
        estimates = [60 * self.minutes - self.elapsed] if self.minutes else []
        if self.evaluations and self._first and self.evaluated >= self._first[1] + self.workers:
            since, number = self._first
            each = (time.monotonic() - since) / (self.evaluated - number)
            estimates.append(each * (self.evaluations - self.evaluated))
        return f"about {duration(max(0.0, min(estimates)))} left" if estimates else ""

    def scores(self) -> str:
        """Return how good it is, in words."""
        leader = self.best
        if self.metric is None or leader is None:
            return ""
        parameters = leader.outcome.parameters
        best = f"best {self.metric} {score_text(leader.score)} with {count(parameters)} parameters"
        mean = sum(self._recent) / len(self._recent)
        return f"{best}, mean of the last {len(self._recent)}: {score_text(mean)}"

    def rest(self) -> str:
        """Return what else came of proposals, in words."""
        words = [
            f"{number:,} {what}"
            for number, what in (
                (self.failed, "failed"),
                (self.cached, "from the cache"),
                (self.rejected, "over a limit"),
            )
            if number
        ]
        if self.evaluated and self.elapsed > 0:
            share = min(1.0, self.busy / (self.workers * self.elapsed))
            words.append(f"{plural(self.workers, 'worker')} {share:.0%} busy")
        return ", ".join(words)


@contextmanager
def watched(tally: Tally, *, lines: bool) -> "Iterator[Callable[[Trial], None]]":
    """Show a tally on stderr while the block runs; give the block what is to be called with each trial.

    Args:
        lines: print a line now and then where stderr is no terminal.
    """
    if sys.stderr.isatty():
        with Live(_Board(tally), console=stderr(), refresh_per_second=5, transient=True, redirect_stdout=False):
            yield tally.take
    else:
        yield _Lines(tally) if lines else tally.take


@contextmanager
def working(words: str) -> Iterator[None]:
    """Say on a terminal what takes a moment."""
    if sys.stderr.isatty():
        with stderr().status(words):
            yield
    else:
        yield


class _Board:
    """What a terminal shows of a tally, drawn again several times a second."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._starting = Spinner("dots", f"starting {plural(tally.workers, 'worker')}")

    def __rich__(self) -> RenderableType:
        tally = self._tally
        if not tally.evaluated and not tally.rejected:
            return self._starting
        bar = Table.grid(padding=(0, 2), expand=True)
        bar.add_column(ratio=1, min_width=10)
        bar.add_column(no_wrap=True)
        bar.add_column(no_wrap=True)
        bar.add_row(
            ProgressBar(total=1.0, completed=tally.share, pulse=not (tally.evaluations or tally.minutes)),
            tally.done(),
            tally.left(),
        )
        return Group(bar, *(Text(words) for words in (tally.scores(), tally.rest()) if words))


class _Lines:
    """Prints a line every tenth of the way or half minute, when a trial comes in."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._share = 0.0
        self._time = time.monotonic()

    def __call__(self, trial: "Trial") -> None:
        old = self._tally.replayed > 0
        self._tally.take(trial)
        now, share = time.monotonic(), self._tally.share
        if old:
            self._share, self._time = share, now
        elif trial.evaluated and (share >= self._share + 1 / _LINES - 1e-9 or now >= self._time + _LINE_SECONDS):
            self._share, self._time = share, now
            words = (self._tally.done(), self._tally.scores(), self._tally.rest())
            print("; ".join(word for word in words if word), file=sys.stderr, flush=True)
