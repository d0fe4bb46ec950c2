"""Who and what does the workspace hold beside its tasks?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from etl.sandbox import sample
from etl.sandbox.access import SANDBOX_KEY, Access
from etl.sandbox.records import Collection, Record
from etl.sandbox.schema import ACCOUNT, CONTACT, HAS_ONE, MEMBER, OPPORTUNITY, TASK, ObjectType, RelationshipType

_FOUNDED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Standing(Enum):
    """Whether a relationship may point to an id."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    MISSING = "missing"


class Workspace:
    """Members, accounts, opportunities, contacts, custom relationships of tasks and API keys; all in memory.

    Ids count up from ``mem_000001``, so that two workspaces filled alike are alike.

    Args:
        knows_everything: A relationship takes any id, seen before or not.

    Attributes:
        task_type: The fields and relationships of tasks, custom ones included.
        keys: What each API key may do.
    """

    def __init__(self, *, knows_everything: bool = False) -> None:
        self.knows_everything = knows_everything
        self.task_type: ObjectType = TASK
        self.keys: dict[str, Access] = {SANDBOX_KEY: Access()}
        self._members_by_email: dict[str, str] = {}
        self._collections = {kind.name: Collection() for kind in (MEMBER, ACCOUNT, OPPORTUNITY, CONTACT)}

    @classmethod
    def sample(cls) -> Workspace:
        """A workspace to practise on.

        60 members at acme.example (``ops@`` is the admin and owns the default key, ``former@`` has left, two are called Alex Kim), 150
        accounts (``Acme Corp``; two called ``Globex``), 120 opportunities, 10 contacts, and the custom relationships ``territory`` (one,
        of an object type that the sandbox does not hold) and ``partners`` (many accounts).
        """
        workspace = cls()
        members = [workspace.add_member(*person) for person in sample.people()]
        workspace.deactivate_member(members[4])
        accounts = [workspace.add_account(*company) for company in sample.companies()]
        for name, company in sample.deals():
            workspace.add_opportunity(name, accounts[company])
        for number, account in enumerate(accounts[:10], 1):
            workspace.add_contact(f"contact{number}@customer.example", "Contact", f"Number {number}", account)
        workspace.add_relationship("territory", HAS_ONE, "territory")
        workspace.add_relationship("partners", "HAS_MANY", "account")
        workspace.add_key(SANDBOX_KEY, member_id=members[0])
        return workspace

    @property
    def members(self) -> Collection:
        """Every member, those who left too."""
        return self._collections[MEMBER.name]

    @property
    def accounts(self) -> Collection:
        """Every account."""
        return self._collections[ACCOUNT.name]

    @property
    def opportunities(self) -> Collection:
        """Every opportunity."""
        return self._collections[OPPORTUNITY.name]

    @property
    def contacts(self) -> Collection:
        """Every contact."""
        return self._collections[CONTACT.name]

    def add_member(self, email: str, first: str = "", last: str = "", role: str = "member") -> str:
        """Somebody joins; an e-mail that is known already (in any case) gives the member who has it.

        Returns:
            The member's id.
        """
        known = self._members_by_email.get(email.casefold())
        if known is not None:
            return known
        name = {"firstName": first or None, "lastName": last or None}
        added = self._add(MEMBER, {"$email": email, "$name": name, "$profileImage": None, "$role": role}, {})
        self._members_by_email[email.casefold()] = added
        return added

    def deactivate_member(self, member_id: str) -> None:
        """Somebody leaves: they stay listed, but a relationship to them is refused as inactive.

        Raises:
            KeyError: Nobody has that id.
        """
        member = self.members.get(member_id)
        if member is None:
            raise KeyError(member_id)
        member.active = False

    def add_account(self, name: str, website: str | None = None) -> str:
        """A new account, whether or not one of that name is there; returns its id."""
        return self._add(ACCOUNT, {"$name": name, "$website": [website] if website else None}, {})

    def add_opportunity(self, name: str, account_id: str | None = None) -> str:
        """A new opportunity; returns its id."""
        related = {"$account": [account_id]} if account_id else {}
        return self._add(OPPORTUNITY, {"$name": name, "$stage": "opt_prospecting"}, related)

    def add_contact(self, email: str, first: str = "", last: str = "", account_id: str | None = None) -> str:
        """A new contact; returns its id."""
        fields = {"$email": [email], "$name": {"firstName": first or None, "lastName": last or None}}
        return self._add(CONTACT, fields, {"$account": [account_id]} if account_id else {})

    def add_relationship(self, slug: str, cardinality: str, object_type: str) -> None:
        """A custom relationship of tasks.

        Args:
            slug: Its bare key.
            cardinality: ``HAS_ONE`` or ``HAS_MANY``.
            object_type: What it points to. Of a type other than member, account, opportunity and contact any id is taken.
        """
        added = RelationshipType(slug.replace("_", " ").capitalize(), cardinality, object_type)
        self.task_type = replace(self.task_type, relationships={**self.task_type.relationships, slug: added})

    def add_key(self, key: str, scopes: tuple[str, ...] = (), subject: str = "user", member_id: str | None = None) -> None:
        """An API key, or other rights for one.

        Args:
            key: The whole key.
            scopes: Like ``tasks:create``; none means full access.
            subject: ``user`` or ``workspace``.
            member_id: The user whose key it is.
        """
        self.keys[key] = Access(frozenset(scopes), subject, member_id)

    def revoke(self, key: str) -> None:
        """The key stops to work at once: 401."""
        self.keys.pop(key, None)

    def collection(self, kind: ObjectType) -> Collection:
        """The records of a kind other than tasks."""
        return self._collections[kind.name]

    def standing(self, object_type: str, identifier: str) -> Standing:
        """Whether a relationship to objects of that type may hold this id."""
        collection = self._collections.get(object_type)
        if self.knows_everything or collection is None:
            return Standing.ACTIVE
        found = collection.get(identifier)
        if found is None:
            return Standing.MISSING
        return Standing.ACTIVE if found.active and not found.trashed else Standing.INACTIVE

    def add(self, kind: ObjectType, fields: dict[str, Any], related: dict[str, list[str]], created_at: datetime) -> Record:
        """A new record of a kind other than tasks, under the next id."""
        collection = self._collections[kind.name]
        return collection.add(Record(f"{kind.prefix}_{len(collection) + 1:06d}", created_at, fields, related))

    def _add(self, kind: ObjectType, fields: dict[str, Any], related: dict[str, list[str]]) -> str:
        created_at = _FOUNDED + timedelta(seconds=len(self._collections[kind.name]))
        return self.add(kind, fields, related, created_at).id
