"""Are lists asked for at once, where the map needs them?"""

from __future__ import annotations

import asyncio
import gc

import httpx
import pytest

from etl.errors import ServiceDownError
from etl.jobs.first_pages import FirstPages

COMPANY = {"column": "Notes", "lookup": "account.name"}


@pytest.fixture
def mapped(bench):
    """A bench whose workspace has three pages of members, and whose map looks names up in what is named."""

    def build(**looked_up):
        for number in range(60):
            bench.workspace.add_member(f"member{number}@acme.example")
        bench.workspace.add_account("Acme Corp")
        owner = {"column": "Owner", "lookup": "member.email"}
        bench.config(map={"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": owner, **looked_up})
        bench.rows([{"Title": "call", "Notes": "Acme Corp"}])
        return bench

    return build


def test_companies_are_asked_for_while_the_members_are_still_read(mapped):
    bench = mapped(**{"$account": COMPANY})
    bench.sandbox.set_latency(0.02)
    bench.job()
    lists = [visit.path for visit in bench.sandbox.requests if visit.path in {"/v1/members", "/v1/accounts"}]
    assert lists.count("/v1/accounts") == 1
    assert lists.index("/v1/accounts") < 2
    assert lists.count("/v1/members") == 3


def test_what_the_map_does_not_need_is_not_asked_for(mapped):
    bench = mapped()
    bench.job()
    assert "/v1/accounts" not in {visit.path for visit in bench.sandbox.requests}


def test_a_list_that_fails_is_told_when_it_is_needed(mapped):
    bench = mapped(**{"$account": COMPANY})
    inner = bench.transport.handle_async_request

    async def broken(request):
        return httpx.Response(500) if request.url.path == "/v1/accounts" else await inner(request)

    bench.transport.handle_async_request = broken
    summary = bench.job()
    assert (summary.exit_code, summary.reason) == (ServiceDownError.exit_code, ServiceDownError.reason)
    assert bench.titles() == []


class DownReader:
    async def read(self, *_, **__):
        raise ServiceDownError("Lightfield is down")


def test_what_nobody_waited_for_ends_quietly(caplog):
    async def unread():
        pages = FirstPages(DownReader(), None, ["accounts"])
        await asyncio.sleep(0)
        await pages.close()

    asyncio.run(unread())
    gc.collect()
    assert not caplog.records
