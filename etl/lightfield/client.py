"""How is each endpoint of the API called?"""

from __future__ import annotations

import asyncio
import functools
import importlib.metadata
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

from etl.clock import Clock
from etl.lean_httpx import httpx
from etl.lightfield.answer import Answer, ApiFault
from etl.lightfield.body import read_body
from etl.lightfield.broken import no_answer
from etl.lightfield.headers import read_date, read_rate, read_retry_after
from etl.lightfield.secret import ApiKey, normalise_origin
from etl.lightfield.transport import transport_to

API_VERSION = "2026-03-01"
PAGE_SIZE = 25
MAX_CONNECTIONS = 256

ObjectKind = Literal["members", "accounts", "opportunities", "contacts"]

_FIRST_FAULT_STATUS = 400
# It is repeated for every row that met it.
_LONGEST_FAULT_TEXT = 2000
# Servers commonly close an idle connection after 5 s or more; a request sent into that moment is lost.
_KEEP_IDLE_SECONDS = 4.0
# A timeout limits the silence between two bytes, not the whole: an answer that drips would never end.
_WHOLE_REQUEST_FACTOR = 3.0
_JSON_TYPE = "application/json"


class LightfieldClient:
    """One short method per endpoint; an async context manager.

    Every method returns the Answer whatever its HTTP status, and raises NoAnswerError when there was none. Nothing is retried
    here, and redirects are not followed: the key goes to ``base_url`` alone.

    Args:
        base_url: The API's origin; https, or http on this machine.
        api_key: Sent as a bearer token, shown nowhere.
        clock: Measures latencies.
        timeout_seconds: The longest silence of the server, and the longest wait for a free connection.
        connect_timeout_seconds: For the TCP and TLS handshakes.
        max_connections: Requests in flight at most.
        transport: Stands in for the network.

    Raises:
        SettingsError: The base URL is not usable.
    """

    def __init__(  # noqa: PLR0913  each is a knob of the connection, named at the call
        self,
        base_url: str,
        api_key: ApiKey,
        *,
        clock: Clock,
        timeout_seconds: float = 30.0,
        connect_timeout_seconds: float = 5.0,
        max_connections: int = MAX_CONNECTIONS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.origin = normalise_origin(base_url)
        self._clock = clock
        self._longest_seconds = timeout_seconds * _WHOLE_REQUEST_FACTOR + connect_timeout_seconds
        self._tasks = self._url("/v1/tasks")
        self._headers = _headers(api_key)
        self._extensions = {"timeout": httpx.Timeout(timeout_seconds, connect=connect_timeout_seconds).as_dict()}
        self._transport = transport or transport_to(self.origin, max_connections=max_connections, keep_idle_seconds=_KEEP_IDLE_SECONDS)

    def __repr__(self) -> str:
        return f"LightfieldClient({self.origin!r})"

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None = None, error: BaseException | None = None, traceback: TracebackType | None = None
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    async def create_task(self, body: bytes, idempotency_key: str) -> Answer:
        """``POST /v1/tasks``; scope ``tasks:create``, category Write."""
        return await self._post(self._tasks, body, idempotency_key)

    async def update_task(self, task_id: str, body: bytes, idempotency_key: str) -> Answer:
        """``POST /v1/tasks/{id}``; scope ``tasks:update``, category Write."""
        return await self._post(self._task(task_id), body, idempotency_key)

    async def delete_task(self, task_id: str) -> Answer:
        """``DELETE /v1/tasks/{id}``: to the trash; scope ``tasks:delete``, category Write. It takes no key: a second time does nothing."""
        return await self._call("DELETE", self._task(task_id))

    async def restore_task(self, task_id: str, idempotency_key: str) -> Answer:
        """``POST /v1/tasks/{id}/restore``; scope ``tasks:restore``, category Write."""
        return await self._post(self._task(task_id, "/restore"), b"{}", idempotency_key)

    async def retrieve_task(self, task_id: str) -> Answer:
        """``GET /v1/tasks/{id}``: the latest state; scope ``tasks:read``, category Read."""
        return await self._call("GET", self._task(task_id))

    async def list_tasks(self, limit: int, offset: int, *, trashed: bool = False) -> Answer:
        """``GET /v1/tasks``, newest first; scope ``tasks:read`` (trashed: ``tasks:restore`` too), category Search."""
        status = {"status": "trashed"} if trashed else {}
        return await self._call("GET", self._url("/v1/tasks", {"limit": str(limit), "offset": str(offset), **status}))

    async def list_objects(self, kind: ObjectKind, limit: int, offset: int, filters: Mapping[str, str] | None = None) -> Answer:
        """``GET /v1/members`` and the like; scope ``<kind>:read``, category Search. A filter is ``$name[equal]`` and its value."""
        return await self._call("GET", self._url(f"/v1/{kind}", {"limit": str(limit), "offset": str(offset), **(filters or {})}))

    async def task_definitions(self) -> Answer:
        """``GET /v1/tasks/definitions``; scope ``tasks:read``, category Read."""
        return await self._call("GET", self._url("/v1/tasks/definitions"))

    async def validate(self) -> Answer:
        """``GET /v1/auth/validate``: the key's scopes; no scope needed, category Read."""
        return await self._call("GET", self._url("/v1/auth/validate"))

    async def _post(self, url: httpx.URL, body: bytes, idempotency_key: str) -> Answer:
        headers = {**self._headers, "Content-Type": _JSON_TYPE, "Idempotency-Key": idempotency_key}
        return await self._send(httpx.Request("POST", url, headers=headers, content=body, extensions=self._extensions))

    async def _call(self, method: str, url: httpx.URL) -> Answer:
        return await self._send(httpx.Request(method, url, headers=self._headers, extensions=self._extensions))

    async def _send(self, request: httpx.Request) -> Answer:
        # Straight through the transport: what httpx.AsyncClient does around it (cookies, redirects) is not wanted, and costs as much again.
        started = self._clock.elapsed_seconds()
        response: httpx.Response | None = None
        body: dict[str, Any] | None = None
        try:
            async with asyncio.timeout(self._longest_seconds):
                response = await self._transport.handle_async_request(request)
                body = await read_body(response)
        except Exception as error:  # noqa: BLE001  whatever broke, the row's request may have been executed: no_answer says which
            if response is None:
                raise no_answer(error) from None
        finally:
            if response is not None:
                await response.aclose()
        return _answer(response, body, self._clock.elapsed_seconds() - started)

    def _url(self, path: str, parameters: Mapping[str, str] | None = None) -> httpx.URL:
        return httpx.URL(f"{self.origin}{path}", params=parameters)

    def _task(self, task_id: str, more: str = "") -> httpx.URL:
        # An empty id or a dot would address another endpoint (POST /v1/tasks creates).
        if not task_id.strip("."):
            raise ValueError(f"{task_id!r} is no task id")
        return self._url(f"/v1/tasks/{quote(task_id, safe='')}{more}")


def _headers(api_key: ApiKey) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {api_key.reveal()}",
        "Lightfield-Version": API_VERSION,
        "Accept": _JSON_TYPE,
        "Accept-Encoding": "gzip",
        "User-Agent": f"lightfield-etl/{_version()}",
    }


@functools.cache
def _version() -> str:
    try:
        return importlib.metadata.version("lightfield-etl")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _answer(response: httpx.Response, body: dict[str, Any] | None, latency_seconds: float) -> Answer:
    server_time = read_date(response.headers)
    return Answer(
        status=response.status_code,
        body=body,
        fault=_fault(body) if response.status_code >= _FIRST_FAULT_STATUS else None,
        rate=read_rate(response.headers),
        retry_after_seconds=read_retry_after(response.headers, server_time),
        server_time=server_time,
        latency_seconds=latency_seconds,
    )


def _fault(body: dict[str, Any] | None) -> ApiFault:
    error = (body or {}).get("error", body)
    if isinstance(error, str):
        return ApiFault(message=_text(error))
    parts = error if isinstance(error, dict) else {}
    return ApiFault(**{name: _text(parts.get(name)) for name in ("type", "code", "param", "message")})


def _text(value: Any) -> str | None:
    return None if value is None else str(value)[:_LONGEST_FAULT_TEXT]
