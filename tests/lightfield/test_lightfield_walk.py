"""A walk through the tasks passes none over, or says that it may have."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import KeyRefusedError
from etl.lightfield.answer import Answer, RateReading
from etl.lightfield.client import LightfieldClient
from etl.lightfield.secret import ApiKey
from etl.lightfield.walk import LIST_LAG, walk_tasks
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.records import Record
from etl.sandbox.workspace import Workspace

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class StandingClock:
    def now(self):
        return START + timedelta(days=1)

    def elapsed_seconds(self):
        return 0.0

    async def sleep(self, seconds):
        raise AssertionError("nothing sleeps here")


class House:
    """A sandbox with tasks a minute apart, and a reader that lets something happen before each page."""

    def __init__(self, tasks=0):
        self.sandbox = Sandbox(Workspace.sample(), limits=Limits.unlimited(), clock=StandingClock(), random=Random(1))
        self.pages = 0
        self.before_page = lambda number: None
        self.refuses_from = None
        self.seen = []
        for minute in range(tasks):
            self.add(minute)

    def add(self, minute):
        made = START + timedelta(minutes=minute)
        fields = {"$title": f"Task {minute}", "$status": "TODO"}
        return self.sandbox.tasks.add(Record(f"tsk_{len(self.sandbox.tasks):06d}", made, fields, {"$assignedTo": ["mem_000001"]}))

    def trash(self, number):
        task = list(self.sandbox.tasks)[number]
        self.sandbox.tasks.move(task, trashed=not task.trashed)

    async def answer(self, call, category):
        self.before_page(self.pages)
        self.pages += 1
        answer = await call()
        if self.refuses_from is not None and self.pages > self.refuses_from:
            return Answer(400, None, None, RateReading(), None, None, 0.0)
        return answer

    def walk(self, **more):
        async def whole():
            transport = httpx.ASGITransport(self.sandbox)
            async with LightfieldClient("http://localhost", ApiKey("sk_lf_sandbox"), clock=StandingClock(), transport=transport) as client:
                return await walk_tasks(self, client, self.seen.append, server_now=StandingClock().now(), **more)

        return asyncio.run(whole())


@pytest.mark.parametrize("tasks", [0, 1, 24, 25, 26, 49, 50, 260])
def test_every_task_is_seen_once_the_newest_first(tasks):
    house = House(tasks)
    assert house.walk().complete
    assert [task.fields["$title"] for task in house.seen] == [f"Task {minute}" for minute in reversed(range(tasks))]


def test_the_walk_ends_once_tasks_are_older_than_the_wanted_time():
    house = House(2000)
    walked = house.walk(since=START + timedelta(minutes=1990))
    assert walked.complete
    assert house.pages == 1
    assert {f"Task {minute}" for minute in range(1990, 2000)} <= {task.fields["$title"] for task in house.seen}


def test_only_what_is_older_than_the_lists_lag_is_vouched_for():
    assert House(3).walk().until == StandingClock().now() - LIST_LAG


def test_a_refused_offset_makes_the_walk_incomplete():
    house = House(100)
    house.refuses_from = 2
    walked = house.walk()
    assert not walked.complete
    assert walked.why_not.startswith("Lightfield refused to list tasks from the ")


def test_the_trash_is_walked_on_its_own():
    house = House(5)
    house.trash(2)
    house.walk(trashed=True)
    assert [task.fields["$title"] for task in house.seen] == ["Task 2"]


def test_a_trash_that_may_not_be_listed_makes_the_walk_incomplete():
    house = House(5)

    async def refused(call, category):
        raise KeyRefusedError("no")

    house.answer = refused
    assert house.walk(trashed=True).why_not == "the API key may not list the trash"
    with pytest.raises(KeyRefusedError):
        house.walk()


def test_a_list_that_changes_faster_than_it_can_be_read_is_incomplete():
    house = House(100)
    house.before_page = lambda number: [house.add(5000 + 100 * number + place) for place in range(60)]
    assert house.walk().why_not == "the list of tasks kept changing while it was read"


@settings(max_examples=40)
@given(
    size=st.integers(0, 150),
    changes=st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["trash", "add"]), st.integers(0, 1000)), max_size=30),
)
def test_whatever_changes_meanwhile_what_was_there_throughout_is_seen_or_the_walk_is_incomplete(size, changes):
    house = House(size)
    ids = [task.id for task in house.sandbox.tasks]
    moved = set()

    def change(page):
        for when, what, which in changes:
            if when == page and what == "add":
                house.add(5000 + which)
            elif when == page and ids:
                moved.add(ids[which % len(ids)])
                house.trash(which % len(ids))

    house.before_page = change
    walked = house.walk()
    unseen = set(ids) - {task.id for task in house.seen} - moved
    assert not (walked.complete and unseen)


def test_tasks_that_come_in_at_the_top_do_not_make_it_incomplete():
    house = House(300)
    house.before_page = lambda number: [house.add(5000 + number) for _ in range(3)]
    assert house.walk().complete
    assert {f"Task {minute}" for minute in range(300)} <= {task.fields["$title"] for task in house.seen}


def test_tasks_that_are_trashed_are_made_up_for_by_reading_again():
    house = House(300)
    house.before_page = lambda number: house.trash(299 - number) if number == 2 else None
    house.walk()
    assert {f"Task {minute}" for minute in range(297)} <= {task.fields["$title"] for task in house.seen}
