"""By what are the rows of an import identified, and is it still the same?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from etl.config.model import CONTENT_KEY
from etl.errors import LedgerError


@dataclass(frozen=True, slots=True)
class KeySpec:
    """What the digests of an import were made of.

    Attributes:
        columns: The key's columns, folded (``config.columns.fold_column``), in the config's order; ``("content",)`` where there is none.
        content_columns: For ``content`` the folded set of the source's columns, sorted; else None.
        aliases: For each of ``columns`` its other names, folded, as the config has them now. They are not kept: a name that the config
            gains or loses changes no identity.
    """

    columns: tuple[str, ...]
    content_columns: tuple[str, ...] | None = None
    aliases: tuple[tuple[str, ...], ...] = field(default=(), compare=False)

    def to_json(self) -> str:
        """As the ledger keeps it."""
        return json.dumps({"columns": self.columns, "content_columns": self.content_columns}, ensure_ascii=False)

    def continues(self, known: KeySpec) -> bool:
        """Does this identify the same rows as ``known``: by the same columns, or by other aliases of them?"""
        if self == known:
            return True
        if known.content_columns != self.content_columns or len(known.columns) != len(self.aliases):
            return False
        return all(column in aliases for column, aliases in zip(known.columns, self.aliases, strict=True))


def key_spec_of_json(text: str) -> KeySpec:
    """What ``KeySpec.to_json`` wrote."""
    value = json.loads(text)
    content = value["content_columns"]
    return KeySpec(tuple(value["columns"]), None if content is None else tuple(content))


def refuse_change(name: str, known: KeySpec, now: KeySpec) -> None:
    """Raises LedgerError, saying what changed, unless ``now`` continues ``known``."""
    if now.continues(known):
        return
    raise LedgerError(
        f"the rows of {name!r} that the ledger knows are identified by {_told(known)}; now it would be by {_told(now)}"
        f"{_difference(known, now)}: every row would look new and be created a second time; nothing was sent",
        next_step=f"put source.key (and the columns) back as they were{_alias_step(known, now)}; "
        "or, if these are other rows, give the import another name",
    )


def _told(spec: KeySpec) -> str:
    if spec.columns == (CONTENT_KEY,) and spec.content_columns is not None:
        return f"their content ({len(spec.content_columns)} columns)"
    word = "the column" if len(spec.columns) == 1 else "the columns"
    return f"{word} {', '.join(spec.columns)}"


def _alias_step(known: KeySpec, now: KeySpec) -> str:
    """What to write where one column only has another name now."""
    if known.content_columns is not None or now.content_columns is not None or len(known.columns) != len(now.columns):
        return ""
    parts = [[new] if old == new else [new, old] for old, new in zip(known.columns, now.columns, strict=True)]
    return f"; where a column only has another name, say both: key: {json.dumps(parts, ensure_ascii=False)}"


def _difference(known: KeySpec, now: KeySpec) -> str:
    """Which columns came and went, for two content keys."""
    if known.content_columns is None or now.content_columns is None:
        return ""
    gone = sorted(set(known.content_columns) - set(now.content_columns))
    new = sorted(set(now.content_columns) - set(known.content_columns))
    parts = [f"{word}: {', '.join(columns)}" for word, columns in (("gone", gone), ("new", new)) if columns]
    return f" (columns {'; '.join(parts)})"
