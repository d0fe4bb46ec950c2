"""What does ``check`` leave in ``lookups.csv``, and what is to be done with it?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from etl.config.fields import FieldRule, ValuesFile, ValuesMapping
from etl.jobs.session import Session
from etl.jobs.tables import Directory, pick
from etl.jobs.unsettled import Unsettled
from etl.report.lookups_file import LOOKUPS_COLUMNS, write_lookups
from etl.report.unknown import UnknownWord, UnknownWords
from etl.report.wording import rows_text
from etl.starter.status_words import usual_status
from etl.task import STATUS, STATUSES
from etl.transform.lookups import NOUNS, normalise_names
from etl.transform.problems import AMBIGUOUS, INVALID_ID, NOT_FOUND, UNKNOWN_STATUS
from etl.transform.side_files import LOOKUPS_FILE
from etl.transform.suggest import SUGGESTIONS, Known, suggestions
from etl.transform.words import lookups_step

_SHOWN_WORDS = 1_000
_SUGGESTED = tuple(name for name in LOOKUPS_COLUMNS if name.startswith("suggestion_"))
_TOLD = ("field", "lookup", "name", "code", "candidates", "settled", "use")
_PLAIN_WORD = re.compile(r"[A-Za-z$][\w $@./-]*\w")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What is to be said of the words without a meaning.

    Attributes:
        kinds: By field and problem.
        file: The file, where there is one now.
        next_step: What a person does with it; None where no row waits for that.
        hints: Sentences that go before it.
    """

    kinds: tuple[UnknownWords, ...] = ()
    file: Path | None = None
    next_step: str | None = None
    hints: tuple[str, ...] = ()


def settle_lookups(session: Session, unsettled: Unsettled, *, rejected: int) -> Told:
    """Write the file, where there is something to write, and find out what to say of it.

    Args:
        session: The check.
        unsettled: The words.
        rejected: Rows that need a person.
    """
    found = _with_suggestions(session, unsettled, _joined(unsettled))
    lines = pl.concat([found, _gone(unsettled, found)], how="diagonal_relaxed").sort(
        "rows", "field", "value", descending=[True, False, False], nulls_last=True
    )
    file = _write(session, unsettled, lines)
    waiting = found.filter(pl.col("code").is_not_null(), ~pl.col("settled"))
    kinds = tuple(_kinds(session, found))
    if waiting.is_empty() or file is None:
        return Told(kinds, file)
    unread = [target for target in waiting["field"].unique(maintain_order=True) if not _is_read(session, unsettled, target)]
    values, rows = waiting.height + unsettled.beyond, min(int(waiting["rows"].sum()), rejected)
    return Told(kinds, file, _next_step(session, unsettled, values, rows, unread), _hints(session, unsettled, unread))


def _joined(unsettled: Unsettled) -> pl.DataFrame:
    """A line for each field and key: what the data says, beside what a person has filled in."""
    first = [pl.col("lookup", "word", "name").first(), pl.col("rows").sum(), pl.col("code", "candidates").drop_nulls().first()]
    grouped = (
        unsettled.words.sort("rows", "field", "word", descending=[True, False, False])
        .group_by("field", "key", maintain_order=True)
        .agg(*first, pl.col("settled").all())
    )
    old = unsettled.lookups.lines.rename({"value": "old_value"}).drop("rows", "problem", *_SUGGESTED)
    joined = grouped.join(old, on=["field", "key"], how="left", maintain_order="left")
    return joined.filter(pl.col("code").is_not_null() | pl.col("use").is_not_null()).with_columns(
        pl.coalesce("old_value", "word").alias("value")
    )


