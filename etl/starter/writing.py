"""How is a starter config written down? A draft becomes commented YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from etl.report.shown import harmless
from etl.starter.draft import ABOUT_LOOKUPS, Draft, Entry, FieldDraft, StatusLine
from etl.task import ASSIGNED_TO, STATUS, STATUSES
from etl.transform.side_files import LOOKUPS_FILE

LOOK = "LOOK"
"""Marks the lines that a person has to look at."""

_REMARK_AT = 40
"""Column at which remarks begin."""
_LISTED_STATUSES = 30
_PLAIN = re.compile(r"[^\W\d_]\w*(?:[ /.@$-]\w+)*")
_NOT_PLAIN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_SCHEMA = "# yaml-language-server: $schema=lightfield-etl.schema.json"
_ABOUT_SCHEMA = "# Editors then complete and check the keys:  lightfield-etl schema > lightfield-etl.schema.json"


def starter_text(draft: Draft) -> str:
    """The config as text."""
    return "\n".join([*_head(draft), *_identity(draft), *_source(draft), *_map(draft)]) + "\n"


def yaml_text(text: str) -> str:
    """A text as a YAML scalar, quoted where it would be read as anything else."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _NOT_PLAIN:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _head(draft: Draft) -> Iterator[str]:
    yield _SCHEMA
    if draft.unproven:
        yield f"# unproven: {harmless(draft.unproven)}"
    yield _ABOUT_SCHEMA
    yield "#"
    yield from (f"# {harmless(line)}" for line in draft.seen)
    yield f"# Three lines are for a person to look at; each is marked {LOOK}."
    yield ""


def _identity(draft: Draft) -> Iterator[str]:
    if draft.preset:
        yield _line(
            f"extends: {draft.preset}", "what is not said here, the preset says; all of it: lightfield-etl check CONFIG --show-config"
        )
        yield ""
    yield f"# {LOOK} 1 of 3: this import's identity. Put the customer's or team's name in it; never change it once something was sent."
    yield f"name: {yaml_text(draft.name)}"
    yield ""
    yield from _zone(draft)
    if draft.time:
        yield _line(f"time: {yaml_text(draft.time)}", "of due dates that carry no time")
    yield ""
    yield _line("stamp: true", "the description ends with `Source: <name> <source key>`: a lost ledger can then be rebuilt exactly")


def _zone(draft: Draft) -> Iterator[str]:
    if draft.timezone is None:
        yield f"# {LOOK} 2 of 3: the zone. No time without a zone was seen in this file; another one may need a line such as:"
        yield "# timezone: Europe/Berlin"
        return
    yield f"# {LOOK} 2 of 3: the zone of times that carry none, such as {harmless(draft.zoneless or '')}. The file does not say it."
    yield "# This is the zone of the machine that wrote this line: put that of whoever made the export, or every due time is off."
    yield f"timezone: {yaml_text(draft.timezone)}"


def _source(draft: Draft) -> Iterator[str]:
    if draft.source:
        yield from ("", "source:")
        yield from _entries(draft.source, "  ")


def _map(draft: Draft) -> Iterator[str]:
    yield from ("", "map:")
    for place, field in enumerate(draft.fields):
        if place:
            yield ""
        yield from _field(field, draft.statuses if field.target == STATUS else ())


def _field(field: FieldDraft, statuses: Sequence[StatusLine]) -> Iterator[str]:
    if not field.entries:
        yield _line(f"  {field.target}: null", field.remark)
        return
    yield _line(f"  {field.target}:", field.remark)
    for entry in field.entries:
        if field.target == ASSIGNED_TO and entry.key == "unknown":
            yield f"    # {LOOK} 3 of 3: who takes over from people who have left, and from names that nobody in Lightfield has?"
        yield from _entries((entry,), "    ")
    yield from _statuses(statuses)


def _statuses(statuses: Sequence[StatusLine]) -> Iterator[str]:
    """The block ``values``: a list, so that what a person fills in in a spreadsheet is read behind what stands here."""
    if not statuses:
        return
    settled = [line for line in statuses if line.is_settled]
    yield _line("    values:", "the words of this file with their rows, then those that it may hold another time")
    if not settled:
        # Else the lines behind a # had no mapping to belong to once the # is taken away.
        yield _line("      - TODO: TODO", "Lightfield's own words stand for themselves")
    for place, line in enumerate(settled):
        yield _line(f"      {'  ' if place else '- '}{yaml_text(line.word)}: {line.status}", f"{line.rows:,}" if line.rows else "")
    unsettled = [line for line in statuses if not line.is_settled]
    if unsettled:
        yield f"        # Not known. Take the # away and choose ({', '.join(STATUSES)}), or fill them in in {LOOKUPS_FILE}:"
    for line in unsettled[:_LISTED_STATUSES]:
        yield _line(f"        # {yaml_text(line.word)}: {line.status}", f"{line.rows:,}")
    if len(unsettled) > _LISTED_STATUSES:
        yield f"        # and {len(unsettled) - _LISTED_STATUSES:,} more: is this column a status?"
    yield _line(f"      - {LOOKUPS_FILE}", ABOUT_LOOKUPS)


def _entries(entries: Iterable[Entry], indent: str) -> Iterator[str]:
    for entry in entries:
        yield _line(f"{indent}{entry.key}: {_value(entry.value)}", entry.remark)


def _value(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {yaml_text(str(one))}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_value, value)) + "]"
    return yaml_text(str(value))


def _line(text: str, remark: str) -> str:
    return f"{text.ljust(_REMARK_AT - 1)} # {harmless(remark)}" if remark else text
