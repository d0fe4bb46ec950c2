"""What happens in a schedule of sync, undo and retry? One seed decides it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from random import Random

from simulated.network import Weather
from simulated.process import Death

from etl.sandbox.faults import Faults

HOUR = 3600.0
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Job:
    """One process.

    Attributes:
        command: ``run``, ``undo``, ``retry`` or ``verify``.
        undoes: What an undo takes back: ``import``, ``last`` run, ``any`` run, the last ``undo``, or the ``same`` as the undo before.
        by_cancel: Of an undo.
        weather, faults, latency: On the way and at the server.
        death: When it dies, if it does.
        people_at: When people work in Lightfield meanwhile, seconds after its start.
        followed: How likely people change a task just after it was looked at.
        final: Nothing goes wrong, and everything has to come to its end.
    """

    command: str = "run"
    undoes: str = "import"
    by_cancel: bool = False
    weather: Weather = field(default_factory=Weather)
    faults: Faults = field(default_factory=Faults)
    latency: float = 0.05
    death: Death | None = None
    people_at: tuple[float, ...] = ()
    followed: float = 0.0
    stream: bool = False
    final: bool = False

    @property
    def is_calm(self) -> bool:
        """Nothing is wrong with network, server and machine."""
        return self.weather == Weather() and self.faults == Faults() and self.death is None


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Change:
    """The source changes: shares of rows that are edited, put back, gone and back again, and new rows."""

    edits: float = 0.0
    put_back: float = 0.0
    vanish: float = 0.0
    come_back: float = 0.0
    new: int = 0


@dataclass(frozen=True, slots=True)
class People:
    """Somebody works in Lightfield: shares of the tasks that are edited, trashed, and taken out of the trash.

    ``reverts``: Those that say again, in one field that people had edited, what they said when they were made. ``contests``: The edits are
    of fields that we wrote last.
    """

    edits: float = 0.0
    reverts: float = 0.0
    contests: bool = False
    trashes: float = 0.0
    restores: float = 0.0


@dataclass(frozen=True, slots=True)
class OldLedger:
    """The disk fails, and the ledger comes from the backup that was made before the last job."""


Step = Job | Wait | Change | People | OldLedger


@dataclass(frozen=True, slots=True)
class SyncSchedule:
    """A whole schedule.

    Attributes:
        on_missing, overwrite, recreate, timeout, attempts: Of the config.
        list_lag: Of the server's lists, seconds.
    """

    seed: int
    rows: int
    on_missing: str
    overwrite: bool
    recreate: bool
    timeout: float
    attempts: int
    list_lag: float
    steps: tuple[Step, ...]


def draw(seed: int) -> SyncSchedule:
    """The schedule of a seed."""
    dice = Random(f"sync {seed}")
    steps = list(family_of(seed)(dice))
    steps += [Wait(dice.choice((4000.0, 4000.0, 25 * HOUR))), Job(final=True), Wait(300.0), Job(final=True)]
    if dice.random() < 0.5:
        steps.append(Job("verify", final=True))
    return SyncSchedule(
        seed=seed,
        rows=dice.randint(2, 6),
        on_missing=dice.choice(("ignore", "cancel", "complete", "trash", "trash", "trash")),
        overwrite=dice.random() < 0.3,
        recreate=dice.random() < 0.4,
        timeout=dice.choice((2.0, 5.0, 30.0)),
        attempts=dice.choice((2, 4, 8)),
        list_lag=dice.choice((0.0, 0.0, 5.0, 60.0)),
        steps=tuple(steps),
    )


def family_of(seed: int) -> Callable[[Random], Iterator[Step]]:
    """Spread evenly: a few seeds in a row are of every kind, in its proportion."""
    place = seed * _GOLDEN % 1 * sum(FAMILIES.values())
    return next(family for family, end in zip(FAMILIES, accumulate(FAMILIES.values()), strict=True) if place < end)


def _nights(dice: Random) -> Iterator[Step]:
    yield _job(dice, "run", calm=0.5)
    for _ in range(dice.randint(1, 3)):
        yield _change(dice)
        if dice.random() < 0.5:
            yield _people(dice)
        yield _gap(dice)
        yield from _often(dice, "run")
        if dice.random() < 0.15:
            yield _job(dice, "retry", calm=0.3)


def _there_and_back(dice: Random) -> Iterator[Step]:
    """A value goes A, B, A, B, mostly within a day: the keys must not make one write of two."""
    yield _job(dice, "run", calm=0.8)
    yield Change(edits=1.0)
    for _ in range(dice.randint(3, 4)):
        yield _job(dice, "run", calm=0.7)
        if dice.random() < 0.15:
            yield _people(dice)
        yield Wait(dice.choice((2.0, 70.0, 3 * HOUR)))
        yield Change(put_back=1.0)


def _both_sides(dice: Random) -> Iterator[Step]:
    """The source and people change the same rows: the same fields, and others."""
    yield Job("run")
    for _ in range(dice.choice((1, 1, 2))):
        yield Change(edits=dice.choice((0.5, 1.0)), vanish=dice.choice((0.3, 0.5)))
        yield People(edits=dice.choice((0.5, 1.0)), trashes=dice.choice((0.0, 0.0, 0.2)))
        yield _gap(dice)
        yield _job(dice, "run", calm=0.6)


def _in_doubt(dice: Random) -> Iterator[Step]:
    """Nobody hears what became of updates; then people, the source, or both go on."""
    yield Job("run")
    for _ in range(dice.choice((1, 1, 2))):
        yield Change(edits=1.0, vanish=dice.choice((0.0, 0.0, 0.3)))
        yield _lossy(dice, "run")
        yield Wait(dice.choice((2.0, 100.0, 3 * HOUR, 3 * HOUR, 25 * HOUR)))
        yield People(edits=dice.choice((0.0, 0.5, 1.0)), contests=dice.random() < 0.6)
        if dice.random() < 0.6:
            yield _job(dice, "run", calm=0.8)
            yield People(edits=dice.choice((0.0, 0.5))) if dice.random() < 0.3 else People(reverts=1.0)
        yield Change(edits=dice.choice((0.0, 0.0, 1.0)), put_back=dice.choice((0.0, 0.0, 1.0)), come_back=1.0)
        yield _job(dice, "run", calm=0.8)


def _taken_back(dice: Random) -> Iterator[Step]:
    """Updates are taken back, and mostly that again."""
    yield Job("run")
    yield Change(edits=1.0, vanish=dice.choice((0.0, 0.3)))
    yield _job(dice, "run", calm=0.7)
    if dice.random() < 0.7:
        yield _people(dice)
    yield _gap(dice)
    for what in ("last", "undo")[: dice.choice((1, 2))]:
        yield replace(_job(dice, "undo", calm=0.6), undoes=what)


def _old_ledger(dice: Random) -> Iterator[Step]:
    """What an update wrote is forgotten, while Lightfield still knows its key."""
    yield Job("run")
    yield Change(edits=1.0)
    yield _job(dice, "run", calm=0.9)
    yield OldLedger()
    yield Wait(dice.choice((2.0, 3 * HOUR)))
    yield Change(edits=1.0)
    yield _job(dice, "run", calm=0.7)


def _restored(dice: Random) -> Iterator[Step]:
    """People take out of the trash what we put there; then the rows are imported again."""
    yield Job("run")
    if dice.random() < 0.5:
        yield replace(_job(dice, "undo", calm=0.7), undoes=dice.choice(("import", "last")))
    else:
        yield Change(vanish=0.7)
        yield _job(dice, "run", calm=0.7)
    yield Wait(dice.choice((5.0, 5.0, 3 * HOUR, 25 * HOUR)))
    yield People(edits=dice.choice((0.0, 0.5)), restores=dice.choice((0.5, 1.0)))
    yield People(edits=dice.choice((0.0, 0.0, 0.5)))
    yield Change(edits=dice.choice((0.0, 0.5)), come_back=1.0)
    yield _job(dice, "run", calm=0.6)


def _undoing(dice: Random) -> Iterator[Step]:
    yield _job(dice, "run", calm=0.7)
    for _ in range(dice.choice((0, 1, 1, 2))):
        yield _change(dice)
        if dice.random() < 0.4:
            yield _people(dice)
        yield from _often(dice, "run")
    for _ in range(dice.randint(1, 3)):
        if dice.random() < 0.4:
            yield _people(dice)
        yield _gap(dice)
        what = dice.choice(("import", "last", "any", "undo", "undo"))
        undo = replace(_job(dice, "undo", calm=0.4), undoes=what, by_cancel=dice.random() < 0.1)
        yield undo
        if undo.death is not None:
            yield Wait(dice.choice((2.0, 100.0, 24 * HOUR)))
            yield replace(_job(dice, "undo", calm=0.7), undoes=dice.choice(("same", "same", "undo")), by_cancel=undo.by_cancel)
        if dice.random() < 0.5:
            yield _gap(dice)
            if dice.random() < 0.4:
                yield _change(dice)
            yield _job(dice, "run", calm=0.5)


def _undo_the_undo(dice: Random) -> Iterator[Step]:
    """Taken back, mostly imported again, and then the taking back is taken back."""
    yield Job("run")
    yield _gap(dice)
    if dice.random() < 0.4:
        yield _people(dice)
    yield replace(_job(dice, "undo", calm=0.6), undoes=dice.choice(("import", "last")))
    yield _gap(dice)
    if dice.random() < 0.7:
        yield _job(dice, "run", calm=0.7)
    if dice.random() < 0.3:
        yield _people(dice)
    for _ in range(dice.choice((1, 1, 2))):
        yield replace(_job(dice, "undo", calm=0.5), undoes="undo")
        yield _gap(dice)


def _often(dice: Random, command: str) -> Iterator[Step]:
    """A job, and where it died mostly once more at once."""
    job = _job(dice, command, calm=0.25)
    yield job
    if job.death is not None and dice.random() < 0.7:
        if dice.random() < 0.5:
            yield _people(dice)
        if dice.random() < 0.3:
            yield _change(dice)
        yield Wait(dice.choice((2.0, 2.0, 100.0, 23.5 * HOUR)))
        yield _job(dice, command, calm=0.5)


def _job(dice: Random, command: str, *, calm: float) -> Job:
    if dice.random() < calm:
        return Job(command)
    job = Job(
        command,
        weather=_weather(dice),
        faults=_faults(dice),
        latency=dice.choice((0.0, 0.05, 0.3, 1.0)),
        death=_death(dice),
        people_at=tuple(dice.uniform(0, 4) for _ in range(dice.choice((0, 0, 1)))),
        followed=dice.choice((0.0, 0.0, 0.2, 0.5)),
        stream=command == "run" and dice.random() < 0.2,
    )
    return _unshown(job, dice) if command in {"run", "retry"} and dice.random() < 0.5 else job


def _unshown(job: Job, dice: Random) -> Job:
    """Some tasks cannot be looked at, whatever else befalls the job."""
    return replace(job, weather=replace(job.weather, unreadable=dice.choice((0.2, 0.5))))


def _lossy(dice: Random, command: str) -> Job:
    """Many writes get no answer, executed or not, and mostly the process dies of it."""
    executed = dice.choice((0.0, 0.3, 0.7))
    death = Death(step=dice.randrange(3, 8), phase=dice.choice(("before", "after"))) if dice.random() < 0.5 else None
    return Job(command, faults=Faults(lost_before_commit=0.7 - executed, lost_after_commit=executed, only_writes=1), death=death)


def _change(dice: Random) -> Change:
    return Change(
        edits=dice.choice((0.0, 0.3, 0.7)),
        put_back=dice.choice((0.0, 0.0, 0.5)),
        vanish=dice.choice((0.0, 0.2, 0.5)),
        come_back=dice.choice((0.0, 0.5, 1.0)),
        new=dice.choice((0, 0, 1, 2)),
    )


def _people(dice: Random) -> People:
    return People(edits=dice.choice((0.2, 0.5)), trashes=dice.choice((0.0, 0.0, 0.15)), restores=dice.choice((0.0, 0.0, 0.0, 0.2)))


def _gap(dice: Random) -> Wait:
    return Wait(
        dice.choice((dice.uniform(2, 50), dice.uniform(61, 300), dice.uniform(1, 20) * HOUR, dice.uniform(23, 24) * HOUR, 30 * HOUR))
    )


def _weather(dice: Random) -> Weather:
    force = dice.choice((0.0, 1.0, 2.0))
    return Weather(
        refused=0.03 * force,
        no_connection=0.01 * force,
        lost_on_the_way=0.05 * force,
        broken_but_arrives=0.08 * force,
        arrives_late=0.05 * force,
        gateway_gives_up=0.04 * force,
        answer_late=0.04 * force,
        latency=dice.choice(((0.0, 0.0), (0.01, 0.05), (0.1, 0.4))),
        late=(0.0, dice.choice((1.0, 10.0, 60.0))),
        only_writes=dice.random() < 0.8,
    )


def _faults(dice: Random) -> Faults:
    force = dice.choice((0.0, 1.0, 2.0))
    return Faults(
        error_before=0.05 * force,
        error_after=0.05 * force,
        lost_before_commit=0.04 * force,
        lost_after_commit=0.06 * force,
        slow=0.02 * force,
        truncated=0.02 * force,
        not_json=0.02 * force,
        too_many_requests=0.02 * force,
        too_many_requests_bare=0.01 * force,
        slow_seconds=dice.choice((1.0, 4.0, 40.0)),
        burst=dice.choice((2, 8)),
        retry_after_seconds=dice.choice((1, 5, 120)),
        only_writes=int(dice.random() < 0.8),
    )


def _death(dice: Random) -> Death | None:
    how = dice.random()
    if how < 0.35:
        return None
    if how < 0.8:
        return Death(step=dice.randrange(3, 12), phase=dice.choice(("before", "torn", "after")))
    return Death(at_seconds=dice.uniform(0.0, 3.0))


FAMILIES = {
    _nights: 14,
    _there_and_back: 10,
    _both_sides: 16,
    _in_doubt: 15,
    _taken_back: 8,
    _old_ledger: 10,
    _restored: 6,
    _undoing: 10,
    _undo_the_undo: 11,
}
"""Kinds of schedules, and how many of a hundred are of it."""