def _gone(unsettled: Unsettled, found: pl.DataFrame) -> pl.DataFrame:
    """What a person filled in for words that this input does not hold: kept, with no rows."""
    old = unsettled.lookups.lines.filter(pl.col("use").is_not_null()).join(found, on=["field", "key"], how="anti", maintain_order="left")
    return old.with_columns(
        pl.lit(0, dtype=pl.UInt32).alias("rows"),
        pl.lit("not in this input").alias("problem"),
        *(pl.lit(None, dtype=pl.String).alias(name) for name in _SUGGESTED),
    )


def _with_suggestions(session: Session, unsettled: Unsettled, found: pl.DataFrame) -> pl.DataFrame:
    """The lines with their problem and up to two suggestions."""
    near = _nearest(session, unsettled.directory, found)
    problems = [_problem(session, line) for line in found.select(*_TOLD).iter_rows()]
    columns = [
        pl.Series(name, [words[place] if place < len(words) else None for words in near], dtype=pl.String)
        for place, name in enumerate(_SUGGESTED[:SUGGESTIONS])
    ]
    return found.with_columns(pl.Series("problem", problems, dtype=pl.String), *columns)


def _problem(session: Session, line: tuple[str, str | None, str, str | None, str | None, bool, str | None]) -> str:
    field, lookup, name, code, candidates, settled, use = line
    if code is None:
        return "settled"
    noun = next((noun for name, noun in NOUNS.items() if name == lookup), "")
    meaning = {
        NOT_FOUND: f"not {noun} in Lightfield",
        AMBIGUOUS: f"fits several records as {noun}: {candidates}",
        UNKNOWN_STATUS: f"no status; allowed are {', '.join(STATUSES)}",
        INVALID_ID: "no id",
    }.get(code, "not usable")
    of = f"{name!r} is " if use is not None and code != AMBIGUOUS else ""
    rest = f"; settled by unknown: {session.config.job.map[field].unknown}" if settled else ""
    return f"{code}: {of}{meaning}{rest}"


def _nearest(session: Session, directory: Directory, found: pl.DataFrame) -> list[tuple[str, ...]]:
    """For each line what a person may want to fill in."""
    names: dict[str, list[str]] = {}
    for field, name, code in found.select("field", "name", "code").iter_rows():
        if code in {NOT_FOUND, UNKNOWN_STATUS}:
            names.setdefault(field, []).append(name)
    near = {field: suggestions(words, _known(session, directory, field)) for field, words in names.items()}
    return [
        _candidates(directory, lookup, name) if code == AMBIGUOUS else _usual(code, name, near.get(field, {}).get(name, ()))
        for field, lookup, name, code in found.select("field", "lookup", "name", "code").iter_rows()
    ]


def _usual(code: str | None, name: str, near: tuple[str, ...]) -> tuple[str, ...]:
    """A status by its usual meaning comes before one by its letters."""
    usual = usual_status(name) if code == UNKNOWN_STATUS else None
    return tuple(dict.fromkeys((*([usual] if usual else []), *near)))[:SUGGESTIONS]


def _candidates(directory: Directory, lookup: str, name: str) -> tuple[str, ...]:
    table = next(table for name, table in directory.tables.items() if name == lookup)
    (key,) = normalise_names([name])
    ids = table.candidates.get(key, ())[:SUGGESTIONS]
    return tuple(directory.emails.get(each, pick(name, each)) if lookup == "member.name" else pick(name, each) for each in ids)


def _known(session: Session, directory: Directory, target: str) -> Known:
    rule = session.config.job.map[target]
    if rule.lookup is not None:
        return directory.known.get(rule.lookup, ())
    if target != STATUS:
        return ()
    translated = [entry for step in rule.values if isinstance(step, ValuesMapping) for entry in step.entries.items()]
    return [*((status, status) for status in STATUSES), *((word, status) for word, status in translated if status in STATUSES)]


