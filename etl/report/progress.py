"""How far is it, how fast, how long still?"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import RenderableType
from rich.progress import Progress as Bar
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from etl.report.voice import Voice
from etl.report.wording import duration_text

_WINDOW_SECONDS = 30.0
_LIVE_SECONDS = 0.1
_BAR_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the load is.

    Attributes:
        done: Rows that were to be sent and have their outcome.
        retries: Requests that repeated an earlier one.
        failures: Rows that need a person.
        in_flight: Requests without an answer yet.
    """

    done: int = 0
    retries: int = 0
    failures: int = 0
    in_flight: int = 0


class Progress:
    """A live bar on a terminal; elsewhere a plain line now and then. Use it as a context manager.

    Args:
        voice: Says it.
        total: Rows that will be sent; None when that is not known. Of none no bar is drawn.
        elapsed_seconds: A clock that never jumps.
        every_seconds: Between two plain lines.
    """

    def __init__(self, voice: Voice, *, total: int | None, elapsed_seconds: Callable[[], float], every_seconds: float = 15.0) -> None:
        self._voice = voice
        self._total = total
        self._elapsed_seconds = elapsed_seconds
        self._every_seconds = _LIVE_SECONDS if voice.is_live else every_seconds
        self._bar = _live_bar(voice) if voice.is_live and total != 0 else None
        self._task = None if self._bar is None else self._bar.add_task("", total=total, told="")
        self._seen: deque[tuple[float, int]] = deque()
        self._last_shown = 0.0
        self._standing = Standing()

    def __enter__(self) -> Self:
        now = self._elapsed_seconds()
        self._seen.append((now, 0))
        self._last_shown = now
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._show(self._elapsed_seconds())
            self._bar.stop()

    def show(self, standing: Standing) -> None:
        """Takes the newest standing; shows it when it is time. Cheap: call it after every row."""
        self._standing = standing
        now = self._elapsed_seconds()
        if now - self._last_shown >= self._every_seconds:
            self._show(now)

    def _show(self, now: float) -> None:
        self._last_shown = now
        rate = self._rate(now)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._standing.done, told=self._told(rate))
            self._bar.refresh()
        else:
            self._say(rate)

    def _say(self, rate: float) -> None:
        self._voice.say(
            "info",
            "progress",
            self._told(rate),
            done=self._standing.done,
            total=self._total,
            rows_per_second=round(rate, 2),
            eta_seconds=self._remaining_seconds(rate),
            retries=self._standing.retries,
            failures=self._standing.failures,
            in_flight=self._standing.in_flight,
        )

    def _rate(self, now: float) -> float:
        """Rows per second over the last half minute: what the ETA must follow when the limit changes."""
        self._seen.append((now, self._standing.done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW_SECONDS:  # noqa: PLR2004  the two ends of a span
            self._seen.popleft()
        since, done = self._seen[0]
        return (self._standing.done - done) / (now - since) if now > since else 0.0

    def _remaining_seconds(self, rate: float) -> int | None:
        if self._total is None or rate <= 0:
            return None
        return round(max(0, self._total - self._standing.done) / rate)

    def _told(self, rate: float) -> str:
        remaining = self._remaining_seconds(rate)
        of_total = "" if self._total is None else f"/{self._total:,}"
        parts = [f"{self._standing.done:,}{of_total}", f"{rate:,.1f}/s"]
        if remaining is not None:
            parts.append(f"{duration_text(remaining)} left")
        parts += [f"{self._standing.retries:,} retries", f"{self._standing.failures:,} failed", f"{self._standing.in_flight:,} in flight"]
        return " · ".join(parts)


class _TwoLines(Bar):
    """The bar above its figures, so that both fit into eighty columns."""

    def get_renderables(self) -> Iterable[RenderableType]:
        for task in self.tasks:
            lines = Table.grid()
            lines.add_row(ProgressBar(total=task.total, completed=task.completed, width=_BAR_WIDTH, pulse=task.total is None))
            lines.add_row(Text(task.fields["told"], no_wrap=True, overflow="ellipsis"))
            yield lines


def _live_bar(voice: Voice) -> Bar:
    # Refreshed by us: a thread of rich's own would need a clock of its own.
    return _TwoLines(console=voice.console, auto_refresh=False, transient=False)
