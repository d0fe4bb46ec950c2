"""httpx is imported without its command line, and leaves no trace of that."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from etl.lean_httpx import httpx
assert httpx.AsyncClient and httpx.main
assert "rich" not in sys.modules and "httpx._main" not in sys.modules
from httpx._main import main
assert main is not httpx.main
"""


def test_httpx_comes_without_its_command_line_which_others_can_still_import() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
