"""How do people write an amount: a share, a number of rows or a share of them, a duration?

Apart from the model, because the commands' options need them: a help that waited for pydantic would be four times as slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CountOrShare:
    """``N`` (rows) or ``N%`` (a share of rows, 0 to 1); exactly one is set."""

    count: int | None = None
    share: float | None = None

    def exceeded_by(self, part: int, whole: int) -> bool:
        """Is ``part`` of ``whole`` more than allowed?"""
        if self.count is not None:
            return part > self.count
        return whole > 0 and self.share is not None and part / whole > self.share

    def __str__(self) -> str:
        return str(self.count) if self.count is not None else f"{(self.share or 0) * 100:g}%"


def parse_percent(value: Any) -> Any:
    """``"10%"`` to 0.1; a number from 0 to 1 stays as it is."""
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return float(value.strip()[:-1]) / 100
        except ValueError:
            raise ValueError(f"{value!r} is not a percentage such as 10%") from None
    return value


def parse_count_or_share(value: Any) -> Any:
    """``12`` to a count, ``"5%"`` to a share."""
    if isinstance(value, CountOrShare) or value is None:
        return value
    if isinstance(value, str) and value.strip().endswith("%"):
        share = parse_percent(value)
        if 0 <= share <= 1:
            return CountOrShare(share=share)
    else:
        try:
            count = int(str(value))
        except ValueError:
            count = -1
        if count >= 0:
            return CountOrShare(count=count)
    raise ValueError(f"{value!r} is neither a number of rows such as 25 nor a percentage such as 5%")


_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration_seconds(value: Any) -> Any:
    """``"90s"``, ``"15m"``, ``"26h"``, ``"90d"``, ``"2w"`` or plain seconds to seconds."""
    if isinstance(value, str):
        text = value.strip().lower()
        unit = _DURATION_UNITS.get(text[-1:])
        try:
            return float(text[:-1]) * unit if unit else float(text)
        except ValueError:
            raise ValueError(f"{value!r} is not a duration such as 90s, 15m, 26h or 90d") from None
    return value
