"""What is not imported costs no time: httpx's command line, and the database of a ledger that is not there."""

from __future__ import annotations

import subprocess
import sys

WITHOUT_ITS_COMMAND_LINE = """
import sys
from etl.lean_httpx import httpx
assert httpx.AsyncClient and httpx.main
assert "rich" not in sys.modules and "httpx._main" not in sys.modules
from httpx._main import main
assert main is not httpx.main
"""
WITHOUT_A_DATABASE = """
import sys
import etl.jobs.check
from etl.clock import SystemClock
from etl.ledger.find import find_ledger
assert find_ledger("there-is-none.ledger", clock=SystemClock()) is None
assert not [name for name in sys.modules if name.startswith("sqlalchemy")]
"""


def ends_well(script: str) -> bool:
    """Whether a fresh interpreter runs it without a word."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return (done.returncode, done.stderr) == (0, "")


def test_httpx_comes_without_its_command_line_which_others_can_still_import() -> None:
    assert ends_well(WITHOUT_ITS_COMMAND_LINE)


def test_who_only_looks_imports_no_database_where_there_is_no_ledger() -> None:
    assert ends_well(WITHOUT_A_DATABASE)
