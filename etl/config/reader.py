"""What did the user ask for? A YAML file, what it extends and the environment become a JobConfig, or every fault at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from etl.config.cross_checks import cross_check_faults
from etl.config.faults import Fault, faults_as_error
from etl.config.layers import Layer, read_layers
from etl.config.merge import merge_settings, without_nulls
from etl.config.model import JobConfig, ReadConfig
from etl.config.settings import Settings
from etl.config.shape import checked_shape
from etl.config.variables import expand_variables


def read_config(path: Path, environment: Mapping[str, str]) -> ReadConfig:
    """The config at ``path``, checked.

    Args:
        path: A YAML 1.2 file.
        environment: Where ``${VAR}`` in ``ledger``, ``notify.url`` and ``source.path`` is looked up.

    Raises:
        ConfigError: The file cannot be read, or something in it is wrong; the message holds every fault, a line each, as
            ``file:line:column: map.$status.valeus: unknown key; did you mean values? (allowed: …)``.
    """
    faults: list[Fault] = []
    layers = read_layers(path, faults)
    settings = _merged(layers)
    presets = {layer.file: layer.preset for layer in layers if layer.preset}
    said = without_nulls({key: value for key, value in settings.data.items() if key != "extends"})
    faults.extend(_name_faults(said, settings, presets))
    job = _checked(said, environment, faults)
    if job is None or faults:
        raise faults_as_error(faults, settings.positions, [layer.file for layer in layers], presets)
    return ReadConfig(job=job, path=path, sha256=_digest(layers), positions=settings.positions, said=said, presets=presets)


def _merged(layers: list[Layer]) -> Settings:
    """The settings of all files, the last of which lies at the bottom."""
    settings = layers[-1].settings
    for layer in reversed(layers[:-1]):
        settings = merge_settings(settings, layer.settings)
    return settings


def _checked(said: dict[str, Any], environment: Mapping[str, str], faults: list[Fault]) -> JobConfig | None:
    if any(fault.path == ("extends",) for fault in faults):
        # Without the file below, everything that it would have said would be called missing.
        return None
    data = expand_variables(said, environment, faults)
    faults.extend(cross_check_faults(data))
    return checked_shape(data, faults)


def _name_faults(said: dict[str, Any], settings: Settings, presets: Mapping[str, str]) -> Iterator[Fault]:
    """Who extends a preset gives the import a name: with the preset's own, two imports would take each other's rows for theirs."""
    if presets and "name" not in said:
        [preset, *_] = presets.values()
        message = (
            f"is missing and required: the preset {preset} does not hand its own on, because a name is an import's identity; "
            f"add a line such as `name: acme-{preset}-tasks`"
        )
        yield Fault(("name",), message, settings.positions.get(("extends",)))


def _digest(layers: list[Layer]) -> str:
    digest = hashlib.sha256()
    for layer in layers:
        digest.update(layer.content)
    return digest.hexdigest()
