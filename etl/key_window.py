"""How long does an Idempotency-Key protect a row?"""

from __future__ import annotations

from datetime import timedelta

KEY_STANDS = timedelta(hours=24)
"""How long Lightfield remembers an Idempotency-Key, from the first request that carried it (its documentation of idempotency)."""
_KEY_MARGIN = timedelta(hours=1)
"""For clocks that differ and requests that linger."""
KEY_WINDOW = KEY_STANDS - _KEY_MARGIN
"""So long a request may be sent again: the margin lies before the key's end, where it surely still stands."""
KEYS_FORGOTTEN_AFTER = KEY_STANDS + _KEY_MARGIN
"""After so long nobody is answered by the key any more: the margin lies behind its end, where it has surely gone."""
