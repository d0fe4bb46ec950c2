"""A config file in a temporary folder, and what reading it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from etl.config.model import ReadConfig
from etl.config.reader import read_config
from etl.errors import ConfigError

GOOD = """\
name: my-tasks
source:
  key: Id
map:
  $title: Subject
  $status: {column: Status, values: {Open: TODO}}
  $assignedTo: {column: Owner, lookup: member.email}
"""


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    """Writes a config and gives its path."""

    def write(text: str | bytes, name: str = "tasks.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return path

    return write


@pytest.fixture
def read(write) -> Callable[..., ReadConfig]:
    """Reads a config from its text; ``also`` are other files of the folder."""

    def read(text: str | bytes, environment: Mapping[str, str] | None = None, **also: str) -> ReadConfig:
        for name, other in also.items():
            write(other, f"{name}.yaml")
        return read_config(write(text), environment or {})

    return read


@pytest.fixture
def refusal(read, tmp_path) -> Callable[..., str]:
    """The message of the ConfigError that reading a text ends in, without the folder's name."""

    def refusal(*arguments: object, **also: str) -> str:
        with pytest.raises(ConfigError) as caught:
            read(*arguments, **also)
        return caught.value.message.replace(f"{tmp_path}/", "")

    return refusal


@pytest.fixture
def good() -> str:
    """The text of a config with nothing but what is required."""
    return GOOD
