"""What do all tests share? A real PostgreSQL server for those that need one, and properties that take the time that they take.

The server is one for all processes of a session, with a schema for each who asks.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).with_name("servers")))

from postgres_server import PostgresServer, what_is_missing
from shared_statements import with_shared_statements

# One thread in each of several processes: with more they wait for one another. Only here: what the tests start has as many as a user's.
with patch.dict(os.environ, POLARS_MAX_THREADS="1"):
    importlib.import_module("polars").thread_pool_size()

# Hundreds of processes are started: each would compile the whole code for itself where the environment forbids to keep what was compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A machine that is busy with something else fails no property.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")


_IN_ONE_PROCESS = {"samples", "test_pitfalls.py"}
"""Files and folders whose modules import a file once and then ask many things of it."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of such a module together: each process that had one of them would import the file anew."""
    for item in items:
        if _IN_ONE_PROCESS & {item.path.name, item.path.parent.name}:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def pytest_collection_finish() -> None:
    """The collector of garbage need not look at five thousand tests again and again."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    """For all the ledgers that a process of tests opens."""
    with patch("etl.ledger.sqlite.create_engine", with_shared_statements):
        yield


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One server for all processes of the session."""
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    missing = what_is_missing()
    if missing:
        pytest.skip(missing)
    mine = tmp_path_factory.getbasetemp()
    shared = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    with (shared / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        noted = shared / "postgres.json"
        if not noted.exists():
            server = PostgresServer.made(for_process=_controller())
            noted.write_text(json.dumps([server.port, str(server.folder)]))
    port, folder = json.loads(noted.read_text())
    server = PostgresServer(port, Path(folder))
    yield server
    server.close()


@pytest.fixture
def own_postgres_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server for a test that breaks it."""
    server = PostgresServer.made(for_process=_controller())
    yield server
    server.close()
    if (server.folder / "data" / "postmaster.pid").exists():
        server.crash()
    shutil.rmtree(server.folder)


def _controller() -> int:
    """The process after whose end no test runs."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
