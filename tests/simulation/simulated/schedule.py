"""What happens in a schedule? One seed decides it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from simulated.network import Weather
from simulated.process import Death

from etl.sandbox.faults import Faults

HOUR = 3600.0
WINDOW = 23 * HOUR
LEASE = 60.0


@dataclass(frozen=True, slots=True)
class Happening:
    """Something in the middle of a run: ``rate``, ``drain``, ``wall_clock``, ``freeze``, ``trash``, ``edit`` or ``interrupt``."""

    at_seconds: float
    what: str
    amount: float


@dataclass(frozen=True, slots=True)
class Rival:
    """A second process on the same ledger, so long after the first one's start.

    Attributes:
        job: ``run`` or ``reconcile``.
        wait_seconds: For the lock.
        elsewhere: On another machine, from where nobody sees whether the first one lives.
    """

    at_seconds: float
    job: str
    wait_seconds: float
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class Go:
    """One process.

    Attributes:
        job: ``run``, ``retry`` or ``reconcile``.
        weather, faults: On the way and at the server.
        death: When it dies, if it does.
        trash_in_walk: The share of all tasks that people put into the trash while it walks through them, after its first page.
        rival: Wants to work at the same time.
        stream: Without a look ahead.
        final: Nothing goes wrong, and everything has to come to its end.
    """

    job: str = "run"
    weather: Weather = field(default_factory=Weather)
    faults: Faults = field(default_factory=Faults)
    latency: float = 0.05
    death: Death | None = None
    happenings: tuple[Happening, ...] = ()
    trash_in_walk: float | None = None
    rival: Rival | None = None
    wrong_by_hours: float = 0.0
    stream: bool = False
    final: bool = False

    @property
    def paused_past_lease(self) -> bool:
        """The first process may lose the lock to the second."""
        return self.rival is not None and any(each.what == "freeze" and each.amount > LEASE for each in self.happenings)

    @property
    def lock_is_exact(self) -> bool:
        """Between machines the lock goes by their wall clocks; where one jumps, the keys alone have to protect."""
        return self.rival is None or not self.rival.elsewhere or all(each.what != "wall_clock" for each in self.happenings)


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Edit:
    """Rows are corrected in the source."""

    share: float


@dataclass(frozen=True, slots=True)
class People:
    """Somebody works in Lightfield: edits so many tasks, trashes others, makes some of their own."""

    edits: float
    trashes: float
    makes: int


@dataclass(frozen=True, slots=True)
class LedgerFate:
    """``keep`` a copy; put the ``old`` copy in its place; or it is ``gone``."""

    what: str


Step = Go | Wait | Edit | People | LedgerFate


@dataclass(frozen=True, slots=True)
class Schedule:
    """A whole schedule.

    Attributes:
        rows: Of the source.
        twins: The share of rows that say the same as others.
        timeout, attempts: Of the config's limits.
        list_lag: Of the server's lists, seconds.
        write_rate: Of the server at the beginning; 25 is documented.
        stamp: Tasks name their row.
        wide: Every field is mapped, and every report has its page.
        crowd: How many tasks of other people there are from the beginning.
        steps: In order.
    """

    seed: int
    rows: int
    twins: float
    timeout: float
    attempts: int
    list_lag: float
    write_rate: float
    stamp: bool
    wide: bool
    crowd: int
    steps: tuple[Step, ...]

    @property
    def limits_as_documented(self) -> bool:
        """Nobody else draws on the limits, and they never change."""
        moved = any(h.what in {"rate", "drain"} for step in self.steps if isinstance(step, Go) for h in step.happenings)
        return not moved and self.write_rate == 25.0

    @property
    def loses_ledger(self) -> bool:
        return any(isinstance(step, LedgerFate) and step.what != "keep" for step in self.steps)

    @property
    def rebuilds_ledger(self) -> bool:
        """A reconcile asks of every row whether people's tasks could be it, whether the ledger was lost or not."""
        jobs = [job for step in self.steps if isinstance(step, Go) for job in (step.job, step.rival.job if step.rival else "")]
        return self.loses_ledger or "reconcile" in jobs


