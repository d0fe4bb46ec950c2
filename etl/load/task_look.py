"""What does a task hold now? One that cannot be read is the trouble of its row and not of the run (rule 7)."""

from __future__ import annotations

from http import HTTPStatus

from etl.errors import ServiceDownError
from etl.lightfield.answer import Answer, Category
from etl.lightfield.client import LightfieldClient
from etl.lightfield.models import TaskView
from etl.lightfield.pages import understood
from etl.load.problems import refusal
from etl.load.reader import ThrottledReader
from etl.load.verdict import Kind, judge_read

UNREADABLE = "unreadable_task"
IN_A_ROW = 10
"""So many tasks that cannot be read, with none between them that can, are no trouble of single rows."""

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class UnreadableTaskError(ServiceDownError):
    """This task cannot be read, although Lightfield shows others; who does not care which ends as for a service that is down."""


class TaskLook:
    """Looks at one task after another. One for a run, because it counts."""

    def __init__(self, reader: ThrottledReader, client: LightfieldClient) -> None:
        self._reader = reader
        self._client = client
        self._unreadable_in_a_row = 0

    async def retrieve(self, task_id: str) -> TaskView | None:
        """The task's present state, None where it is in the trash or gone. Costs no write.

        Raises:
            UnreadableTaskError: This one cannot be read; see there.
            KeyRefusedError, ServiceDownError: No task can, or the reader could not ask.
        """
        answer = await self._reader.last_answer(lambda: self._client.retrieve_task(task_id), Category.READ)
        if judge_read(answer).kind is not Kind.DONE and answer.status not in _GONE:
            raise await self._unreadable(answer)
        self._unreadable_in_a_row = 0
        return present(answer)

    async def _unreadable(self, answer: Answer) -> ServiceDownError:
        """What it is, once Lightfield has shown another task.

        Raises:
            KeyRefusedError, ServiceDownError: It shows none.
        """
        problem = refusal(judge_read(answer), answer)
        await self._reader.read(lambda: self._client.list_tasks(1, 0), Category.SEARCH, scope="tasks:read")
        self._unreadable_in_a_row += 1
        if self._unreadable_in_a_row < IN_A_ROW:
            return UnreadableTaskError(f"its task could not be read: {problem.message}")
        message = f"{self._unreadable_in_a_row} tasks in a row could not be read, the last so: {problem.message}"
        return ServiceDownError(message, next_step="run the same command again later")


def present(answer: Answer) -> TaskView | None:
    """The task of an answer to ``retrieve_task``; None where it says that there is none."""
    return understood(TaskView.read, answer.body) if judge_read(answer).kind is Kind.DONE else None
