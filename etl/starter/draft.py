"""What should a starter config say? Decided from a preset or from guesses, and from what is in the file's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from etl.config.columns import find_column
from etl.config.fields import NOTE, REJECT, FieldRule, ValuesFile
from etl.config.model import CONTENT_KEY, JobConfig
from etl.starter.profile import ColumnProfile
from etl.starter.propose import FieldGuess, completed_at
from etl.starter.status_words import flag_status, usual_status
from etl.starter.wishes import KEY, says_done
from etl.task import ACCOUNT, ASSIGNED_TO, DESCRIPTION, DUE_AT, OPPORTUNITY, REQUIRED_TARGETS, STATUS, TITLE, TODO
from etl.transform.mentions import rule_columns
from etl.transform.side_files import LOOKUPS_FILE

NOBODY = "somebody@your-company.example"
"""Stands where a member has to be named: no workspace has one with an address in ``.example`` (RFC 2606)."""

_MOSTLY = 0.5

Value = str | bool | None | Sequence[str] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line below a field or ``source``: its key, its value, and a remark for people."""

    key: str
    value: Value | Sequence[Value]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """One field of the map: what is said of it; nothing where it is taken out (``null``)."""

    target: str
    entries: tuple[Entry, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One word that the file has for a status, or that the preset knows.

    Attributes:
        word: As it is written most often.
        rows: How many rows have it; 0 of one that the preset alone knows.
        status: What it becomes.
        is_settled: False where a person has to choose; ``status`` is then a proposal.
    """

    word: str
    rows: int
    status: str
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A starter config.

    Attributes:
        name: Of the import.
        preset: What it extends, or None.
        unproven: What is unsure about the preset, or None.
        seen: Comments on top: what was looked at, and what it was taken for; a line each.
        source: Entries of ``source``.
        fields: Of the map.
        guesses: Behind the fields where no preset was recognised.
        statuses: The file's words, then those of the preset; none where the status is not made of words.
        timezone: Proposed for times that carry no zone; None where none is needed.
        zoneless: The first such time, such as ``row 2: '2026-11-09 15:15'``; None where there is none.
        time: Of dates without a time, where no preset says it.
        left_out: The file's columns that nothing is made of, those with the longest texts first; empty ones are not among them.
    """

    name: str
    preset: str | None
    unproven: str | None
    seen: tuple[str, ...]
    source: tuple[Entry, ...] = ()
    fields: tuple[FieldDraft, ...] = ()
    guesses: Mapping[str, FieldGuess] = field(default_factory=dict)
    statuses: tuple[StatusLine, ...] = ()
    timezone: str | None = None
    zoneless: str | None = None
    time: str | None = None
    left_out: tuple[str, ...] = ()


def lacking_key(job: JobConfig, columns: Sequence[str]) -> tuple[str, ...]:
    """The aliases of the first part of the preset's key that no column has; nothing where all parts are there."""
    return next((part for part in job.source.key if find_column(columns, part) is None), ()) if not job.source.key_is_content else ()


def has_source(rule: FieldRule, columns: Sequence[str]) -> bool:
    """Can the field be made from these columns? Of a preset's template or sql, one of the columns is enough."""
    names = tuple(rule_columns(rule))
    return not names or any(find_column(columns, (name,)) for name in names)


def key_from(guesses: Mapping[str, FieldGuess]) -> Entry:
    """``source.key`` by a guess; the rows' own cells where no column identifies them."""
    guess = guesses.get(KEY)
    if guess is None:
        return Entry("key", CONTENT_KEY, "no column identifies a row: its cells do, and a changed cell makes a new task")
    return Entry("key", guess.column, _remark(guess))


def fields_over_preset(job: JobConfig, profiles: Mapping[str, ColumnProfile], guesses: Mapping[str, FieldGuess]) -> tuple[FieldDraft, ...]:
    """What a config says beside the preset that it extends: what the file lacks, who the owners are, and what a person fills in.

    Args:
        job: The preset.
        profiles: Of the file's columns.
        guesses: For required fields that the preset cannot make of this file.
    """
    columns = tuple(profiles)
    drafts = []
    for target, rule in job.map.items():
        if not has_source(rule, columns):
            drafts.append(_guessed(target, profiles, guesses) if target in REQUIRED_TARGETS else FieldDraft(target, (), _lack(rule)))
        elif target == ASSIGNED_TO:
            drafts.append(FieldDraft(target, (*_owner_entries(rule, profiles), _takes_over())))
        elif target == STATUS:
            drafts.append(FieldDraft(target, (Entry("unknown", REJECT, "a word that is neither below nor in the preset stops its row"),)))
    return tuple(drafts)


def fields_from_guesses(profiles: Mapping[str, ColumnProfile], guesses: Mapping[str, FieldGuess]) -> tuple[FieldDraft, ...]:
    """A whole map, for a file of an unknown system; fields for which nothing speaks are left out."""
    targets = (TITLE, STATUS, DESCRIPTION, DUE_AT, ASSIGNED_TO, ACCOUNT, OPPORTUNITY)
    return tuple(_guessed(target, profiles, guesses) for target in targets if target in guesses or target in REQUIRED_TARGETS)


def proposed_status(word: str, known: str | None, profile: ColumnProfile | None, *, with_preset: bool) -> tuple[str, bool]:
    """What a word becomes, and whether that is settled.

    Args:
        word: Of the file.
        known: The preset's translation, or None.
        profile: Of the status column, where there is one.
        with_preset: A preset was found: a word that it does not know is never settled by us.
    """
    if known is not None:
        return known, True
    usual = usual_status(word) or (flag_status(word) if profile is not None and says_done(profile) else None)
    # 0 and 1 of a status are more often no and yes than not: worth proposing, and no more.
    return usual or flag_status(word) or TODO, usual is not None and not with_preset


def _guessed(target: str, profiles: Mapping[str, ColumnProfile], guesses: Mapping[str, FieldGuess]) -> FieldDraft:
    guess = guesses.get(target)
    if guess is None:
        return FieldDraft(target, _without_column(target, profiles))
    column, profile = Entry("column", guess.column, _remark(guess)), profiles[guess.column]
    return FieldDraft(target, (column, *_MORE[target](profile)))


def _without_column(target: str, profiles: Mapping[str, ColumnProfile]) -> tuple[Entry, ...]:
    """A required field for which no column speaks."""
    if target == ASSIGNED_TO:
        remark = "no column looked like an owner: put a member's e-mail here; this one is nobody's"
        return Entry("value", NOBODY, remark), Entry("lookup", "member.email"), _takes_over()
    done_on = completed_at(profiles) if target == STATUS else None
    if done_on is not None:
        sql = f"CASE WHEN {_sql_name(done_on)} <> '' THEN 'COMPLETE' ELSE 'TODO' END"
        return (Entry("sql", sql, "no column looked like a status: what has such a date is done"),)
    return (Entry("value", TODO, "no column looked like a status: each row becomes an open task"),)


def _sql_name(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"


def _status_entries(profile: ColumnProfile) -> tuple[Entry, ...]:
    empty = (Entry("empty", TODO, f"{profile.rows - profile.filled:,} of the first {profile.rows:,} rows have none"),)
    unknown = Entry("unknown", REJECT, "a word that is not below stops its row")
    return (*empty, unknown) if profile.filled < profile.rows else (unknown,)


def _owner_guess_entries(profile: ColumnProfile) -> tuple[Entry, ...]:
    found = _lookup_of(profile) or Entry("lookup", "member.email", f"these are neither e-mails nor names: translate them in {LOOKUPS_FILE}")
    return found, Entry("values", LOOKUPS_FILE, ABOUT_LOOKUPS), _takes_over()


def _lookup_of(profile: ColumnProfile) -> Entry | None:
    """What the column holds, or None where it is neither e-mails nor names."""
    if profile.emails >= _MOSTLY:
        return Entry("lookup", "member.email", "the column holds e-mails")
    return Entry("lookup", "member.name", "the column holds names") if profile.filled and profile.digits < _MOSTLY else None


def _owner_entries(rule: FieldRule, profiles: Mapping[str, ColumnProfile]) -> tuple[Entry, ...]:
    """``lookup``, where the column holds the other of e-mails and names than the preset expects; and where corrections are read from."""
    if any(not isinstance(step, ValuesFile) or step.file != LOOKUPS_FILE for step in rule.values):
        return ()
    own = find_column(profiles, rule.column)
    found = _lookup_of(profiles[own]) if own and rule.lookup in {"member.email", "member.name"} else None
    lookup = (found,) if found and found.value != rule.lookup else ()
    return lookup if rule.values else (*lookup, Entry("values", LOOKUPS_FILE, ABOUT_LOOKUPS))


def _takes_over() -> Entry:
    return Entry("unknown", REJECT, "an e-mail of a member takes their tasks; reject refuses them")


def _due_entries(profile: ColumnProfile) -> tuple[Entry, ...]:
    return (Entry("formats", profile.formats),)


def _text_entries(profile: ColumnProfile) -> tuple[Entry, ...]:
    return (Entry("html", True, "cells with tags become markdown"),) if profile.html else ()  # noqa: FBT003  the config's own true


def _link_entries(lookup: str) -> Callable[[ColumnProfile], tuple[Entry, ...]]:
    def entries(profile: ColumnProfile) -> tuple[Entry, ...]:
        several = (Entry("split", ";", "several stand in one cell: the first is taken"),) if profile.separated > 0 else ()
        unknown = Entry("unknown", NOTE, "not in Lightfield: leave the link out, say so in the description")
        return *several, Entry("values", LOOKUPS_FILE), Entry("lookup", lookup), unknown

    return entries


def _remark(guess: FieldGuess) -> str:
    return f"{guess.sureness}: {guess.why}"


def _lack(rule: FieldRule) -> str:
    names = list(dict.fromkeys(rule_columns(rule)))
    return f"the file has no column {' or '.join(names[:3])}"


ABOUT_LOOKUPS = "check writes it: what was not found, and room for what to take instead"

_MORE: Mapping[str, Callable[[ColumnProfile], tuple[Entry, ...]]] = {
    TITLE: lambda _: (),
    STATUS: _status_entries,
    DESCRIPTION: _text_entries,
    DUE_AT: _due_entries,
    ASSIGNED_TO: _owner_guess_entries,
    ACCOUNT: _link_entries("account.name"),
    OPPORTUNITY: _link_entries("opportunity.name"),
}
"""What a guessed column's field says besides its column."""
