"""What does a .zst file unpack to? All of its frames, each to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from zstandard import ZstdDecompressionObj

_PIECE_BYTES = 4 << 10
"""Read at once: few bytes may unpack to a block of 128 KiB, and all that a piece unpacks to is held in memory."""


class DamagedError(Exception):
    """The file is damaged or cut off; the message says how."""


class ZstdStream:
    """Unpacks a file of one or more frames.

    The library's own stream takes a file that is cut off for one that has ended, which would lose rows without a word.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame: ZstdDecompressionObj | None = None
        self._packed = b""
        self._ready = memoryview(b"")

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size``; none at the end.

        Raises:
            DamagedError: The file is damaged, or ends within a frame.
        """
        while not self._ready:
            self._packed = self._packed or self._file.read(_PIECE_BYTES)
            if not self._packed:
                if self._frame is not None:
                    raise DamagedError("it ends within a frame")
                return b""
            self._unpack_piece()
        block, self._ready = bytes(self._ready[:size]), self._ready[size:]
        return block

    def _unpack_piece(self) -> None:
        import zstandard

        frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
        try:
            self._ready = memoryview(frame.decompress(self._packed))
        except zstandard.ZstdError as error:
            raise DamagedError(str(error)) from None
        self._packed = frame.unused_data if frame.eof else b""
        self._frame = None if frame.eof else frame