def draw(seed: int) -> Schedule:
    """The schedule of a seed.

    Args:
        seed: Any number.
    """
    dice = Random(seed)
    families = (_any_nights, _two_processes, _key_expires_in_a_run, _lost_ledger_and_reconcile, _lost_ledger_in_the_window)
    family = dice.choices(families, (36, 20, 10, 22, 12))[0]
    stamp = dice.random() < _STAMPED.get(family, 0.3)
    steps = [*family(dice, stamp=stamp), Wait(dice.uniform(200, 400)), Go(final=True, stream=dice.random() < 0.7)]
    if dice.random() < 0.15:
        steps += [Wait(dice.choice((2.0, 25 * HOUR))), Go(job="retry", final=True)]
    if dice.random() < 0.2:
        steps += [Wait(dice.choice((dice.uniform(2, 100), 25 * HOUR))), Go(final=True, stream=dice.random() < 0.7)]
    return Schedule(
        seed=seed,
        rows=dice.randint(*_ROWS.get(family, (10, 60))),
        twins=dice.choice((0.05, 0.05, 0.5)),
        timeout=dice.choice((2.0, 5.0, 30.0)),
        attempts=dice.choice((2, 4, 8)),
        list_lag=dice.choice((0.0, 0.0, 5.0, 60.0)),
        # Where the burst is what counts, it has to get through.
        write_rate=25.0 if family is _key_expires_in_a_run else dice.choice((25.0, 25.0, 25.0, 4.0, 1.0, 100.0)),
        stamp=stamp,
        wide=dice.random() < 0.1,
        crowd=dice.choice((0, 0, 30, 60)),
        steps=tuple(_trashing_in_walks(dice, steps)),
    )


def _trashing_in_walks(dice: Random, steps: Iterable[Step]) -> Iterator[Step]:
    """Whoever walks through Lightfield's tasks walks among people."""
    for step in steps:
        # A reconcile walks through everything, so there most is to be seen.
        likely = 0.95 if isinstance(step, Go) and step.job == "reconcile" else 0.7
        share = dice.choice((0.1, 0.3, 0.6))
        yield replace(step, trash_in_walk=share) if isinstance(step, Go) and dice.random() < likely else step


def _any_nights(dice: Random, *, stamp: bool) -> list[Step]:
    """Some bad nights, near or far from each other."""
    edits = dice.random() < 0.4
    steps: list[Step] = []
    for _ in range(dice.choice((1, 1, 2, 2, 3))):
        steps += [_bad_run(dice), Wait(_gap(dice))]
        if dice.random() < 0.2:
            steps += [replace(_bad_run(dice), job="retry", stream=False), Wait(_gap(dice))]
        if edits and dice.random() < 0.7:
            steps.append(Edit(dice.choice((0.05, 0.2, 0.5))))
        if dice.random() < 0.3:
            steps.append(_people(dice))
    return steps


def _two_processes(dice: Random, *, stamp: bool) -> list[Step]:
    """A second process wants the same ledger: while the first one works, or is paused for longer than its lease."""
    steps: list[Step] = []
    for _ in range(dice.choice((1, 1, 2))):
        first = _bad_run(dice)
        job = dice.choice(("run", "run", "run", "reconcile"))
        if dice.random() < 0.4:
            rival = Rival(dice.uniform(0.0, 2.0), job, dice.choice((0.0, 0.0, 90.0, 600.0)), elsewhere=dice.random() < 0.3)
        else:
            paused = Happening(dice.uniform(0.4, 1.8), "freeze", dice.choice((64.0, 120.0, 300.0, 3 * HOUR, 26 * HOUR)))
            first = replace(first, death=None, happenings=(paused, *first.happenings[1:]))
            rival = Rival(paused.at_seconds + dice.uniform(30.0, 80.0), job, dice.choice((0.0, 60.0, 60.0)), elsewhere=dice.random() < 0.3)
        steps += [replace(first, rival=rival), Wait(_gap(dice))]
        if dice.random() < 0.2:
            steps.append(_people(dice))
    return steps


