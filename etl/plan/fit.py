"""Does the map fit the workspace's own definitions of a task?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from rapidfuzz import process

from etl.config.model import ReadConfig
from etl.task import TASK_FIELDS


@dataclass(frozen=True, slots=True)
class TargetDefinition:
    """What the workspace says of one field or relationship."""

    read_only: bool = False
    many: bool = False


def misfits(config: ReadConfig, fields: Mapping[str, TargetDefinition], relationships: Mapping[str, TargetDefinition]) -> list[str]:
    """A sentence with ``file:line:column`` for every key of the map that the workspace would refuse."""
    sentences = []
    for target, rule in config.job.map.items():
        known = fields if target in TASK_FIELDS else relationships
        definition = known.get(target)
        where = config.where("map", target)
        if definition is None:
            sentences.append(f"{where}: map.{target}: {_unknown(target, known)}")
        elif definition.read_only:
            sentences.append(f"{where}: map.{target}: Lightfield lets nobody write this; take it out of the map")
        elif rule.take == "all" and not definition.many:
            sentences.append(
                f"{where}: map.{target}: takes one value in this workspace, and `take: all` would send several; use `take: first`"
            )
    return sentences


def _unknown(target: str, known: Collection[str]) -> str:
    nearest = process.extractOne(target, list(known), score_cutoff=60)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"this workspace's tasks have no such field or relationship{hint} (it has {', '.join(sorted(known))})"


def many_valued(relationships: Mapping[str, TargetDefinition]) -> frozenset[str]:
    """The relationships that take several ids."""
    return frozenset(name for name, definition in relationships.items() if definition.many)
