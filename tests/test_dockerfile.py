"""Is the image safe to run?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def instructions():
    """The instructions of the Dockerfile's last stage, which is the image."""
    text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    last_stage = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    return [line.split(maxsplit=1) for line in lines[last_stage:]]


def test_the_image_does_not_run_as_root(instructions):
    (user,) = [value for word, value in instructions if word == "USER"]
    assert re.fullmatch(r"[1-9][0-9]{3,}:[1-9][0-9]{3,}", user)


def test_the_command_is_the_entry_point(instructions):
    assert ["ENTRYPOINT", '["lightfield-etl"]'] in instructions
    assert ["WORKDIR", "/data"] in instructions


def test_no_key_can_get_into_the_image(instructions):
    assert not [value for word, value in instructions if word in ("ARG", "ENV") and re.search(r"key|token|secret", value, re.IGNORECASE)]
    ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert allowed == {"pyproject.toml", "README.md", "etl", "configs", "samples"}


def test_the_build_copies_nothing_but_what_the_wheel_is_made_of():
    text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert {name for names in copied for name in names.split()} == {"pyproject.toml", "README.md", "etl", "configs", "samples"}
