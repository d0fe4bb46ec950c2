"""Which CRM wrote this file? Told by the names of its columns alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from etl.config.columns import fold_column

PREFIXES = ("activity - ",)
"""What some exports put before each column's name (Pipedrive: ``Activity - Subject``)."""

SIGNATURES: dict[str, tuple[tuple[str, ...], ...]] = {
    "hubspot": (("record id", "task title"), ("record id", "task status"), ("hs_object_id", "hs_task_subject")),
    "salesforce": (("id", "whoid", "whatid", "activitydate"), ("id", "subject", "activitydate")),
    "salesforce-report": (("subject", "assigned", "company / account", "date"), ("activity id", "subject", "assigned")),
    "pipedrive": (("subject", "done", "assigned to user", "due date"),),
    "zoho": (("record id", "task owner", "related to"), ("record id", "task owner.id")),
    "dynamics": (("(do not modify) task",), ("activityid", "statuscode")),
    "asana": (("task id", "section/column", "completed at"),),
    "close": (("is_complete", "lead_id", "assigned_to"),),
    "attio": (("content_plaintext", "deadline_at"),),
    "suitecrm": (("assigned user id", "parent type", "parent id"),),
    "monday": (("name", "subitems", "item id (auto generated)"), ("name", "subitems", "person", "status")),
    "trello": (("card id", "list name"),),
    "odoo": (
        ("title", "stage", "assignees", "deadline"),
        ("title", "state", "assignees", "deadline"),
        ("name", "stage_id", "user_ids", "date_deadline"),
        ("activity type", "summary", "assigned to", "due date", "document name"),
    ),
}
"""For each preset, sets of folded column names: a file that has all of one set was written by that CRM.

The headers are those of the CRM's own exports, most of which have a sample in ``samples/``.
"""


@dataclass(frozen=True, slots=True)
class Recognition:
    """A preset, and the file's own columns that gave it away."""

    preset: str
    columns: tuple[str, ...]


def recognise(columns: Sequence[str]) -> Recognition | None:
    """The preset whose signature the columns bear, or None.

    Of several, the one with the longest signature; then the one whose own names stand first: HubSpot's ``Record ID`` and Zoho's
    ``Record Id`` are one word, and the second column decides.

    Args:
        columns: As they stand in the file; case, blanks around them and ``PREFIXES`` do not matter.
    """
    own = {bare_name(column): column for column in reversed(columns)}
    places = {name: place for place, name in enumerate(map(bare_name, columns))}
    found = [
        (preset, signature)
        for preset, signatures in SIGNATURES.items()
        for signature in signatures
        if all(name in own for name in signature)
    ]
    if not found:
        return None
    preset, signature = max(found, key=lambda match: (len(match[1]), -sum(places[name] for name in match[1])))
    return Recognition(preset, tuple(own[name] for name in signature))


def bare_name(column: str) -> str:
    """A column's name as signatures have it: folded, and without one of ``PREFIXES``."""
    folded = fold_column(column)
    return next((folded.removeprefix(prefix).strip() for prefix in PREFIXES if folded.startswith(prefix)), folded)


def signature_names() -> frozenset[str]:
    """Every name in a signature, with and without prefix: by these the header of a file of unknown origin is found."""
    bare = {name for signatures in SIGNATURES.values() for signature in signatures for name in signature}
    return frozenset(_with_prefixes(bare))


def _with_prefixes(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield name
        for prefix in PREFIXES:
            yield prefix + name
