"""How far did the sending of one operation get, and what may be said of it?"""

from __future__ import annotations

from datetime import datetime

from etl.lightfield.models import ApiSurpriseError, TaskView
from etl.load.problems import STOPPED, TOO_OLD, in_doubt, refusal
from etl.load.replay import Settled
from etl.load.retry import Tried
from etl.load.verdict import Executed
from etl.records import Action, Operation, Outcome, Problem


class Progress:
    """One operation on its way; every way it can end is an Outcome.

    Attributes:
        attempts: Requests that were sent in this run.
        used_up: Of the attempts that it has; being throttled uses none.
        in_doubt: An attempt may have been executed: this run's, or one before it.
        first_sent_at: When the oldest of those left, by the server's clock; None while nothing can have been executed.
        begun_at: When its intent was last made durable, by the server's clock.
        first_elapsed: The same as seconds of our own clock, when it was in this run.
    """

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.attempts = 0
        self.used_up = 0
        self.in_doubt = operation.first_sent_at is not None
        self.first_sent_at = operation.first_sent_at
        self.begun_at = operation.begun_at
        self.first_elapsed: float | None = None
        self._tried: Tried | None = None
        self._was_in_doubt = self.in_doubt

    def request_begins(self, server_now: datetime, elapsed_seconds: float) -> None:
        """A request is about to leave; until its verdict it counts as executed."""
        self.attempts += 1
        if not self.in_doubt:
            self.first_sent_at, self.first_elapsed = server_now, elapsed_seconds
        self._was_in_doubt, self.in_doubt = self.in_doubt, True

    def request_ended(self, tried: Tried) -> None:
        """Its verdict is there."""
        self._tried = tried
        self.used_up = tried.used_up
        self.in_doubt = self._was_in_doubt or tried.verdict.executed is not Executed.NO
        if not self.in_doubt:
            self.first_sent_at = self.first_elapsed = None

    def refused(self, tried: Tried, now: datetime) -> Outcome:
        """It was refused, or its attempts ran out."""
        problem = refusal(tried.verdict, tried.answer)
        if self.in_doubt:
            return self._outcome(Action.UNCERTAIN, now, in_doubt(problem))
        return self._outcome(Action.FAILED, now, problem)

    def interrupted(self, now: datetime, reason: str) -> Outcome:
        """The run stopped before it was settled."""
        if not self.in_doubt:
            return self._outcome(Action.NOT_SENT, now)
        return self._outcome(Action.UNCERTAIN, now, in_doubt(Problem(STOPPED, None, f"the run stopped before its answer: {reason}")))

    def too_old(self, now: datetime) -> Outcome:
        """Lightfield may have forgotten its key, so that sending again could make a second task."""
        message = (
            f"it was first sent at {self.first_sent_at:%Y-%m-%d %H:%M:%S} UTC, too long ago to send again without the danger of a "
            "second task: run lightfield-etl reconcile"
        )
        return self._outcome(Action.UNCERTAIN, now, Problem(TOO_OLD, None, message))

    def done(self, action: Action, now: datetime) -> Outcome:
        """It is written, as its answer says."""
        return self._outcome(action, now, task=task_of(self._tried))

    def settled(self, settled: Settled, now: datetime) -> Outcome:
        """It is settled what the create came to."""
        return self._outcome(settled.action, now, settled.problem, settled.task, settled)

    def _outcome(
        self, action: Action, now: datetime, problem: Problem | None = None, task: TaskView | None = None, settled: Settled | None = None
    ) -> Outcome:
        answer = self._tried.answer if self._tried else None
        return Outcome(
            operation=self.operation,
            action=action,
            attempts=self.attempts,
            finished_at=now,
            task_id=task.id if task else self.operation.task_id,
            url=task.http_link if task else None,
            http_status=answer.status if answer else None,
            problem=problem,
            observed=settled.observed if settled else None,
        )


def task_of(tried: Tried | None) -> TaskView | None:
    """The task in an attempt's answer, None where it shows none."""
    if tried is None or tried.answer is None or tried.answer.body is None:
        return None
    try:
        return TaskView.read(tried.answer.body)
    except ApiSurpriseError:
        # A trash may be answered by anything; creates and updates were judged by their id before.
        return None
