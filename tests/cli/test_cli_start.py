"""What does a command import before it answers? Its start is as fast as what it leaves alone; how fast that is, tests/benchmarks says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from etl.cli.main import group

SLOW = {"polars", "sqlalchemy", "httpx", "httptools", "pydantic", "rich", "ruamel", "tenacity", "jinja2", "rapidfuzz", "asyncio"}
SERVER = {"starlette", "uvicorn"}
SELDOM = {"bs4", "markdownify", "psycopg", "fastexcel", "hypothesis"}

_PROBE = """
import sys
from etl.cli.main import exit_code
code = exit_code(sys.argv[1:])
sys.stderr.write("\\n" + " ".join(sorted({name.split(".")[0] for name in sys.modules})))
sys.exit(code)
"""


@pytest.fixture
def imported(desk):
    """The libraries that a command has imported by its end, in a process of its own."""

    def after(*words: object) -> set[str]:
        command = [sys.executable, "-c", _PROBE, *map(str, words)]
        ended = subprocess.run(command, cwd=desk.folder, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return set(ended.stderr.rpartition("\n")[2].split())

    return after


def test_the_help_imports_no_slow_library(imported):
    assert imported("--help") & (SLOW | SERVER | SELDOM) == set()


@pytest.mark.parametrize("name", group.list_commands(None))
def test_the_help_of_each_command_imports_no_slow_library(imported, name):
    assert imported(name, "--help") & (SLOW | SERVER | SELDOM) == set()


def test_a_look_at_a_file_imports_no_server_and_no_library_that_its_rows_do_not_need(imported, desk, make_row):
    found = imported("check", desk.config(), desk.csv([make_row(1)]), "--offline")
    assert "polars" in found
    assert found & (SERVER | SELDOM) == set()


def test_a_run_imports_no_server_and_no_library_that_its_rows_do_not_need(imported, desk, make_row):
    found = imported("run", desk.config(), desk.csv([make_row(1)]))
    assert desk.writes == 1
    assert "sqlalchemy" in found
    assert found & (SERVER | SELDOM) == set()
