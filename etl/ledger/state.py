"""In which states is an intent, as the ledger keeps them?"""

from __future__ import annotations

from typing import Final

OPEN: Final = "open"
"""Begun, and not known to have no effect: in doubt after a crash, or uncertain."""

FAILED: Final = "failed"
"""Closed: no attempt of it can have been executed. Kept for ``retry``."""
