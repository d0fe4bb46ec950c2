"""How does the program speak? One door for every message, as text, as text for a quiet night, or as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import IO, Any, Literal

from rich.console import Console
from rich.text import Text

from etl.report.lines import utc_text
from etl.report.shown import harmless

Level = Literal["info", "warning", "error"]
Mode = Literal["text", "quiet", "json"]

_STYLES: Mapping[Level, str] = {"info": "", "warning": "yellow", "error": "bold red"}
_PREFIXES: Mapping[Level, str] = {"info": "", "warning": "warning: ", "error": "error: "}


def make_console(stream: IO[str], environ: Mapping[str, str]) -> Console:
    """A console that never interprets what it prints: no markup, no emoji codes, no guessed highlights.

    Args:
        stream: Where it writes, usually stderr.
        environ: ``NO_COLOR``, ``TERM``, ``COLUMNS`` and the like are looked up here.
    """
    return Console(file=stream, markup=False, emoji=False, highlight=False, _environ=environ)


class Voice:
    """Says what happens.

    Args:
        console: Where it is said.
        mode: ``text`` for people; ``quiet``: warnings and errors alone; ``json``: one object a line, everything.
        now: The wall clock, UTC.
        run_id: Stands in every JSON line once it is known.
    """

    def __init__(self, console: Console, *, mode: Mode, now: Callable[[], datetime], run_id: str | None = None) -> None:
        self.console = console
        self.mode = mode
        self.run_id = run_id
        self._now = now

    @property
    def is_live(self) -> bool:
        """Is somebody looking at a terminal, so that a line may move?"""
        return self.mode == "text" and self.console.is_terminal and not self.console.is_dumb_terminal

    def say(self, level: Level, event: str, text: str, **fields: Any) -> None:
        """Says one thing.

        Args:
            level: ``info``, ``warning`` or ``error``.
            event: A stable word for machines, such as ``ledger_created``.
            text: The sentence for people; may have several lines.
            fields: What the JSON line holds beside it: anything that JSON can say; other things as their text.
        """
        if self.mode == "json":
            self._write_line(level, event, text, fields)
        elif self.mode == "text" or level != "info":
            self._print_text(harmless(_PREFIXES[level] + text, keep_newlines=True), style=_STYLES[level])

    def next_step(self, text: str) -> None:
        """The last line of a run that did not finish: what to do next. Said in every mode."""
        if self.mode == "json":
            self._write_line("info", "next_step", text, {})
        else:
            self._print_text("next: " + harmless(text), style="bold")

    def show(self, event: str, picture: Callable[[], Iterable[Text]], **fields: Any) -> None:
        """Shows something larger than a sentence.

        Args:
            event: A stable word for machines.
            picture: Makes the lines that people see; not called in the other modes.
            fields: What the JSON line holds.
        """
        if self.mode == "json":
            self._write_line("info", event, "", fields)
        elif self.mode == "text":
            for line in picture():
                self._print_line(line)

    def _print_text(self, text: str, *, style: str) -> None:
        self._print_line(Text(text, style=style))

    def _print_line(self, line: Text) -> None:
        # Soft wrap: a path or a command that is copied from a log must not hold a line break of ours.
        self.console.print(line, soft_wrap=True)

    def _write_line(self, level: Level, event: str, text: str, fields: Mapping[str, Any]) -> None:
        line = {"ts": utc_text(self._now()), "level": level, "event": event, "run_id": self.run_id}
        if text:
            line["message"] = text
        whole = {**line, **fields, **line}  # ours come first, and no field replaces them
        # ASCII alone: no character of a cell can act on a terminal, and no encoding of the stream refuses it.
        self.console.file.write(json.dumps(whole, ensure_ascii=True, default=str) + "\n")
        self.console.file.flush()
