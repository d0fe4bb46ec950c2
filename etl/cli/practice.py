"""A sandbox that knows every name that the data asks for (``run --sandbox``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random

from etl.config.fields import LookupName
from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.faults import Faults
from etl.sandbox.limits import Limits
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

REHEARSAL_PER_SECOND = 1000.0
"""A rehearsal need not take as long as the performance; the throttle follows what the sandbox advertises."""

_WORDS: Mapping[LookupName, str] = {
    "member.email": "owners",
    "member.name": "owners",
    "account.name": "companies",
    "account.website": "companies",
    "opportunity.name": "opportunities",
    "contact.email": "contacts",
}


class SandboxPractice:
    """A sandbox in this process that learns what the job is about to ask for."""

    def __init__(self, sandbox: Sandbox, base_url: str) -> None:
        self.base_url = base_url
        self.api_key = SANDBOX_KEY
        self.sandbox = sandbox
        self._workspace = sandbox.workspace

    def learn_names(self, names: Mapping[LookupName, frozenset[str]]) -> str:
        """Take in the names of each look-up; returns the sentence that says what was accepted unseen."""
        counts: dict[str, int] = {}
        for lookup, asked in names.items():
            counts[_WORDS[lookup]] = counts.get(_WORDS[lookup], 0) + len(asked)
            for name in sorted(asked):
                self._learn(lookup, name)
        told = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count) or "no names"
        return f"sandbox: {told} accepted unseen; a check with your API key finds out which of them Lightfield knows"

    def learn_relationships(self, slugs: Mapping[str, bool]) -> None:
        """Take in custom relationships; the value says whether one takes several."""
        for slug, many in slugs.items():
            if slug not in self._workspace.task_type.relationships:
                self._workspace.add_relationship(slug, "HAS_MANY" if many else "HAS_ONE", "record")

    def _learn(self, lookup: LookupName, name: str) -> None:
        match lookup:
            case "member.email":
                self._workspace.add_member(name)
            case "member.name":
                first, _, last = name.partition(" ")
                self._workspace.add_member(f"member{len(self._workspace.members) + 1}@sandbox.example", first, last)
            case "account.name":
                self._workspace.add_account(name)
            case "account.website":
                self._workspace.add_account(name, name)
            case "opportunity.name":
                self._workspace.add_opportunity(name)
            case "contact.email":
                self._workspace.add_contact(name)


@contextmanager
def practice(random: Random, *, faults: bool) -> Iterator[SandboxPractice]:
    """A sandbox that serves this process alone, for as long as the block lasts; ``faults`` is a bad night."""
    workspace = Workspace(knows_everything=True)
    workspace.add_member("you@sandbox.example", "Sam", "Sandbox")
    sandbox = Sandbox(
        workspace,
        limits=Limits(*[REHEARSAL_PER_SECOND] * 3),
        faults=Faults.bad_night() if faults else None,
        random=random,
        keep_requests=0,
    )
    with ServerThread(sandbox) as server:
        yield SandboxPractice(sandbox, server.url)
