"""What do a file's bytes say when all of them are looked at once?"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import polars as pl

from etl.errors import SourceError

BLOCK_BYTES = 1 << 20
"""What stays in the processor's cache is copied for nothing."""
LONGEST_RECORD_BYTES = 16 << 20
"""A record beyond this is taken for one whose quote is not closed."""

_BLOCKS_IN_FLIGHT = 3
_TEXT = pl.col("text")
_MULTI_BYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a file's text.

    Attributes:
        usual: What records look like as a rule, from ``quoting.grammar``.
        widest: What they look like at most.
        line_starts: Texts with which hardly any line but the first begins.
    """

    usual: str
    widest: str
    line_starts: tuple[str, ...]

    def expressions(self) -> list[pl.Expr]:
        """Whether the text has the usual form alone, and whether a line of it, but for its first, begins as it hardly does."""
        begins = "|".join(map(pl.escape_regex, self.line_starts))
        return [_TEXT.str.contains(self.usual).alias("usual"), _TEXT.str.contains(f"\n(?:{begins})").alias("begins")]


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found.

    Attributes:
        sha256: Hex digest of all bytes.
        is_utf8: No byte is out of place.
        has_multi_byte: Some character is written as UTF-8 writes what is not ASCII.
        is_plain: The quoting leaves nothing to guess; False where the text is not UTF-8.
        is_usual: It is plain, and no record has more fields than usual.
        lacks_starts: It is UTF-8, and no line but the first begins with one of the ``line_starts``.
    """

    sha256: str
    is_utf8: bool
    has_multi_byte: bool
    is_plain: bool
    is_usual: bool
    lacks_starts: bool


@dataclass(frozen=True, slots=True)
class _Verdict:
    is_utf8: bool
    has_multi_byte: bool
    is_plain: bool
    is_usual: bool
    lacks_starts: bool


_NO_TEXT = _Verdict(is_utf8=False, has_multi_byte=False, is_plain=False, is_usual=False, lacks_starts=False)


def survey(path: Path, question: Question, shown: str) -> Survey:
    """Look at every byte once: digest, validity as UTF-8, quoting, and how lines begin.

    polars' regex engine and SIMD validation do the work outside the interpreter's lock, beside the digest.

    Args:
        path: The file.
        question: What is asked.
        shown: The file's name for messages.

    Raises:
        SourceError: A line is longer than any text has.
    """
    digest = hashlib.sha256()
    verdicts: list[_Verdict] = []
    expressions, begins = question.expressions(), tuple(start.encode() for start in question.line_starts)

    def check(block: bytes, number: int) -> _Verdict:
        found = _check(block, expressions, question.widest)
        return found if number == 0 or not block.startswith(begins) else replace(found, lacks_starts=False)

    with path.open("rb") as file, ThreadPoolExecutor(1) as hasher, ThreadPoolExecutor(2) as checkers:
        waiting: deque[tuple[Future[None], Future[_Verdict]]] = deque()
        for number, block in enumerate(_without_bom(_whole_records(file, shown), digest)):
            waiting.append((hasher.submit(digest.update, block), checkers.submit(check, block, number)))
            if len(waiting) > _BLOCKS_IN_FLIGHT:
                verdicts.append(_settle(waiting))
        while waiting:
            verdicts.append(_settle(waiting))
    return Survey(
        sha256=digest.hexdigest(),
        is_utf8=all(verdict.is_utf8 for verdict in verdicts),
        has_multi_byte=any(verdict.has_multi_byte for verdict in verdicts),
        is_plain=all(verdict.is_plain for verdict in verdicts),
        is_usual=all(verdict.is_usual for verdict in verdicts),
        lacks_starts=all(verdict.lacks_starts for verdict in verdicts),
    )


def _settle(waiting: deque[tuple[Future[None], Future[_Verdict]]]) -> _Verdict:
    hashed, checked = waiting.popleft()
    hashed.result()
    return checked.result()


def _check(block: bytes, expressions: Sequence[pl.Expr], widest: str) -> _Verdict:
    has_multi_byte = not block.isascii()
    ended = block if block.endswith(b"\n") else block + b"\n"
    try:
        text = pl.Series("text", [ended], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return replace(_NO_TEXT, has_multi_byte=_MULTI_BYTE.search(block) is not None)
    # In one step: each takes longer than the search for how lines begin.
    is_usual, begins = text.to_frame().select_seq(expressions).row(0)
    is_plain = is_usual or bool(text.str.contains(widest)[0])
    return _Verdict(is_utf8=True, has_multi_byte=has_multi_byte, is_plain=is_plain, is_usual=is_usual, lacks_starts=not begins)


def _without_bom(blocks: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for number, block in enumerate(blocks):
        if number == 0 and block.startswith(codecs.BOM_UTF8):
            digest.update(codecs.BOM_UTF8)
            yield block.removeprefix(codecs.BOM_UTF8)
        else:
            yield block


def _whole_records(file: BinaryIO, shown: str) -> Iterator[bytes]:
    """Blocks that end where a record ends, so far as the quotes are closed; else where a line ends."""
    rest = b""
    while block := file.read(BLOCK_BYTES):
        rest += block
        end = _end_of_records(rest)
        if not end and len(rest) > LONGEST_RECORD_BYTES:
            end = max(rest.rfind(b"\n"), rest.rfind(b"\r")) + 1
            if not end:
                raise SourceError(
                    f"{shown}: holds a line of more than {LONGEST_RECORD_BYTES:,} bytes: it is not a table of text",
                    next_step="check the file, or say what it is in source.format",
                )
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _end_of_records(block: bytes) -> int:
    """Just behind the last line end outside quotes, for a block that starts outside; 0 when there is none."""
    quotes, end = block.count(b'"'), len(block)
    while True:
        newline = block.rfind(b"\n", 0, end)
        if newline < 0:
            return 0
        quotes -= block.count(b'"', newline, end)
        if quotes % 2 == 0:
            return newline + 1
        # Line ends back to the quote that opens are all within it.
        end = block.rfind(b'"', 0, newline)
        quotes -= 1