def _key_expires_in_a_run(dice: Random, *, stamp: bool) -> list[Step]:
    """What is in doubt is still protected when the run begins, and no longer when its turn comes."""
    # It dies with a burst under way; later one write in eight to eleven minutes is let through: the last ones' turn comes hours later.
    first = Go(death=Death(step=dice.randrange(9, 14), phase=dice.choice(("before", "torn", "after"))), latency=dice.choice((0.3, 0.5)))
    slow = Happening(0.0, "rate", dice.choice((0.0015, 0.002)))
    return [first, Wait(WINDOW - dice.uniform(10, 900)), Go(happenings=(slow,)), Wait(_gap(dice))]


def _lost_ledger_and_reconcile(dice: Random, *, stamp: bool) -> list[Step]:
    """The ledger is gone, or an old copy; then it is rebuilt."""
    fate = dice.choice(("gone", "gone", "old"))
    steps: list[Step] = []
    if fate == "old":
        steps += [_bad_run(dice), LedgerFate("keep"), Wait(_gap(dice))]
    steps += [_getting_somewhere(dice), Wait(_gap(dice))]
    if stamp and dice.random() < 0.5:
        # Without stamps nothing would be left by which the tasks of edited rows could be told.
        steps.append(Edit(dice.choice((0.05, 0.5))))
    if dice.random() < 0.8:
        steps.append(People(dice.choice((0.1, 0.3)), dice.choice((0.0, 0.1)), dice.randrange(6)))
    return [
        *steps,
        LedgerFate(fate),
        Wait(dice.choice((130.0, 30 * HOUR))),
        Go(job="reconcile", final=True),
        Wait(5.0),
    ]


def _lost_ledger_in_the_window(dice: Random, *, stamp: bool) -> list[Step]:
    """The ledger is lost and nobody says so: within the window the keys alone have to protect."""
    fate = dice.choice(("gone", "gone", "old"))
    steps: list[Step] = []
    if fate == "old":
        steps += [_within_hours(_bad_run(dice)), LedgerFate("keep"), Wait(dice.uniform(2, 4 * HOUR))]
    steps += [_within_hours(_getting_somewhere(dice)), Wait(dice.uniform(2, 4 * HOUR))]
    if dice.random() < 0.85:
        # Where every row was corrected, nothing but the keys is left to protect it.
        steps.append(Edit(dice.choice((0.2, 1.0, 1.0, 1.0))))
    return [*steps, LedgerFate(fate), _within_hours(_bad_run(dice))]


def _getting_somewhere(dice: Random) -> Go:
    """A bad run that writes much of what it should: a ledger that knows nothing is no loss."""
    run = _bad_run(dice)
    death = Death(step=dice.randrange(14, 40), phase=dice.choice(("before", "torn", "after"))) if dice.random() < 0.3 else None
    happenings = tuple(each for each in run.happenings if each.what != "interrupt")
    weather, faults = replace(run.weather, only_writes=True), replace(run.faults, only_writes=1)
    return replace(run, weather=weather, faults=faults, death=death, happenings=happenings)


def _within_hours(go: Go) -> Go:
    """No pause takes it out of the window: what all rows' edits and a lost ledger hide after that, nothing can bring to light."""
    return replace(go, happenings=tuple(replace(each, amount=min(each.amount, 3 * HOUR)) for each in go.happenings))


def _people(dice: Random) -> People:
    return People(dice.choice((0.0, 0.1)), dice.choice((0.0, 0.05)), dice.choice((dice.randrange(6), 40)))


