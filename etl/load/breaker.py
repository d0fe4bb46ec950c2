"""When has the run to stop?"""

from __future__ import annotations

from http import HTTPStatus

from etl.clock import Clock
from etl.config.amounts import CountOrShare
from etl.errors import EtlError, KeyRefusedError, LimitReachedError, ServiceDownError, StoppedError
from etl.lightfield.answer import Answer
from etl.load.problems import refusal
from etl.load.retry import LONGEST_RETRY_AFTER_SECONDS, Tried
from etl.load.stop import StopSwitch
from etl.load.verdict import Executed, Kind, Verdict
from etl.records import NEEDS_A_PERSON, REPLAYED_OLDER, WROTE, Action, Outcome

DOWN_AFTER_FAILURES = 10
DOWN_AFTER_SECONDS = 20.0
REFUSED_ALIKE = 50
FORBIDDEN_IN_A_ROW = 10
OLDER_REPLAYS = 3
SHARE_APPLIES_FROM_ROWS = 100

_AGAIN = "run the same command again later: what is done is not sent again"


class Breaker:
    """Watches attempts and outcomes and trips the StopSwitch (rules 5 to 7, docs/rules.md).

    Args:
        stop: What it trips.
        clock: Measures durations.
        max_failures: So many rows may end without being written; a share counts from 100 rows on.
        max_duration_seconds: From now on.
    """

    def __init__(
        self, stop: StopSwitch, clock: Clock, *, max_failures: CountOrShare | None = None, max_duration_seconds: float | None = None
    ) -> None:
        self._stop = stop
        self._clock = clock
        self._max_failures = max_failures
        self._max_duration_seconds = max_duration_seconds
        self._started_at = clock.elapsed_seconds()
        self._alive_at = self._started_at
        self._attempted = False
        self._failures_in_a_row = 0
        self._forbidden_in_a_row = 0
        self._rows = 0
        self._failed_rows = 0
        self._older_replays = 0
        self._refused_alike: tuple[object, ...] | None = None
        self._refusals = 0
        self.key_has_written = False
        """This run has already written with this key."""

    @property
    def remaining_seconds(self) -> float | None:
        """Until ``--max-duration``; None without one."""
        if self._max_duration_seconds is None:
            return None
        return self._max_duration_seconds - (self._clock.elapsed_seconds() - self._started_at)

    def patience_seconds(self) -> float:
        """The longest pause that a server may ask for without ending the run."""
        remaining = self.remaining_seconds
        return LONGEST_RETRY_AFTER_SECONDS if remaining is None else min(LONGEST_RETRY_AFTER_SECONDS, max(0.0, remaining))

    def attempt_begins(self) -> None:
        """The time before the first attempt is nobody's failure."""
        if not self._attempted:
            self._attempted = True
            self._alive_at = self._clock.elapsed_seconds()

    def attempt_ended(self, tried: Tried) -> None:
        """Judge the service, and the key, by one attempt."""
        self._watch_service(tried.verdict)
        self._watch_key(tried)
        self._watch_patience(tried)

    def outcome(self, outcome: Outcome) -> None:
        """Judge the rows by one outcome."""
        if outcome.action is Action.NOT_SENT:
            return
        self._rows += 1
        self._watch_refusals(outcome)
        if outcome.action in NEEDS_A_PERSON:
            self._failed_rows += 1
            self._watch_failures()
            self._watch_replays(outcome)

    def out_of_time(self) -> None:
        """``--max-duration`` is over."""
        self._trip(LimitReachedError("--max-duration was reached", next_step=_AGAIN))

    def _watch_service(self, verdict: Verdict) -> None:
        # A refusal, and a 429, come from a service that is up.
        if verdict.kind is not Kind.RETRY or not verdict.counts:
            self._failures_in_a_row = 0
            self._alive_at = self._clock.elapsed_seconds()
            self.key_has_written |= verdict.executed is Executed.YES
            return
        self._failures_in_a_row += 1
        silent_seconds = self._clock.elapsed_seconds() - self._alive_at
        if self._failures_in_a_row >= DOWN_AFTER_FAILURES and silent_seconds >= DOWN_AFTER_SECONDS:
            failures = f"{self._failures_in_a_row} requests in a row failed"
            message = f"Lightfield has been down for {silent_seconds:.0f} s: {failures}, the last so: {verdict.sentence}"
            self._trip(ServiceDownError(message, next_step=_AGAIN))

    def _watch_key(self, tried: Tried) -> None:
        status = tried.answer.status if tried.answer else None
        if status is not None and status != HTTPStatus.FORBIDDEN:
            self._forbidden_in_a_row = 0
        if status == HTTPStatus.FORBIDDEN:
            self._forbidden_in_a_row += 1
        if tried.verdict.kind is Kind.STOP_RUN or self._forbidden_in_a_row >= FORBIDDEN_IN_A_ROW:
            self._trip(key_refused(tried.verdict, tried.answer))

    def _watch_patience(self, tried: Tried) -> None:
        wait_seconds = tried.retry_after_seconds
        if tried.verdict.kind is Kind.RETRY and wait_seconds is not None and wait_seconds > self.patience_seconds():
            message = f"Lightfield asks for a pause of {wait_seconds:.0f} s, which is longer than this run may wait"
            error = ServiceDownError if wait_seconds > LONGEST_RETRY_AFTER_SECONDS else LimitReachedError
            self._trip(error(message, next_step=_AGAIN))

    def _watch_refusals(self, outcome: Outcome) -> None:
        """The first fifty rows, all refused for the same reason, are no fault of the rows."""
        refused = (outcome.http_status, outcome.problem.code, outcome.problem.field) if outcome.problem else None
        if outcome.action in WROTE or refused is None or (self._refusals and refused != self._refused_alike):
            self._refusals = -1
        if self._refusals < 0:
            return
        self._refused_alike = refused
        self._refusals += 1
        if self._refusals >= REFUSED_ALIKE and outcome.problem:
            message = f"the first {self._refusals} rows were all refused alike: {outcome.problem.code}: {outcome.problem.message}"
            self._trip(ServiceDownError(message, next_step="correct the map or the workspace, then run the same command again"))

    def _watch_failures(self) -> None:
        limit = self._max_failures
        if limit is None or (limit.share is not None and self._rows < SHARE_APPLIES_FROM_ROWS):
            return
        if limit.exceeded_by(self._failed_rows, self._rows):
            message = f"--max-failures {limit} was passed: {self._failed_rows} of {self._rows} rows were not written"
            self._trip(LimitReachedError(message, next_step="look at failures.csv, then run the same command again"))

    def _watch_replays(self, outcome: Outcome) -> None:
        self._older_replays += bool(outcome.problem and outcome.problem.code == REPLAYED_OLDER)
        if self._older_replays >= OLDER_REPLAYS:
            message = (
                f"{self._older_replays} rows were answered with older tasks: "
                "either the ledger of this import was lost, or two imports share one name"
            )
            self._trip(
                StoppedError(message, next_step="run lightfield-etl reconcile with this config, or give one of the imports another name")
            )

    def _trip(self, error: EtlError) -> None:
        self._stop.trip(error)


def key_refused(verdict: Verdict, answer: Answer | None, scope: str | None = None) -> KeyRefusedError:
    """The job's error for a key that was refused; ``scope`` is what the call needed, where that is known."""
    message = refusal(verdict, answer).message if scope is None else f"{verdict.sentence}: {scope}"
    if answer is not None and answer.status == HTTPStatus.UNAUTHORIZED:
        return KeyRefusedError(message, next_step="check the API key (LIGHTFIELD_API_KEY), then run the same command again")
    named = f"the scope {scope}" if scope else "the scope that is named"
    return KeyRefusedError(message, next_step=f"give the API key {named} (Lightfield, settings, API keys), then run the same command again")
