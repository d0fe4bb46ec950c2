"""Which of Lightfield's tasks are what intents in doubt made, and which intents made none?

Rule 4 of docs/rules.md; pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from etl.content import Content, Meaning, body_meaning, fold_stamped, stamp_prefix, stamped_keys, task_meaning
from etl.records import Operation
from etl.task import CREATED_BY, DESCRIPTION, TASK_FIELDS

TOLERANCE = timedelta(seconds=5)
"""The first send is known to a second or so, and clocks of servers differ."""
LINGERS = timedelta(hours=1)
"""A request may be executed so long after it was sent."""
EDIT_TOLERANCE = timedelta(seconds=1)
"""``updatedAt`` this much later than ``createdAt`` is an edit."""

_LINKS = 3
_CONTESTED = "equal rows are in doubt too, there are fewer tasks than rows, and a row could still be answered with the task of another"


class Linked(Protocol):
    """What can be pointed out to people."""

    @property
    def id(self) -> str:
        """Its identity."""
        ...

    @property
    def http_link(self) -> str | None:
        """Where people see it."""
        ...


class Task(Content, Linked, Protocol):
    """A task as a list shows it: a ``lightfield.models.TaskView``."""

    @property
    def created_at(self) -> datetime | None:
        """UTC; None where absent or odd."""
        ...

    @property
    def updated_at(self) -> datetime | None:
        """UTC; None where absent or odd."""
        ...


@dataclass(frozen=True, slots=True)
class Doubt:
    """A create that may have been executed.

    Attributes:
        operation: As it was begun; ``first_sent_at`` is set.
        first_sent_at: By the server's clock.
        last_attempt_by: The latest moment of its newest attempt (``doubt.last_attempt_by``).
        earlier_payloads: What else was sent with its key.
        sent_again_later: Its key still protects it, so that it is not to be settled here; but a task may be its.
        was_answered: It was answered with a task, of which no more is known: it is never absent.
    """

    operation: Operation
    first_sent_at: datetime
    last_attempt_by: datetime
    earlier_payloads: tuple[Mapping[str, Any], ...] = ()
    sent_again_later: bool = False
    was_answered: bool = False

    @property
    def begins(self) -> datetime:
        """A task that was created before this is not its."""
        return self.first_sent_at - TOLERANCE

    @property
    def ends(self) -> datetime:
        """A task that was created after this is not its."""
        return self.last_attempt_by + LINGERS + TOLERANCE

    def could_have_made(self, task: Task) -> bool:
        """Was the task created in its time? True where that is not known."""
        return task.created_at is None or self.begins <= task.created_at <= self.ends


@dataclass(frozen=True, slots=True)
class Seen:
    """The tasks that no row owns, as far as they were seen.

    Attributes:
        tasks: Each once.
        why_incomplete: Why there may be others, a clause; None where the search was complete.
        until: Tasks created after this may not have been in the list yet.
        keys_known_since: Of a task created later Lightfield may still know the key, and answer its own row's create with it.
    """

    tasks: Sequence[Task]
    why_incomplete: str | None
    until: datetime
    keys_known_since: datetime


class Finding(StrEnum):
    """What is known of an intent after the search."""

    ADOPT = "adopt"
    """The task is its row's."""
    ABSENT = "absent"
    """It was never executed: a new request is safe."""
    UNCERTAIN = "uncertain"
    """Neither can be said."""


@dataclass(frozen=True, slots=True)
class Match:
    """What was found out about one intent.

    Attributes:
        payload: What the adopted task was made of: an earlier payload where that one was executed.
        task: The one to adopt.
        candidates: Those that could be its, where it is uncertain.
        why: Why it is uncertain, a clause.
    """

    doubt: Doubt
    finding: Finding
    payload: Mapping[str, Any]
    task: Task | None = None
    candidates: tuple[Task, ...] = ()
    why: str | None = None


def is_edited(task: Task) -> bool:
    """Was it changed since its creation? True where that is not known."""
    if task.created_at is None:
        return True
    return task.updated_at is not None and task.updated_at - task.created_at > EDIT_TOLERANCE


def match(doubts: Sequence[Doubt], seen: Seen, *, name: str) -> list[Match]:
    """Settle what can be settled: one Match for each doubt that is not to be sent again, in their order.

    A task whose description is stamped with the row's key is the row's, whatever else people made of it. Else the content decides.
    Intents of equal content are interchangeable: of k intents and m tasks the smaller number is adopted.

    Args:
        doubts: All creates in doubt, those that will be sent again included: a task may be theirs.
        seen: The tasks.
        name: The import's, as it stands in stamps.
    """
    return _Search(doubts, seen, name).run()


def uncertain_message(why: str, candidates: Sequence[Linked], *, name: str, source_key: str) -> str:
    """What to tell of a row that may be in Lightfield, and what a person can do."""
    among = f" ({links(candidates)})" if candidates else ""
    advice = "run the same command again later"
    if candidates:
        stamp = f"{stamp_prefix(name)}{source_key}"
        advice = f"if one of them is this row's, add the line `{stamp}` to its description, else make the task by hand with that line"
        advice += "; then lightfield-etl reconcile"
    return f"it may be in Lightfield or not: {why}{among}; it was not sent again: {advice}"