def _gap(dice: Random) -> float:
    return dice.choice(
        (
            dice.uniform(2, 50),
            dice.uniform(61, 300),
            dice.uniform(1, 20) * HOUR,
            WINDOW + dice.uniform(-90, 30),
            dice.uniform(23.1, 24.2) * HOUR,
            dice.uniform(25, 100) * HOUR,
        )
    )


def _bad_run(dice: Random) -> Go:
    return Go(
        weather=_weather(dice),
        faults=_faults(dice),
        latency=dice.choice((0.0, 0.05, 0.3, 1.0)),
        death=_death(dice),
        happenings=tuple(_happening(dice) for _ in range(dice.choice((0, 0, 0, 1, 1, 2)))),
        wrong_by_hours=dice.choice((0.0, 0.0, 0.0, -30.0, 30.0)),
        stream=dice.random() < 0.5,
    )


def _weather(dice: Random) -> Weather:
    force = dice.choice((0.0, 1.0, 1.0, 2.0))
    return Weather(
        refused=0.02 * force,
        no_connection=0.01 * force,
        lost_on_the_way=0.03 * force,
        broken_but_arrives=0.09 * force,
        arrives_late=0.05 * force,
        gateway_gives_up=0.03 * force,
        answer_late=0.03 * force,
        latency=dice.choice(((0.0, 0.0), (0.01, 0.05), (0.1, 0.4))),
        late=(0.0, dice.choice((1.0, 10.0, 60.0))),
        # Where nothing can be read, no run gets to its first write: not often worth a schedule.
        only_writes=dice.random() < 0.8,
    )


def _faults(dice: Random) -> Faults:
    force = dice.choice((0.0, 0.5, 1.0, 2.0))
    return Faults(
        error_before=0.04 * force,
        error_after=0.03 * force,
        lost_before_commit=0.03 * force,
        lost_after_commit=0.04 * force,
        slow=0.02 * force,
        truncated=0.015 * force,
        not_json=0.015 * force,
        too_many_requests=0.005 * force,
        too_many_requests_bare=0.005 * force,
        slow_seconds=dice.choice((1.0, 4.0, 40.0)),
        burst=dice.choice((2, 8)),
        retry_after_seconds=dice.choice((1, 1, 5, 120)),
        only_writes=int(dice.random() < 0.8),
    )


def _death(dice: Random) -> Death | None:
    how = dice.random()
    if how < 0.4:
        return None
    if how < 0.8:
        return Death(step=dice.choice((dice.randrange(12), dice.randrange(8, 40))), phase=dice.choice(("before", "torn", "after")))
    return Death(at_seconds=dice.uniform(0.0, 6.0))


def _happening(dice: Random) -> Happening:
    at = dice.uniform(0.0, 4.0)
    what = dice.choice(("rate", "drain", "wall_clock", "freeze", "trash", "edit", "interrupt"))
    amount = {
        "rate": dice.choice((0.5, 3.0, 10.0, 50.0)),
        "drain": dice.uniform(5.0, 25.0),
        "wall_clock": dice.uniform(-60, 60),
        "freeze": dice.choice((20.0, 55.0, 90.0, 3 * HOUR, 23.5 * HOUR, 26 * HOUR)),
        "trash": 0.1,
        "edit": 0.1,
        "interrupt": 1.0,
    }[what]
    return Happening(at, what, amount)


_ROWS: dict[Callable[..., list[Step]], tuple[int, int]] = {
    _key_expires_in_a_run: (12, 22),
    # Enough to be in the middle of, and enough for a second page.
    _two_processes: (30, 60),
    _lost_ledger_and_reconcile: (30, 60),
}
_STAMPED: dict[Callable[..., list[Step]], float] = {
    # With stamps a rebuilt ledger is exact: then every task that a walk passes over shows.
    _lost_ledger_and_reconcile: 0.6,
    # And a lost one is always noticed: then the keys are not put to the test.
    _lost_ledger_in_the_window: 0.1,
}
