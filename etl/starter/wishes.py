"""What would a column have to be called, and to hold, to be a field? One wish for each field."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from etl.config.words import fold_word
from etl.starter.profile import ColumnProfile
from etl.starter.status_words import flag_status, usual_status
from etl.task import ACCOUNT, ASSIGNED_TO, DESCRIPTION, DUE_AT, OPPORTUNITY, STATUS, TITLE

KEY = "source.key"

_NEAR_EMAIL = 0.8
_MOSTLY = 0.5
_NEARLY = 0.9
_LONG_TEXT = 40
_LONGEST_TITLE = 200
_LONGEST_KEY = 40


@dataclass(frozen=True, slots=True)
class Wish:
    """What a field looks for.

    Attributes:
        names: Whole names, the best first, as ``name_words`` joined by blanks.
        words: Any of these within a name is worth less, and still something.
        possible: Without it a column is not taken, whatever its name.
        by_content: What speaks for a column beside its name, or without it.
        shown: What its contents are, for people.
        doubtful: A column of that name which is taken only where there is no other, and never surely.
    """

    names: tuple[str, ...]
    words: frozenset[str]
    possible: Callable[[ColumnProfile], bool]
    by_content: Callable[[ColumnProfile], bool]
    shown: Callable[[ColumnProfile], str]
    doubtful: Callable[[ColumnProfile], bool] = lambda _: False


def is_flag(profile: ColumnProfile) -> bool:
    """The column says yes or no in one of the usual ways."""
    return bool(profile.words) and all(flag_status(word) for word in profile.words)


def name_words(column: str) -> tuple[str, ...]:
    """A column's name as words: ``Activity - DueDate`` is due, date; what only says that it is a task's is left out."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    words = re.split(r"[^\w]+", fold_word(apart).replace("_", " "))
    found = [word for word in words if word]
    while len(found) > 1 and found[0] in {"task", "activity", "hs"}:
        del found[0]
    return tuple(found)


def _is_text(profile: ColumnProfile) -> bool:
    return not profile.formats and profile.numbers < _MOSTLY


def _has_no_word(profile: ColumnProfile, words: frozenset[str]) -> bool:
    return not words.intersection(name_words(profile.name))


def _can_be_status(profile: ColumnProfile) -> bool:
    if not profile.words or profile.formats:
        return False
    return (_is_text(profile) and not is_flag(profile)) or says_done(profile) or _is_code(profile)


def says_done(profile: ColumnProfile) -> bool:
    """Yes and no in a column whose name says that it is about being done: only there they are a status."""
    return is_flag(profile) and not _has_no_word(profile, _DONE)


def _is_code(profile: ColumnProfile) -> bool:
    """The name speaks of a status, and the words are numbers, or yes and no, of which nobody can know what they mean."""
    is_named = not _has_no_word(profile, _DONE | _STATUS)
    return is_named and (is_flag(profile) or not _is_text(profile)) and not says_done(profile)


def _shows_words(profile: ColumnProfile) -> str:
    return ", ".join(profile.words[:4]) + (" …" if len(profile.words) > 4 else "")  # noqa: PLR2004  four show what kind of list it is


def _shows_filled(profile: ColumnProfile) -> str:
    return f"{profile.filled:,} of the first {profile.rows:,} rows have one"


def _speaks_of_status(profile: ColumnProfile) -> bool:
    known = [word for word in profile.words if usual_status(word)]
    return len(known) >= _MOSTLY * len(profile.words) > _MOSTLY or (len(profile.words) > 0 and is_flag(profile))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DONE = _words("done completed complete closed erledigt")
_STATUS = _words("status state stage done stand statut estado")
_NOT_DUE = _words("created create creation modified updated update changed completed completion closed start started last added add")
_NOT_OURS = _words("contact customer client lead created creator creation author reporter modified updated participants")

WISHES: dict[str, Wish] = {
    KEY: Wish(
        _listed("id, record id, external id, object id, key, uuid, guid, number, no, nr, ref, reference, ticket, gid"),
        _words("id uuid guid key ref reference number"),
        lambda it: it.distinct >= _NEARLY * it.rows and not it.formats and it.emails < _MOSTLY and it.mean_length <= _LONGEST_KEY,
        lambda it: it.is_unique and it.digits >= _NEARLY and it.blanks == 0,
        lambda it: f"{it.distinct:,} different values in the first {it.rows:,} rows",
    ),
    TITLE: Wish(
        _listed(
            "title, subject, name, summary, "
            " topic, headline, to do, todo, task, activity, betreff, titel, aufgabe, objet, sujet, asunto, título"
        ),
        _words("title subject summary"),
        lambda it: _is_text(it) and it.emails < _MOSTLY and it.filled >= _MOSTLY * it.rows,
        lambda it: it.mean_length <= _LONGEST_TITLE and it.distinct > it.filled / 10 and it.blanks >= _MOSTLY,
        _shows_filled,
    ),
    STATUS: Wish(
        _listed(
            "status, state, stage, progress, "
            " done, completed, complete, is complete, is completed, is done, closed, is closed, statut, estado, erledigt"
        ),
        _STATUS,
        _can_be_status,
        _speaks_of_status,
        _shows_words,
        _is_code,
    ),
    DUE_AT: Wish(
        _listed("due date, due, due at, due on, date due, deadline, deadline at, due datetime, target date, end date, date, when"),
        _words("due deadline fällig fälligkeit fälligkeitsdatum frist échéance vencimiento"),
        lambda it: bool(it.formats) and _has_no_word(it, _NOT_DUE),
        lambda it: bool(it.formats),
        lambda it: f"read as {', '.join(it.formats)}",
    ),
    ASSIGNED_TO: Wish(
        _listed(
            # Beside someone responsible, an owner is whoever made the task (Insightly).
            "assignee email, owner email, assigned to email, assigned to, assigned, assignee, responsible, "
            "assignee id, assigned user id, responsible user id, responsible id, owner, assigned to user, "
            "user, agent, rep, sales rep, account manager"
        ),
        _words("assignee assigned owner responsible who wer bearbeiter zuständig verantwortlich responsable"),
        lambda it: not it.formats and _has_no_word(it, _NOT_OURS) and 2 * it.distinct <= it.filled + 2,
        lambda it: it.emails >= _NEAR_EMAIL,
        lambda it: "e-mails" if it.emails >= _MOSTLY else "names" if it.digits < _MOSTLY else "neither e-mails nor names",
    ),
    ACCOUNT: Wish(
        _listed("company, account, organization, organisation, account name, company name, customer, client, associated company, firm"),
        _words("company account organization organisation customer client firma kunde entreprise société empresa"),
        lambda it: _is_text(it) and it.emails < _MOSTLY and _has_no_word(it, frozenset({"id", "ids"})),
        lambda _: False,
        _shows_filled,
    ),
    OPPORTUNITY: Wish(
        _listed("opportunity, deal, opportunity name, deal name, associated deal"),
        _words("opportunity deal"),
        lambda it: _is_text(it) and it.emails < _MOSTLY and _has_no_word(it, frozenset({"id", "ids", "stage", "owner"})),
        lambda _: False,
        _shows_filled,
    ),
    DESCRIPTION: Wish(
        _listed("description, notes, note, body, comments, comment, details, content, text, full comments, public description"),
        _words("description notes note body comments details beschreibung notiz notizen bemerkung bemerkungen descripción"),
        lambda it: not it.formats and it.emails < _MOSTLY,
        lambda it: it.mean_length > _LONG_TEXT,
        _shows_filled,
    ),
}
