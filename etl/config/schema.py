"""What may a config look like? Its JSON Schema, as people write it, for editors."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

from etl.config.field_checks import NAMED_FORMATS
from etl.config.fields import FieldRule, LookupName
from etl.config.model import CONTENT_KEY, NotifyConfig, SourceConfig, SyncConfig
from etl.config.presets import preset_names
from etl.task import REQUIRED_TARGETS, STATUS, STATUSES, TARGETS

Schema = dict[str, Any]

# An editor reads `0012` and `No` by YAML's rules before it looks at the schema; we read the text that was written.
_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_NOT_SET: Schema = {"type": "null"}
_NEVER_NULL = ("name", "time")
"""There, null is the word that was written."""


def json_schema() -> Schema:
    """The schema of a config, short forms included (JSON Schema draft 7, which editors understand)."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "lightfield-etl config",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: schema if name in _NEVER_NULL else {"anyOf": [schema, _NOT_SET]} for name, schema in _top_level().items()},
        "anyOf": [
            {"required": ["name", "extends"]},
            {"required": ["name", "source", "map"]},
            # A file hands its name on to those who extend it; a preset does not.
            {"required": ["extends"], "properties": {"extends": {"not": {"enum": list(preset_names())}}}},
        ],
        "definitions": {"field": _field(), "values": _values_step()},
    }