class _Search:
    def __init__(self, doubts: Sequence[Doubt], seen: Seen, name: str) -> None:
        self._doubts = doubts
        self._stamps = {task.id: stamped_keys(task.fields.get(DESCRIPTION), name) for task in seen.tasks}
        self._seen = seen
        self._relationships = _compared_relationships(doubts)
        self._free = {task.id: task for task in seen.tasks}
        self._found: dict[int, Match] = {}

    def run(self) -> list[Match]:
        self._take_stamped()
        self._assign({place: [doubt.operation.payload] for place, doubt in enumerate(self._doubts) if place not in self._found})
        self._assign({place: doubt.earlier_payloads for place, doubt in enumerate(self._doubts) if place not in self._found})
        for place, doubt in enumerate(self._doubts):
            if place not in self._found:
                self._found[place] = self._unfound(doubt)
        return [self._found[place] for place, doubt in enumerate(self._doubts) if not doubt.sent_again_later]

    def _take_stamped(self) -> None:
        by_key: dict[str, list[Task]] = defaultdict(list)
        for task in self._free.values():
            for key in self._stamps[task.id]:
                by_key[key].append(task)
        for place, doubt in enumerate(self._doubts):
            stamped = [task for task in by_key[fold_stamped(doubt.operation.source_key)] if doubt.could_have_made(task)]
            if len(stamped) == 1:
                self._found[place] = Match(doubt, Finding.ADOPT, doubt.operation.payload, stamped[0])
            elif stamped:
                several = "more than one task is stamped with its key"
                self._found[place] = Match(doubt, Finding.UNCERTAIN, doubt.operation.payload, candidates=tuple(stamped), why=several)
            for task in stamped:
                self._free.pop(task.id, None)

    def _assign(self, payloads: Mapping[int, Iterable[Mapping[str, Any]]]) -> None:
        tasks: dict[Meaning, list[Task]] = defaultdict(list)
        for task in self._free.values():
            tasks[task_meaning(task, TASK_FIELDS, self._relationships)].append(task)
        claims: dict[Meaning, dict[int, Mapping[str, Any]]] = defaultdict(dict)
        for place, sent in payloads.items():
            for payload in sent:
                claims[body_meaning(payload, TASK_FIELDS, self._relationships)][place] = payload
        for content, claimants in claims.items():
            open_claims = {place: payload for place, payload in claimants.items() if place not in self._found}
            self._share(open_claims, [task for task in tasks.get(content, ()) if task.id in self._free])

    def _share(self, claimants: Mapping[int, Mapping[str, Any]], tasks: Sequence[Task]) -> None:
        """Give each task to the claimant whose time ends first: no other order leaves fewer without one."""
        given: dict[int, Task] = {}
        for task in sorted(tasks, key=lambda task: (task.created_at or datetime.max.replace(tzinfo=UTC), task.id)):
            able = [place for place in claimants if place not in given and self._doubts[place].could_have_made(task)]
            if able:
                given[min(able, key=lambda place: self._doubts[place].ends)] = task
        if not given:
            return
        rivals = [place for place in claimants if any(self._doubts[place].could_have_made(task) for task in given.values())]
        # Whoever is left without a task is sent anew, and would be answered with its own, whichever row has adopted that by then.
        still_answered = any(self._doubts[place].sent_again_later for place in rivals) or any(map(self._is_young, given.values()))
        contested = len(given) < len(rivals) and still_answered
        for place in rivals if contested else given:
            doubt, payload = self._doubts[place], claimants[place]
            if contested:
                self._found[place] = Match(doubt, Finding.UNCERTAIN, payload, candidates=tuple(given.values()), why=_CONTESTED)
            else:
                self._found[place] = Match(doubt, Finding.ADOPT, payload, given[place])
        for task in given.values():
            del self._free[task.id]

    def _is_young(self, task: Task) -> bool:
        return task.created_at is None or task.created_at >= self._seen.keys_known_since

    def _unfound(self, doubt: Doubt) -> Match:
        payload = doubt.operation.payload
        candidates = tuple(task for task in self._free.values() if doubt.could_have_made(task) and self._may_be(task, doubt))
        why = None
        if candidates:
            why = "it could be a task that somebody has edited since"
        elif self._seen.why_incomplete is not None:
            why = self._seen.why_incomplete
        elif doubt.was_answered:
            why = "Lightfield answered it with a task that could not be read then, and that is not among those of its time"
        elif doubt.ends > self._seen.until:
            why = f"a request for it could be executed until {doubt.ends:%Y-%m-%d %H:%M:%S} UTC, and lists lag a little behind"
        if why is None:
            return Match(doubt, Finding.ABSENT, payload)
        return Match(doubt, Finding.UNCERTAIN, payload, candidates=candidates, why=why)

    def _may_be(self, task: Task, doubt: Doubt) -> bool:
        """An edited task may be anybody's, unless stamped; one that differs in its description alone may be as Lightfield writes it."""
        if self._stamps[task.id]:
            return False
        if is_edited(task):
            return True
        fields = [field for field in TASK_FIELDS if field != DESCRIPTION]
        held = task_meaning(task, fields, self._relationships)
        sent = (doubt.operation.payload, *doubt.earlier_payloads)
        return any(held == body_meaning(payload, fields, self._relationships) for payload in sent)


def _compared_relationships(doubts: Sequence[Doubt]) -> list[str]:
    """Those that any of them sent. Who created a task is only compared where all say it: else Lightfield fills it in."""
    payloads = [payload for doubt in doubts for payload in (doubt.operation.payload, *doubt.earlier_payloads)]
    sent = [set(payload.get("relationships", {})) for payload in payloads]
    compared = set().union(*sent) if sent else set()
    if not all(CREATED_BY in keys for keys in sent):
        compared.discard(CREATED_BY)
    return sorted(compared)


def links(tasks: Sequence[Linked]) -> str:
    """The first few of them, for a sentence."""
    named = [task.http_link or task.id for task in tasks[:_LINKS]]
    more = len(tasks) - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")
