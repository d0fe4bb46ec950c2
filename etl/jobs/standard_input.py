"""How is standard input read so that a stop does not have to wait for its next byte?"""

from __future__ import annotations

import os
import select
from typing import BinaryIO

from etl.load.stop import StopSwitch

_LOOK_EVERY_SECONDS = 0.3


class StoppableInput:
    """Standard input, as ``spool.copy_stream`` reads it: what has come, in blocks, until its end or a stop.

    Args:
        stream: Of a pipe, a file or a terminal; one that is no stream of the system's (a caller's own) is read as it is.
        stop: The job's.
    """

    def __init__(self, stream: BinaryIO, stop: StopSwitch) -> None:
        self._stream = stream
        self._stop = stop

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end.

        Raises:
            EtlError: The job was asked to stop, and nothing has come.
        """
        # Windows can wait for sockets alone.
        if os.name == "nt" or not _has_descriptor(self._stream):
            return self._stream.read(size)
        descriptor = self._stream.fileno()
        while not select.select([descriptor], [], [], _LOOK_EVERY_SECONDS)[0]:
            if self._stop.asked:
                raise self._stop.verdict()
        return os.read(descriptor, size)


def _has_descriptor(stream: BinaryIO) -> bool:
    try:
        stream.fileno()
    except (OSError, AttributeError):
        return False
    return True
