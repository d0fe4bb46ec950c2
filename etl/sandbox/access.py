"""What may this API key do?"""

from __future__ import annotations

from dataclasses import dataclass

SANDBOX_KEY = "sk_lf_sandbox"


@dataclass(frozen=True, slots=True)
class Access:
    """The rights behind an API key.

    Attributes:
        scopes: Like ``tasks:create``; empty means full access.
        subject: ``user`` or ``workspace``.
        member_id: The user whose key it is; tasks are created by them.
    """

    scopes: frozenset[str] = frozenset()
    subject: str = "user"
    member_id: str | None = None

    def allows(self, scope: str | None) -> bool:
        """Whether a call that needs this scope (None: none) is permitted."""
        return scope is None or not self.scopes or scope in self.scopes
