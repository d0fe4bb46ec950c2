"""What was decided for rows that are none the worse for it, so that nobody is surprised later?"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from etl.report.problems import ProblemKind
from etl.report.shown import harmless
from etl.report.voice import Voice
from etl.report.wording import rows_text

_EXAMPLES = 3


def show_remarks(voice: Voice, kinds: Sequence[ProblemKind]) -> None:
    """Says each kind with its rows and the first of them; nothing where there is none.

    Args:
        voice: Says it.
        kinds: Remarks by kind, told like problems.
    """
    if kinds:
        voice.show("remarks", lambda: _picture(kinds), remarks=[_fields(kind) for kind in kinds])


def _picture(kinds: Sequence[ProblemKind]) -> list[Text]:
    lines: list[Text] = []
    for kind in kinds:
        of_field = f" · {harmless(kind.field)}" if kind.field else ""
        lines.append(Text(f"{rows_text(kind.rows)} · {harmless(kind.code)}{of_field} · sent all the same", style="yellow"))
        lines += [Text(f"  row {example.row}: {harmless(example.message)}") for example in kind.examples[:_EXAMPLES]]
        if kind.rows > _EXAMPLES:
            lines.append(Text(f"  and {kind.rows - _EXAMPLES:,} more", style="dim"))
    return lines


def _fields(kind: ProblemKind) -> dict[str, object]:
    return {
        "code": kind.code,
        "field": kind.field,
        "rows": kind.rows,
        "examples": [{"row": example.row, "file": example.file, "message": example.message} for example in kind.examples],
    }
