"""Which files make up a config: the one that was named, and those that it extends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.config.faults import Fault
from etl.config.merge import with_long_forms
from etl.config.presets import preset_names, preset_path
from etl.config.secrets import API_KEY_MESSAGE, api_key_places
from etl.config.settings import Settings, settings_of
from etl.config.words import did_you_mean, is_utf8, nearest_word
from etl.config.yaml_document import Mapping, Node, parse_yaml
from etl.errors import ConfigError

MAX_BYTES = 1_000_000
"""Of one config file; beyond it, the file is something else."""
MAX_LAYERS = 10
"""Files that extend one another."""

NOT_HANDED_ON = ("name", "timezone", "workspace", "ledger", "notify", "guards")
"""What a shipped preset says for itself alone: an import's identity, its zone and its surroundings are never those of an example."""

_A_CONFIG = "give the path of a config; lightfield-etl init DATA writes one for a file"
_DATA_SUFFIXES = {".csv", ".tsv", ".parquet", ".ndjson", ".jsonl", ".xlsx", ".xls", ".zip"}
_PRESET_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Layer:
    """One file of a config: its name as shown, its bytes, what it says, and its name if it is a preset that was extended by name."""

    file: str
    content: bytes
    settings: Settings
    preset: str | None = None


@dataclass(frozen=True, slots=True)
class _Base:
    path: Path
    preset: str | None = None


def read_layers(path: Path, faults: list[Fault]) -> list[Layer]:
    """The file at ``path`` and those that it extends, the user's own first.

    Args:
        path: A YAML file.
        faults: Gains what is wrong in the files, also an ``extends`` that leads nowhere.

    Raises:
        ConfigError: A file that cannot be read or is no YAML mapping.
    """
    layers: list[Layer] = []
    seen: list[Path] = []
    following: _Base | None = _Base(path)
    while following is not None:
        seen.append(_resolved(following.path))
        layers.append(_read_layer(following, faults))
        following = _extended(layers[-1].settings, following.path.parent, seen, faults)
    return layers


def _extended(settings: Settings, folder: Path, seen: list[Path], faults: list[Fault]) -> _Base | None:
    """The file that these settings extend, or None where they extend nothing or nothing that can be read."""
    named = settings.data.get("extends")
    if named is None:
        return None
    where = settings.positions[("extends",)]
    found = _named_file(named, folder)
    if isinstance(found, str):
        faults.append(Fault(("extends",), found, where))
        return None
    if (resolved := _resolved(found.path)) in seen:
        circle = " → ".join(path.name for path in (*seen[seen.index(resolved) :], found.path))
        faults.append(Fault(("extends",), f"goes round in a circle: {circle}", where))
        return None
    if len(seen) >= MAX_LAYERS:
        faults.append(Fault(("extends",), f"more than {MAX_LAYERS} files extend one another", where))
        return None
    return found


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        # A link to itself: whoever opens it is told.
        return path.absolute()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # Its name is too long, or its folder may not be entered.
        return False


def _named_file(named: Any, folder: Path) -> _Base | str:
    """The file that ``extends`` names, or the sentence that says why there is none."""
    if not isinstance(named, str):
        return f"found {type(named).__name__}, allowed is the name of a preset ({', '.join(preset_names())}) or a file"
    if _PRESET_NAME.fullmatch(named):
        found = preset_path(named)
        hint = f"write ./{named} for a file of that name" if _is_file(folder / named) else "a file is written with its suffix"
        return _Base(found, named) if found else f"no preset {named!r}{did_you_mean(named, preset_names())}; {hint}"
    path = folder / named
    return _Base(path) if _is_file(path) else f"no file {named!r} in {folder}; a path is relative to the config's folder"


def _read_layer(base: _Base, faults: list[Fault]) -> Layer:
    file = str(base.path)
    content = _read_bytes(base.path)
    text = _decoded(content, file)
    faults.extend(_api_key_faults(text, file))
    settings = settings_of(_top_level(parse_yaml(text, file), file), faults)
    kept = Settings(with_long_forms(settings.data), settings.positions)
    return Layer(file, content, _handed_on(kept) if base.preset else kept, base.preset)


def _handed_on(settings: Settings) -> Settings:
    """What a preset says to those who extend it."""
    return Settings(
        {key: value for key, value in settings.data.items() if key not in NOT_HANDED_ON},
        {path: place for path, place in settings.positions.items() if path[0] not in NOT_HANDED_ON},
    )


def _suggestion(path: Path) -> str:
    """``; did you mean acme.yaml?``, of the configs beside it."""
    near = nearest_word(path.name, sorted(each.name for each in path.parent.glob("*.y*ml")))
    return f"; did you mean {near}?" if near else ""


def _read_bytes(path: Path) -> bytes:
    _refuse_data(path)
    if not is_utf8(str(path)):
        # No report could name it.
        raise ConfigError(f"{path}: its name, or that of a folder above it, is not UTF-8", next_step="rename it, then try again")
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file{_suggestion(path)}", next_step=_A_CONFIG) from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder, not a config file", next_step=_A_CONFIG) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_BYTES:,} bytes, which no config is; is it the data?")
    return content


def _refuse_data(path: Path) -> None:
    """The likeliest mistake at a command line: the data where the config belongs."""
    if _DATA_SUFFIXES.intersection(suffix.lower() for suffix in path.suffixes[-2:]):
        raise ConfigError(
            f"{path.name}: is data, and the config comes first",
            next_step=f"give both: lightfield-etl run CONFIG {path.name}; lightfield-etl init {path.name} writes a config for it",
        )


def _decoded(content: bytes, file: str) -> str:
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise ConfigError(f"{file}:{line}:{column}: byte 0x{content[error.start]:02x} is not UTF-8: save the config as UTF-8") from None


def _top_level(node: Node | None, file: str) -> Mapping:
    if isinstance(node, Mapping):
        return node
    if node is None or getattr(node, "text", None) == "":
        raise ConfigError(
            f"{file}: is empty; a config needs at least name, source and map",
            next_step="to have one written for your file: lightfield-etl init DATA",
        )
    found = "a list" if hasattr(node, "items") else "text"
    raise ConfigError(f"{node.where}: found {found}, expected keys with values such as `name: my-tasks`")


def _api_key_faults(text: str, file: str) -> Iterator[Fault]:
    for line, column in api_key_places(text):
        yield Fault((), API_KEY_MESSAGE, f"{file}:{line}:{column}")
