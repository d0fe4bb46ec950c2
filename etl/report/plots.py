"""What do the plots show, in figures for the script and in words for whoever cannot see them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.records import LoadCourse

FEWEST_STEPS = 3
"""Fewer say no more than the figures beside them."""

_LIMIT_IN_SIGHT = 4.0
"""A limit so many times as high as what was sent is told, not drawn: it would press the plot flat."""
_SAME_PACE = 0.99
_PASSING = (
    "A second may lie above the limit: the start draws on the reserve that Lightfield allows, "
    "and a row counts when its answer comes, also where that is late."
)


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: by which name the script knows it, its title, how to read it, and what it shows in a sentence."""

    name: str
    title: str
    hint: str
    told: str


def plots(course: LoadCourse | None) -> list[Plot]:
    """The plots that say something about this run; empty where nothing was sent, or all within a few seconds."""
    if course is None or len(course.requests) < FEWEST_STEPS:
        return []
    return [_pace(course), *_latency(course), *_trouble(course)]


def plot_data(course: LoadCourse) -> dict[str, object]:
    """The figures, as the script reads them: ``began`` and ``step`` in seconds, a list for each line of a plot."""
    step = course.step_seconds
    limit, sent = _limit(course), _highest(course.requests) / step
    in_sight = limit is not None and limit <= sent * _LIMIT_IN_SIGHT
    held_back = in_sight and any(
        pace < _SAME_PACE * most for pace, most in zip(course.pace_per_second, course.limit_per_second, strict=True) if pace and most
    )
    return {
        "began": course.began_at.timestamp(),
        "step": step,
        "written": [_short(number / step) for number in course.written],
        "requests": [_short(number / step) for number in course.requests],
        "limit": list(course.limit_per_second) if in_sight else None,
        "pace": [_short(pace) for pace in course.pace_per_second] if held_back else None,
        "retries": list(course.retries),
        "throttled": list(course.throttled),
        "p50": [_short(each) for each in course.latency_p50_ms],
        "p95": [_short(each) for each in course.latency_p95_ms],
        "longest": [_short(each) for each in course.latency_max_ms],
    }


def _pace(course: LoadCourse) -> Plot:
    step, limit = course.step_seconds, _limit(course)
    seconds = step * len(course.written)
    told = (
        f"{sum(course.written) / seconds:,.1f} rows written a second on the whole, {_highest(course.written) / step:,.1f} at most; "
        f"{sum(course.requests) / seconds:,.1f} requests sent a second"
    )
    if limit is not None:
        told += f"; the limit is {limit:,g} writes a second"
    hint = _PASSING if limit is not None and max(_highest(course.requests), _highest(course.written)) / step > limit else ""
    return Plot("pace", f"Rows and requests a second{_of_steps(course)}", hint, told)


def _latency(course: LoadCourse) -> list[Plot]:
    middle, slow = [each for each in course.latency_p50_ms if each], [each for each in course.latency_p95_ms if each]
    if not middle:
        return []
    told = f"half of the answers within {_highest(middle):,.0f} ms at worst, 95% within {_highest(slow):,.0f} ms"
    return [Plot("latency", "Milliseconds to an answer", "Half of the answers came within p50, 95% within p95.", told)]


def _trouble(course: LoadCourse) -> list[Plot]:
    retries, throttled = sum(course.retries), sum(course.throttled)
    if not retries and not throttled:
        return []
    told = f"{retries:,} requests repeated, {throttled:,} answers 429 (too many requests)"
    return [Plot("trouble", f"Repeated requests and answers 429{_each_step(course)}", "", told)]


def _of_steps(course: LoadCourse) -> str:
    return "" if course.step_seconds == 1 else f", means of {course.step_seconds} s"


def _each_step(course: LoadCourse) -> str:
    return " in each second" if course.step_seconds == 1 else f" in each {course.step_seconds} s"


def _limit(course: LoadCourse) -> float | None:
    return max((each for each in course.limit_per_second if each), default=None)


def _highest(figures: Sequence[float]) -> float:
    return max(figures, default=0.0)


def _short(figure: float | None) -> float | None:
    """Enough for a plot: three digits before the point, or two after it."""
    return None if figure is None else round(figure, 2 if figure < 100 else 0)  # noqa: PLR2004  from where on nobody sees hundredths
