"""Which requests would the documented bucket have refused?

One second's requests, refilled continuously, full at first. It shares nothing with the sandbox's bucket or with our throttle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simulated.network import Wire

_ROUNDING = 1e-6


def beyond_bucket(wires: Iterable[Wire], moment: Callable[[Wire], float], rate: float) -> list[Wire]:
    """Those that find the bucket empty.

    Args:
        wires: In any order.
        moment: When each one counts, seconds.
        rate: Requests per second.
    """
    refused, level, last = list[Wire](), rate, 0.0
    for wire in sorted(wires, key=moment):
        level, last = min(rate, level + (moment(wire) - last) * rate), moment(wire)
        if level < 1 - _ROUNDING:
            refused.append(wire)
        else:
            level -= 1
    return refused


def arrival(wire: Wire) -> float:
    """When it reached the server."""
    return wire.sent_at if wire.arrived_at is None else wire.arrived_at


def ordinary_arrival(wire: Wire) -> float:
    """The same; one that was held up on its way counts when it should have come at the latest.

    What a gateway or a broken line keeps for a minute and then lets through all at once, no client can know of. The jitter of
    ordinary ways, which pushes requests together that left in good order, is no excuse.
    """
    return min(arrival(wire), wire.sent_at + wire.latency[1])
