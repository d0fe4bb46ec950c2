"""The local Lightfield API, as one ASGI callable."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from random import Random

from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from etl.sandbox.calls import CALLS, Call, House
from etl.sandbox.clock import Clock, SystemClock
from etl.sandbox.delivery import deliver, header_fields
from etl.sandbox.faults import Faults, Trouble
from etl.sandbox.handling import Course, Handler
from etl.sandbox.limits import Category, Limits
from etl.sandbox.mishap import Ending, ending
from etl.sandbox.requests import Request, Visit, read_request
from etl.sandbox.tasks import Tasks
from etl.sandbox.workspace import Workspace

KEEP_REQUESTS = 100_000


class Sandbox:
    """A Lightfield API with the documented semantics, to practise and test on: an ASGI application.

    A request that has been read is carried through even when its client leaves: then it is committed, and its answer is lost.

    Args:
        workspace: What it holds beside tasks.
        limits: The rate limits; default the documented 25 a second for each category.
        faults: What goes wrong; default nothing.
        latency_seconds: How long each answer takes: half of it passes before the commit and half after.
        list_lag_seconds: How old a task is before lists show it.
        clock: The server's time, in the ``Date`` header too.
        random: For task ids and faults.
        keep_requests: How many of the newest visits ``requests`` holds; 0 for none, None for all.

    Attributes:
        workspace: As handed in.
        limits: As handed in; the rates can be changed while requests come in.
        house: The tasks with the settings ``list_lag_seconds`` and ``retrieves_trashed``, which can be changed.
        requests: A ``Visit`` for each request, oldest first.
        troubles: How many requests met each fault.
        statuses: How many answers had each status; None stands for closed connections.
        crashes: Errors of the sandbox itself: always empty, but for a bug in it.
    """

    def __init__(  # noqa: PLR0913  the settings of a server, each with a default
        self,
        workspace: Workspace,
        *,
        limits: Limits | None = None,
        faults: Faults | None = None,
        latency_seconds: float = 0.0,
        list_lag_seconds: float = 0.0,
        clock: Clock | None = None,
        random: Random | None = None,
        keep_requests: int | None = KEEP_REQUESTS,
    ) -> None:
        self.workspace = workspace
        self.limits = limits or Limits()
        self.requests: deque[Visit] = deque(maxlen=keep_requests)
        self.troubles: Counter[Trouble] = Counter()
        self.statuses: Counter[int | None] = Counter()
        self.crashes: list[BaseException] = []
        self._clock: Clock = clock or SystemClock()
        dice = random or Random()  # noqa: S311  dice, no secret
        self.house = House(workspace, Tasks(dice), list_lag_seconds)
        self._handler = Handler(self.house, self.limits, self._clock, dice, faults or Faults.none())
        self._handler.latency_seconds = latency_seconds
        self._running: set[asyncio.Task[Course]] = set()
        self._router = Router(list(_routes(self)), redirect_slashes=False, default=_Door(self, {}))

    @property
    def tasks(self) -> Tasks:
        """Every task, trashed ones too: iterable in the order of their making, with ``len`` and ``get``."""
        return self.house.tasks

    @property
    def throttled(self) -> Counter[Category]:
        """How many requests each bucket refused; those that a fault refused stand in ``troubles``."""
        return self._handler.throttled

    def set_faults(self, faults: Faults) -> None:
        """Other troubles from now on."""
        self._handler.set_faults(faults)

    def set_latency(self, seconds: float) -> None:
        """Another latency from now on."""
        self._handler.latency_seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application.

        Raises:
            ConnectionLost: A fault closed the connection, and the transport is an in-process one.
        """
        await self._router(scope, receive, send)

    async def answer(self, offered: Mapping[str, Call], scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Args:
            offered: What its path offers, by method.
            scope: ASGI's.
            receive: ASGI's.
            send: ASGI's.

        Raises:
            ConnectionLost: As above.
        """
        request = await read_request(scope, receive)
        if request is None:
            return
        arrived_at = self._clock.now()
        # A task of its own: a client that leaves cancels an in-process handler, but no server undoes its work for that.
        running = asyncio.get_running_loop().create_task(self._handler.handle(offered.get(request.method), request))
        self._running.add(running)
        running.add_done_callback(lambda done: self._finished(done, request, arrived_at))
        course = await asyncio.shield(running)
        fields = header_fields(course.answer, course.reading, self._clock.now())
        await deliver(course.answer, fields, ending(course.trouble), (scope, receive, send))

    def _finished(self, running: asyncio.Task[Course], request: Request, arrived_at: datetime) -> None:
        self._running.discard(running)
        if running.cancelled():
            return
        crash = running.exception()
        if crash is not None:
            self.crashes.append(crash)
            return
        self._note(running.result(), request, arrived_at)

    def _note(self, course: Course, request: Request, arrived_at: datetime) -> None:
        status = None if ending(course.trouble) is Ending.NOTHING else course.answer.status
        self.statuses[status] += 1
        if course.trouble is not None:
            self.troubles[course.trouble] += 1
        visit = Visit(request.method, request.path, status, request.idempotency_key, course.executed, course.trouble, arrived_at)
        self.requests.append(visit)


class _Door:
    """The ASGI application of one path."""

    def __init__(self, sandbox: Sandbox, offered: Mapping[str, Call]) -> None:
        self._sandbox = sandbox
        self._offered = offered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._sandbox.answer(self._offered, scope, receive, send)


def _routes(sandbox: Sandbox) -> Iterator[Route]:
    by_path: dict[str, dict[str, Call]] = {}
    for call in CALLS:
        by_path.setdefault(call.path, {})[call.method] = call
    for path, offered in by_path.items():
        yield Route(path, _Door(sandbox, offered))
