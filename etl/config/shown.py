"""What does a config say once everything that it extends is merged in, and where does each part come from?"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML

from etl.config.faults import KeyPath
from etl.config.model import JobConfig, ReadConfig

_WIDTH = 10**6
"""No line is broken: a reader of text sees it as it was written."""

_REFERENCE = re.compile(r"\$\{[^}]*\}")
_PASSWORD = re.compile(r"://[^/@]*:[^/@]+@|(?:passw\w*|pwd|token|secret)=[^&]", re.IGNORECASE)


def merged_text(config: ReadConfig) -> str:
    """The merged config as YAML that reads back to the same config, each key below a comment that says where it stands.

    Variables stay as they are written. What may be a secret is left out, and a comment says so. Null removes, so what was removed is
    not there.
    """
    lines = [f"# {config.path} with all that it extends; paths are relative to the folder {config.folder}"]
    for key in sorted(config.said, key=list(JobConfig.model_fields).index):
        value = config.said[key]
        if _is_shown(key, value):
            lines += ["", *_entry(config, key, value)]
        else:
            lines += ["", f"# {key}: left out, because it may hold a secret ({config.where(key)})"]
    return "\n".join(lines) + "\n"


def _entry(config: ReadConfig, key: str, value: Any) -> Iterator[str]:
    if key != "map" or not isinstance(value, dict):
        yield f"# {_origin(config, (key,))}"
        yield from _yaml({key: value})
        return
    yield "map:"
    for target, rule in value.items():
        yield f"  # {_origin(config, (key, target))}"
        yield from (f"  {line}" for line in _yaml({target: rule}))


def _origin(config: ReadConfig, path: KeyPath) -> str:
    """``tasks.yaml:6:3``; of keys below that stand in another file, that too: ``column, lookup: hubspot.yaml:52:5``."""
    own = config.where(*path)
    others: dict[str, list[str]] = {}
    for known, place in config.positions.items():
        if known[:-1] == path and _file(place) != _file(own):
            others.setdefault(_file(place), []).append(f"{known[-1]} {place.removeprefix(_file(place) + ':')}")
    return "; ".join([own, *(f"in {file}: {', '.join(keys)}" for file, keys in others.items())])


def _file(place: str) -> str:
    return place.rsplit(":", 2)[0]


def _is_shown(key: str, value: Any) -> bool:
    """A ledger without a password of its own, and of messages only those whose URL is a variable."""
    if key == "ledger":
        return not _PASSWORD.search(_REFERENCE.sub("", str(value)))
    if key == "notify" and isinstance(value, dict):
        return not _REFERENCE.sub("", str(value.get("url", ""))).strip()
    return True


def _yaml(value: dict[str, Any]) -> list[str]:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared as None
    writer.width = _WIDTH
    writer.allow_unicode = True
    stream = io.StringIO()
    writer.dump(value, stream)
    return stream.getvalue().splitlines()
