"""One entry of ``map``: how a target field gets its value."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

LookupName = Literal["member.email", "member.name", "account.name", "account.website", "opportunity.name", "contact.email"]

REJECT = "reject"
SKIP = "skip"
NOTE = "note"


class Part(BaseModel):
    """A piece of the config: frozen, and unknown keys are refused."""

    # Deferred: pydantic makes a validator of the whole when it is first used, instead of one for each piece at every start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ValuesFile(Part):
    """A side file that translates values: the cell is looked for in column ``from``, and becomes what column ``to`` holds."""

    file: str
    from_column: str | None = Field(default=None, alias="from")
    to_column: str | None = Field(default=None, alias="to")


class ValuesMapping(Part):
    """Translations written in the config; compared trimmed, case-folded, ``_`` and ``-`` as blanks."""

    entries: dict[str, str]


def _as_tuple(value: Any) -> Any:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _values_step(value: Any) -> Any:
    if isinstance(value, str):
        return {"file": value}
    # A mapping of translations may itself have a source word `file`; only exactly these keys mean a side file.
    if isinstance(value, dict) and not ("file" in value and set(value) <= {"file", "from", "to"}):
        return {"entries": value}
    return value


def _values_chain(value: Any) -> Any:
    return tuple(_values_step(step) for step in _as_tuple(value))


class FieldRule(Part):
    """How one target field gets its value.

    Order: source, trim, ``split``, ``empty``, ``values``, ``formats`` or ``lookup``, ``unknown``, ``first_line``, ``max_length``.

    Attributes:
        column: Aliases; the first that the file has is read.
        template: Text with ``{Column}``; ``{{`` is a brace.
        sql: A polars SQL expression over the row's columns.
        value: A constant.
        html: Cells that hold a tag or an entity are turned from HTML into markdown.
        split: Separator of a cell with several values.
        take: Of a split cell, the first or all.
        empty: ``reject`` (default where required), ``skip`` (default where not), or a value.
        values: A chain of translations; what they don't name goes on as it is.
        formats: Of a date: strptime patterns, ``iso``, ``epoch-ms``, ``epoch-s``; the first that fits.
        timezone: IANA name, over the config's own.
        time: ``HH:MM`` of dates that carry no time, over the config's own.
        lookup: What the value names; without it the value of a relationship is an id.
        unknown: ``reject`` (default), ``skip``, ``note``, or a value.
        first_line: Only the first line that has text.
        max_length: In characters; longer text is cut.
    """

    column: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    template: str | None = None
    sql: str | None = None
    value: str | None = None
    html: bool = False
    split: str | None = Field(default=None, min_length=1)
    take: Literal["first", "all"] = "first"
    empty: str | None = None
    values: Annotated[tuple[ValuesMapping | ValuesFile, ...], BeforeValidator(_values_chain)] = ()
    formats: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    timezone: str | None = None
    time: str | None = None
    lookup: LookupName | None = None
    unknown: str = REJECT
    first_line: bool = False
    max_length: int | None = Field(default=None, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """``$title: Task Title`` is short for ``{column: Task Title}``."""
        return {"column": value} if isinstance(value, (str, list)) else value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("column", "template", "sql", "value") if getattr(self, name)]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise ValueError(f"takes exactly one of column, template, sql, value; found {found}")
        return self
