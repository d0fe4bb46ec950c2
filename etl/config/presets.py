"""Where do the presets and samples lie that come with the package?"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def presets_folder() -> Path:
    """The folder of the shipped configs: inside the installed package, or the repository's ``configs``."""
    return _shipped("presets", "configs")


def samples_folder() -> Path:
    """The folder of the sample exports: inside the installed package, or the repository's ``samples``."""
    return _shipped("samples", "samples")


def preset_names() -> tuple[str, ...]:
    """What ``extends`` may name, sorted."""
    return tuple(sorted(path.stem for path in presets_folder().glob("*.yaml")))


def preset_path(name: str) -> Path | None:
    """The file of the preset ``name``, or None where there is none."""
    return presets_folder() / f"{name}.yaml" if name in preset_names() else None


def _shipped(installed: str, in_repository: str) -> Path:
    package = Path(str(files("etl")))
    inside = package / installed
    # In a wheel the folders lie inside the package; an editable install reads the repository that the package stands in.
    return inside if inside.is_dir() else package.parent / in_repository