def schema_text() -> str:
    """The schema as ``schema`` prints it, and as it lies beside the presets."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _top_level() -> dict[str, Schema]:
    return {
        "name": _described("This import's identity: idempotency keys and the ledger hang on it; never change it.", _TEXT),
        "extends": _described(f"A preset ({', '.join(preset_names())}) or a file; this config goes over it, key by key.", _TEXT),
        "mode": _described("sync: rows that changed since they were last written are updated.", {"enum": ["create", "sync"]}),
        "workspace": _described("Who must be in the workspace.", _object({"member": _described("An e-mail address.", _TEXT)}, "member")),
        "timezone": _described("IANA zone of times that carry none, such as America/New_York.", _TEXT),
        "time": _described("HH:MM of dates that carry no time.", _TEXT),
        "source": _described("Which rows, and how they are identified.", _source()),
        "map": _described("From a task's fields to what they are made of.", _map()),
        "stamp": _described("The description ends with `Source: <name> <source key>`.", {"type": "boolean"}),
        "sync": _described("What a sync does about rows that vanished or that both sides changed.", _sync()),
        "limits": _described("How fast, and when to give up.", _limits()),
        "guards": _described("What must hold before the first write.", _guards()),
        "notify": _described("One message when the state of the job changes.", _notify()),
        "ledger": _described("A path, sqlite:///… or postgresql://…; ${VAR} is expanded.", _TEXT),
        "retain": _described("How long the ledger keeps what rows held before (older updates cannot be undone): 90d.", _duration()),
    }


def _source() -> Schema:
    formats = _choices(SourceConfig, "format")
    return _object(
        {
            "path": _described("Files or globs, relative to this config; ${VAR} is expanded.", _one_or_more(_TEXT)),
            "key": _described(
                f"The column(s) that identify a row for ever, or {CONTENT_KEY} if there is none; [[A, B]] is one column, called A or B.",
                _one_or_more(_one_or_more(_TEXT)),
            ),
            "format": _described("Default: by the file's suffix.", {"enum": formats}),
            "encoding": _described("auto, or a name such as cp1252.", _TEXT),
            "delimiter": _described("auto, or one character.", _TEXT),
            "null_values": _described("Cells that count as empty.", _one_or_more({"type": ["string", "number", "boolean", "null"]})),
            "header": _described("auto, or the header's line number.", {"anyOf": [{"const": "auto"}, _whole(1)]}),
            "exclude": _described("SQL over the columns: rows for which it is true stay out.", _TEXT),
        }
    )


def _map() -> Schema:
    names = "|".join(re.escape(target) for target in TARGETS)
    return {
        "type": "object",
        "additionalProperties": False,
        "patternProperties": {f"^({names})$": {"$ref": "#/definitions/field"}, "^[^$]": {"$ref": "#/definitions/field"}},
        "properties": {STATUS: {"anyOf": [{"$ref": "#/definitions/field"}], "description": f"One of {', '.join(STATUSES)}."}},
        "description": f"Required: {', '.join(REQUIRED_TARGETS)}. A name without $ is a relationship of the workspace's own.",
    }


def _field() -> Schema:
    long_form = _object(
        {
            "column": _described("The column, or aliases of which the first that the file has is read.", _one_or_more(_TEXT)),
            "template": _described("Text with {Column}; {{ is a brace.", _TEXT),
            "sql": _described("An SQL expression over the row's columns.", _TEXT),
            "value": _described("The same for every row.", _TEXT),
            "html": _described("The source is HTML: make markdown.", {"type": "boolean"}),
            "split": _described("Separator of a cell with several values.", _TEXT),
            "take": _described("Of a split cell.", {"enum": _choices(FieldRule, "take")}),
            "empty": _described("Where the cell is empty: reject, skip, or a value.", _TEXT),
            "values": _described("Translations, a side file, or a list of these.", _one_or_more({"$ref": "#/definitions/values"})),
            "formats": _described(f"Of a date: {', '.join(NAMED_FORMATS)}, or patterns such as %Y-%m-%d.", _one_or_more(_TEXT)),
            "timezone": _described("IANA zone of times that carry none.", _TEXT),
            "time": _described("HH:MM of dates that carry no time.", _TEXT),
            "lookup": _described("What the value names; without it, it is an id.", {"enum": list(get_args(LookupName))}),
            "unknown": _described("Where nothing valid is found: reject, skip, note, or a value.", _TEXT),
            "first_line": _described("Only the first line that has text.", {"type": "boolean"}),
            "max_length": _described("In characters; longer text is cut.", _whole(1)),
        }
    )
    return {"anyOf": [_one_or_more(_TEXT), long_form, _NOT_SET]}


def _values_step() -> Schema:
    side_file = _object({"file": _TEXT, "from": _TEXT, "to": _TEXT}, "file")
    translations = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
    return {"anyOf": [_TEXT, side_file, translations]}


def _sync() -> Schema:
    return _object(
        {
            "on_missing": _described("What becomes of tasks whose rows vanished.", {"enum": _choices(SyncConfig, "on_missing")}),
            "max_missing": _described("More of the known rows than this vanished: nothing is sent (exit 2).", _share()),
            "on_conflict": _described("Where both sides changed.", {"enum": _choices(SyncConfig, "on_conflict")}),
            "recreate": _described("A task that was deleted in Lightfield is made anew when its row changes.", {"type": "boolean"}),
        }
    )


def _limits() -> Schema:
    return _object(
        {
            "rate": _described("Writes per second at most.", {"anyOf": [{"const": "auto"}, {"type": "number", "exclusiveMinimum": 0}]}),
            "share": _described("Of the API's limit.", _share()),
            "concurrency": _described("Requests in flight at most.", {"anyOf": [{"const": "auto"}, _whole(1)]}),
            "attempts": _described("Of one write; being throttled uses up none.", {"type": "integer", "minimum": 1, "maximum": 100}),
            "timeout": _described("Of one request: seconds, or such as 30s.", _duration()),
            "max_failures": _described("More failed rows than this stop the run; a share, from 100 rows on.", _rows_or_share()),
        }
    )


def _guards() -> Schema:
    age = _object({"column": _TEXT, "is": _duration()}, "column", "is")
    return _object(
        {
            "min_rows": _described("Fewer rows: nothing is sent (exit 2).", _whole(0)),
            "rows": _described("Another number of rows: nothing is sent (exit 2).", _whole(0)),
            "max_rejected": _described("More rejected rows than this: nothing is sent (exit 2).", _rows_or_share()),
            "max_age": _described("The newest value of a column may not be older.", age),
        }
    )


def _notify() -> Schema:
    states = {"enum": ["failed", "recovered"]}
    return _object(
        {
            "url": _described("Where to post; ${VAR} is expanded.", _TEXT),
            "format": _described("Of the message.", {"enum": _choices(NotifyConfig, "format")}),
            "on": _described("Which changes.", _one_or_more(states)),
        },
        "url",
    )


def _object(properties: dict[str, Schema], *required: str) -> Schema:
    unset = {name: schema if name in required else {"anyOf": [schema, _NOT_SET]} for name, schema in properties.items()}
    return {"type": "object", "additionalProperties": False, "properties": unset, "required": list(required)}


def _described(text: str, schema: Schema) -> Schema:
    return {**schema, "description": text}


def _one_or_more(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def _choices(model: Any, key: str) -> list[str]:
    """The words that a Literal of the model allows, through an optional around it."""
    annotation = model.model_fields[key].annotation
    words = [word for part in get_args(annotation) for word in (get_args(part) or (part,))]
    return [word for word in words if isinstance(word, str)]


def _whole(least: int) -> Schema:
    return {"type": "integer", "minimum": least}


def _duration() -> Schema:
    return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"^\s*[0-9.]+\s*[smhdwSMHDW]?\s*$"}]}


def _share() -> Schema:
    return {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, _percentage()]}


def _rows_or_share() -> Schema:
    return {"anyOf": [_whole(0), _percentage()]}


def _percentage() -> Schema:
    return {"type": "string", "pattern": r"^\s*[0-9.]+\s*%\s*$"}
