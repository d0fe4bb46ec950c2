"""Did the user say it, or a preset of ours?"""

from __future__ import annotations

from pathlib import Path

from etl.config.model import ReadConfig
from etl.config.presets import presets_folder


def is_said_by_preset(config: ReadConfig, *path: str) -> bool:
    """Does the key at ``path`` stand in a shipped preset?

    A preset serves the exports of many organizations, whose columns differ; what users say themselves they mean.
    """
    return _is_shipped(Path(config.where(*path).rsplit(":", 2)[0]))


def _is_shipped(file: Path) -> bool:
    """Is it a preset of ours, where it lies or as an unchanged copy?"""
    if file.resolve().parent == presets_folder().resolve():
        return True
    twin = presets_folder() / file.name
    return twin.is_file() and twin.read_bytes() == file.read_bytes()
