"""httpx as a library: without the command line that it imports where rich and pygments are installed.

These two take longer to import than all of httpx, and nobody asks for ``httpx.main`` here.
"""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"

# None stands for a module that cannot be imported: httpx goes without it, as where rich is not installed.
_was_absent = sys.modules.setdefault(_COMMAND_LINE, None) is None  # type: ignore[arg-type]  # typeshed knows modules alone

import httpx as httpx  # noqa: E402, PLC0414  after what it is to find; the alias says that it is meant for others

if _was_absent:
    del sys.modules[_COMMAND_LINE]
