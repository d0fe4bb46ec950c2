"""How does a delimited file become UTF-8 text that polars reads without guessing?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from etl.extract.encoding import CP1252, KEEP_MARKED, UTF_8, decoded_blocks, transcode
from etl.extract.quoting import MOST_COUNTED_FIELDS, grammar
from etl.extract.rewrite import rewrite
from etl.extract.scratch import Scratch
from etl.extract.spool import PlainFile, sha256_of
from etl.extract.survey import Question, Survey, survey


@dataclass(frozen=True, slots=True)
class Utf8Text:
    """A file as UTF-8 text, plainly quoted.

    Attributes:
        path: The file itself, or a copy in the scratch folder.
        encoding: Of the file itself.
        max_fields: No record of it has more.
        has_marks: Bytes that are no UTF-8 are marked in it (``encoding.MARK``).
        sha256: Hex digest of the file itself.
        notes: What was assumed, a sentence each.
        absent_starts: Texts with which no line but its first begins.
    """

    path: Path
    encoding: str
    max_fields: int
    has_marks: bool
    sha256: str
    notes: tuple[str, ...]
    absent_starts: frozenset[str] = frozenset()


class Utf8Maker:
    """Looks at all of a file's bytes, and copies it only where it has to.

    Args:
        plain: The file.
        delimiter: One character.
        usual_fields: Most files have no record with more.
        max_fields: Of a longer record the last fields are joined into one.
        line_starts: Texts with which hardly any line but the first begins: whether none does is told with the text.
        scratch: For copies.
    """

    def __init__(  # noqa: PLR0913, PLR0917  a file, and what is known of it so far
        self, plain: PlainFile, delimiter: str, usual_fields: int, max_fields: int, line_starts: tuple[str, ...], scratch: Scratch
    ) -> None:
        self._plain = plain
        self._delimiter = delimiter
        self._usual_fields = usual_fields
        self._max_fields = max_fields
        self._line_starts = line_starts
        self._scratch = scratch

    def read_as(self, encoding: str) -> Utf8Text:
        """The text in the encoding that the user named.

        Raises:
            SourceError: Some bytes do not fit it, or a quote is not closed.
        """
        if encoding != UTF_8:
            return self._plainly_quoted(*self._transcoded(encoding, sha256_of(self._plain.path)))
        found = self._surveyed(self._plain.path)
        if not found.is_utf8:
            for _ in decoded_blocks(self._plain.path, UTF_8, self._plain.shown):
                pass
        return self._plainly_quoted(self._as_it_is(found), found)

    def read_by_itself(self, bom_encoding: str | None) -> Utf8Text:
        """The text in the encoding that its bytes speak for: the byte order mark's, else UTF-8.

        Where there is no mark and it is not UTF-8: cp1252 if no character is written as UTF-8 would, else UTF-8 with the bytes
        that do not fit marked.

        Raises:
            SourceError: It is neither, or a quote is not closed.
        """
        if bom_encoding not in {None, UTF_8}:
            note = f"the file is read as {bom_encoding}, as its byte order mark says"
            return self._plainly_quoted(*self._transcoded(str(bom_encoding), sha256_of(self._plain.path), note))
        found = self._surveyed(self._plain.path)
        if found.is_utf8:
            return self._plainly_quoted(self._as_it_is(found), found)
        if bom_encoding is None and not found.has_multi_byte:
            note = "the file is not UTF-8 and is read as cp1252 (Windows, Western Europe): if letters look wrong, set source.encoding"
            return self._plainly_quoted(*self._transcoded(CP1252, found.sha256, note))
        note = "the file is UTF-8, but not all of it: records that are not are rejected; if it is in another encoding, set source.encoding"
        return self._plainly_quoted(*self._transcoded(UTF_8, found.sha256, note, errors=KEEP_MARKED))

    def _as_it_is(self, found: Survey) -> Utf8Text:
        return Utf8Text(self._plain.path, UTF_8, self._max_fields, has_marks=False, sha256=found.sha256, notes=())

    def _transcoded(self, encoding: str, sha256: str, *notes: str, errors: str = "strict") -> tuple[Utf8Text, Survey]:
        target = self._scratch.new_file(".utf8")
        transcode(self._plain.path, encoding, self._plain.shown, target, errors=errors)
        return Utf8Text(target, encoding, self._max_fields, errors == KEEP_MARKED, sha256, notes), self._surveyed(target)

    def _surveyed(self, path: Path) -> Survey:
        usual, widest = (grammar(self._delimiter, fields) for fields in (self._usual_fields, self._max_fields))
        return survey(path, Question(usual, widest, self._line_starts), self._plain.shown)

    def _plainly_quoted(self, text: Utf8Text, found: Survey) -> Utf8Text:
        text = replace(text, absent_starts=frozenset(self._line_starts) if found.lacks_starts else frozenset())
        if found.is_usual and self._usual_fields <= MOST_COUNTED_FIELDS:
            return replace(text, max_fields=self._usual_fields)
        if found.is_plain:
            return text
        target = self._scratch.new_file(".csv")
        rewrite(text.path, self._delimiter, self._max_fields, self._plain.shown, target)
        if text.path != self._plain.path:
            self._scratch.discard(text.path)
        return replace(text, path=target, absent_starts=frozenset())
