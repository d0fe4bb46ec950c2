"""Which of Lightfield's statuses do the words mean that CRMs use? Only ``init`` proposes them: a map decides.

The words are those that stand in real exports of the CRMs that have a preset, in their documentation of task fields, and in German exports,
whose column names ``wishes`` knows too.
"""

from __future__ import annotations

import re

from etl.config.words import fold_word
from etl.task import CANCELLED, COMPLETE, IN_PROGRESS, TODO

_TODO = (
    "not started, open, new, to do, todo, planned, pending, scheduled, backlog, needsaction, needs action, created, deferred, "
    "offen, neu, geplant, nicht begonnen, nicht gestartet, zurückgestellt, ausstehend"
)
_IN_PROGRESS = (
    "in progress, started, working, working on it, doing, ongoing, approved, changes requested, waiting, waiting for input, "
    "waiting on someone else, pending input, on hold, blocked, stuck, "
    "in arbeit, in bearbeitung, begonnen, gestartet, laufend, wartend, wartet, blockiert"
)
_COMPLETE = "completed, complete, done, closed, finished, resolved, erledigt, fertig, abgeschlossen, beendet, geschlossen"
_CANCELLED = "canceled, cancelled, abgebrochen, storniert"

_MEANINGS = {
    word: status
    for status, words in ((TODO, _TODO), (IN_PROGRESS, _IN_PROGRESS), (COMPLETE, _COMPLETE), (CANCELLED, _CANCELLED))
    for word in words.split(", ")
}
_FLAGS = {
    **dict.fromkeys(("0", "false", "no", "n", "f", "nein"), TODO),
    **dict.fromkeys(("1", "true", "yes", "y", "t", "x", "ja"), COMPLETE),
}
_ORDINAL = re.compile(r"^\d+ (?=\D)")


def usual_status(word: str) -> str | None:
    """What the word means in most CRMs, or None where nobody can know; ``01_in_progress`` is *in progress*."""
    return _MEANINGS.get(_ORDINAL.sub("", fold_word(word)))


def flag_status(word: str) -> str | None:
    """What the word means in a column that says whether a task is done: ``1`` is, and ``no`` is not."""
    return _FLAGS.get(fold_word(word))
