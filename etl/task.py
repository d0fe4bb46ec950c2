"""What is a Lightfield task made of? The API's own words, which stand nowhere else.

They are part of what is kept: fingerprints and digests of content are made of them, and what the ledger holds is compressed with a
dictionary of them (``etl/ledger/payloads.py``), which must never change. A name that Lightfield gives another meaning needs a new name
here, not a new value for the old one.
"""

from __future__ import annotations

TITLE = "$title"
STATUS = "$status"
DESCRIPTION = "$description"
DUE_AT = "$dueAt"

TASK_FIELDS = (TITLE, STATUS, DESCRIPTION, DUE_AT)
"""The keys of ``fields`` in a task; tasks take no custom fields, so every other target is a relationship."""

ASSIGNED_TO = "$assignedTo"
ACCOUNT = "$account"
OPPORTUNITY = "$opportunity"
CREATED_BY = "$createdBy"
READ_ONLY_NOTE = "$note"
"""Its notes, which the API only shows."""

TARGETS = (*TASK_FIELDS, ASSIGNED_TO, ACCOUNT, OPPORTUNITY, CREATED_BY)
"""What can be written of every task; a name without ``$`` is a relationship of the workspace's own."""

REQUIRED_TARGETS = (TITLE, STATUS, ASSIGNED_TO)
"""Without these Lightfield makes no task."""

TODO = "TODO"
IN_PROGRESS = "IN_PROGRESS"
COMPLETE = "COMPLETE"
CANCELLED = "CANCELLED"

STATUSES = (TODO, IN_PROGRESS, COMPLETE, CANCELLED)
"""The values of ``$status``."""
