"""What does a number in a workbook show, by its format: a day, a moment, a time of day, a span of time?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

DAY, MOMENT, CLOCK, SPAN = "day", "moment", "clock", "span"
"""What a format shows: a date alone, a date with a time, a time alone, hours beyond 24."""

# ECMA-376 part 1, 18.8.30: the formats that a workbook need not spell out; 27 to 36 and 50 to 58 are those of East Asian languages.
_BUILT_IN: Mapping[int, str] = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), *range(34, 37), *range(50, 59)), DAY),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 45, 47), CLOCK),
    22: MOMENT,
    46: SPAN,
}
_SPAN = re.compile(r"\[(?:h+|m+|s+)\]")
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


def date_styles(styles: bytes | None) -> dict[int, str]:
    """From a cell's style to DAY, MOMENT, CLOCK or SPAN; other styles are left out.

    Args:
        styles: The part ``styles.xml``, or None where the workbook has none.

    Raises:
        xml.etree.ElementTree.ParseError: It is damaged.
    """
    if styles is None:
        return {}
    root = ET.fromstring(styles)  # noqa: S314  expat itself bounds what entities may grow to
    own = {int(each.attrib["numFmtId"]): each.attrib.get("formatCode", "") for each in root.iterfind("{*}numFmts/{*}numFmt")}
    formats = [int(each.attrib.get("numFmtId", "0")) for each in root.iterfind("{*}cellXfs/{*}xf")]
    kinds = {style: shown_by(own[number]) if number in own else _BUILT_IN.get(number) for style, number in enumerate(formats)}
    return {style: kind for style, kind in kinds.items() if kind is not None}


def shown_by(code: str) -> str | None:
    """What a format's code (``yyyy-mm-dd hh:mm``) shows, or None for other numbers. Only its first section counts."""
    section = _first_section(code.lower())
    if section == "general":
        return None
    if _SPAN.search(section):
        return SPAN
    bare = _NOT_SHOWN.sub("", section)
    has_time = "h" in bare or "s" in bare
    if "d" in bare or "y" in bare:
        return MOMENT if has_time else DAY
    if has_time:
        return CLOCK
    return DAY if "m" in bare else None


def _first_section(code: str) -> str:
    """Up to the first ``;`` that is not quoted."""
    quoted = False
    for place, character in enumerate(code):
        quoted ^= character == '"'
        if character == ";" and not quoted:
            return code[:place]
    return code
