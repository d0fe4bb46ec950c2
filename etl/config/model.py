"""The whole config as the rest of the program sees it: frozen, checked, in its final types."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from etl.config.amounts import CountOrShare, parse_count_or_share, parse_duration_seconds, parse_percent
from etl.config.fields import FieldRule, Part, _as_tuple
from etl.task import REQUIRED_TARGETS

CONTENT_KEY = "content"

Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]

KeyPart = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""One column of a source key: its aliases, of which the first that a file has is read."""


class SourceConfig(Part):
    """Which rows, and how they are identified.

    Attributes:
        key: The parts of the key, each with its aliases: ``key: [A, [B, C]]`` is ``(("A",), ("B", "C"))``.
    """

    path: Texts = ()
    key: Annotated[tuple[KeyPart, ...], BeforeValidator(_as_tuple)] = Field(min_length=1)
    format: Literal["csv", "tsv", "parquet", "ndjson", "xlsx"] | None = None
    encoding: str = "auto"
    delimiter: str = "auto"
    null_values: Texts = ("",)
    header: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    exclude: str | None = None

    @property
    def key_is_content(self) -> bool:
        """True when rows have no key column and are identified by their cells."""
        return self.key == ((CONTENT_KEY,),)


class WorkspaceConfig(Part):
    """Who must be a member of the workspace, by e-mail."""

    member: str


Share = Annotated[float, BeforeValidator(parse_percent), Field(gt=0, le=1)]
RowsOrShare = Annotated[CountOrShare, BeforeValidator(parse_count_or_share)]
Seconds = Annotated[float, BeforeValidator(parse_duration_seconds), Field(gt=0)]


class SyncConfig(Part):
    """What a sync does about rows that vanished or that both sides changed. ``max_missing`` is a share from 0 to 1."""

    on_missing: Literal["ignore", "cancel", "complete", "trash"] = "ignore"
    max_missing: Annotated[float, BeforeValidator(parse_percent), Field(ge=0, le=1)] = 0.1
    on_conflict: Literal["report", "overwrite"] = "report"
    recreate: bool = False


class LimitsConfig(Part):
    """How fast, and when to give up. ``rate`` is writes per second, ``timeout`` seconds a request, ``share`` of the limit from 0 to 1."""

    rate: Literal["auto"] | Annotated[float, Field(gt=0)] = "auto"
    share: Share = 1.0
    concurrency: Literal["auto"] | Annotated[int, Field(ge=1, le=1000)] = "auto"
    attempts: Annotated[int, Field(ge=1, le=100)] = 8
    timeout: Seconds = 30.0
    max_failures: RowsOrShare | None = None


class MaxAge(Part):
    """The newest value of ``column`` may be at most ``is_seconds`` old."""

    column: str
    is_seconds: Seconds = Field(alias="is")


class GuardsConfig(Part):
    """What must hold of the input before the first write."""

    min_rows: Annotated[int, Field(ge=0)] | None = None
    rows: Annotated[int, Field(ge=0)] | None = None
    max_rejected: RowsOrShare | None = None
    max_age: MaxAge | None = None


class NotifyConfig(Part):
    """One message when the state of the job changes. ``url`` is a secret."""

    url: str = Field(repr=False)
    format: Literal["slack", "pagerduty", "json"] = "json"
    on: Annotated[tuple[Literal["failed", "recovered"], ...], BeforeValidator(_as_tuple)] = ("failed", "recovered")


class JobConfig(Part):
    """One import."""

    name: str = Field(min_length=1, max_length=200)
    mode: Literal["create", "sync"] = "create"
    workspace: WorkspaceConfig | None = None
    timezone: str | None = None
    time: str | None = None
    source: SourceConfig
    map: dict[str, FieldRule]
    stamp: bool = False
    sync: SyncConfig = SyncConfig()
    limits: LimitsConfig = LimitsConfig()
    guards: GuardsConfig = GuardsConfig()
    notify: NotifyConfig | None = None
    ledger: str | None = Field(default=None, repr=False)
    retain: Seconds = 90 * 86400.0

    @model_validator(mode="after")
    def _required_targets(self) -> Self:
        missing = [target for target in REQUIRED_TARGETS if target not in self.map]
        if missing:
            raise ValueError(f"map lacks {', '.join(missing)}: Lightfield requires {', '.join(REQUIRED_TARGETS)} of every task")
        return self


@dataclass(frozen=True, slots=True)
class ReadConfig:
    """A config file that was read: the config, where each of its keys stands, and its digest.

    Attributes:
        job: The config in its final types.
        path: The file that the user named.
        sha256: Hex digest of the config's meaning's text: the file's bytes and those of what it extends.
        positions: From a key's path such as ``("map", "$title", "column")`` to ``file:line:column``.
        said: What the files say together, as people wrote it: nested dicts, long forms, ``${VAR}`` not expanded.
        presets: From the files of presets that were extended by name to those names.
    """

    job: JobConfig
    path: Path
    sha256: str
    positions: dict[tuple[str, ...], str]
    said: dict[str, Any] = field(default_factory=dict, repr=False)
    presets: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Paths in the config are relative to this folder."""
        return self.path.parent

    def where(self, *path: str) -> str:
        """``file:line:column`` of the key at ``path``, or of its nearest parent that stands in the file."""
        for length in range(len(path), 0, -1):
            found = self.positions.get(path[:length])
            if found:
                return found
        return str(self.path)