def _write(session: Session, unsettled: Unsettled, lines: pl.DataFrame) -> Path | None:
    """The file where it is written now; what stands in the way is said, and the check goes on."""
    lookups, say = unsettled.lookups, session.around.voice.say
    if unsettled.beyond:
        say("warning", "lookups_cut", f"{lookups.shown} lists the most frequent words; {unsettled.beyond:,} more come with later checks")
    if lines.is_empty() and not lookups.path.exists():
        return None
    if lookups.fault is not None:
        hint = "move it away, and a check writes a new one"
        say("warning", "lookups_kept", f"{lookups.shown} is left as it is, as {lookups.fault}: {hint}")
        return None
    extras = [name for name in lookups.lines.columns if name not in {*LOOKUPS_COLUMNS, "key"}]
    try:
        write_lookups(lookups.path, lines.select(*LOOKUPS_COLUMNS, *extras))
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "close it where it is open, or make its folder writable, and check again"
        say("warning", "lookups_not_written", f"{lookups.shown} cannot be written ({reason}): {hint}")
        return None
    return lookups.path


def _kinds(session: Session, found: pl.DataFrame) -> Iterable[UnknownWords]:
    unknown = found.filter(pl.col("code").is_not_null())
    for (field, code, settled), lines in unknown.partition_by("field", "code", "settled", maintain_order=True, as_dict=True).items():
        rule = session.config.job.map[str(field)]
        most = lines.head(_SHOWN_WORDS).select("value", "rows", _SUGGESTED[0])
        words = tuple(UnknownWord(value, rows, None if code == AMBIGUOUS else near) for value, rows, near in most.iter_rows())
        by = rule.unknown if settled else None
        yield UnknownWords(str(field), rule.lookup, str(code), words, lines.height, int(lines["rows"].sum()), by)


def _is_read(session: Session, unsettled: Unsettled, target: str) -> bool:
    # A preset that is used as it was shipped looks for its side files where it lies: in the package.
    return unsettled.lookups.beside_config and lookups_step(session.config.job.map[target]) is not None


def _next_step(session: Session, unsettled: Unsettled, values: int, rows: int, unread: Sequence[str]) -> str:
    count = f"{values:,} value{'' if values == 1 else 's'} ({rows_text(rows)})"
    config = session.config.path.name
    read = f", add the line{'s' if len(unread) > 1 else ''} above to {config}" if unread and unsettled.lookups.beside_config else ""
    read = f", make a config of your own from {config} with: lightfield-etl init" if unread and not read else read
    return f'open {unsettled.lookups.shown}, fill in "use" for {count}{read}, then run: {session.request.typed}'


def _hints(session: Session, unsettled: Unsettled, unread: Sequence[str]) -> tuple[str, ...]:
    if not unread or not unsettled.lookups.beside_config:
        return ()
    lines = [_line_to_add(target, session.config.job.map[target]) for target in unread]
    return ("\n".join([f"{session.config.path.name} does not read {LOOKUPS_FILE} yet; it does with", *lines]),)


def _line_to_add(target: str, rule: FieldRule) -> str:
    steps = [_step(step) for step in rule.values if not isinstance(step, ValuesFile) or step.file != LOOKUPS_FILE]
    values = f"values: [{', '.join([*steps, LOOKUPS_FILE])}]" if steps else f"values: {LOOKUPS_FILE}"
    if rule.model_fields_set == {"column"}:
        names = [_word(name) for name in rule.column]
        column = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
        return f"  {target}: {{column: {column}, {values}}}"
    return f"  in map, under {target}:  {values}"


def _step(step: ValuesFile | ValuesMapping) -> str:
    if isinstance(step, ValuesMapping):
        entries = step.entries
    else:
        entries = {"file": step.file} | ({"from": step.from_column, "to": step.to_column} if step.from_column and step.to_column else {})
    return "{" + ", ".join(f"{_word(word)}: {_word(result)}" for word, result in entries.items()) + "}"


def _word(text: str) -> str:
    """As YAML."""
    is_plain = _PLAIN_WORD.fullmatch(text) and text.lower() not in _YAML_WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)
