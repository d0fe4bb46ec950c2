"""Which lists are asked for at once, so that the way to one is not waited for after the other?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable

from etl.lightfield.client import LightfieldClient, ObjectKind
from etl.lightfield.directory import first_page
from etl.lightfield.pages import Page, Reader


class FirstPages:
    """The first page of each list that the map looks into, on its way while the members are read.

    Args:
        reader: Sends reads.
        client: The API.
        kinds: Of which lists.
    """

    def __init__(self, reader: Reader, client: LightfieldClient, kinds: Iterable[ObjectKind] = ()) -> None:
        self._asked = {kind: asyncio.ensure_future(first_page(reader, client, kind)) for kind in kinds}

    def of(self, kind: ObjectKind) -> Awaitable[Page] | None:
        """The page, or what went wrong, for who awaits it; None where it was not asked for."""
        return self._asked.get(kind)

    async def close(self) -> None:
        """Give up what nobody waits for; nobody hears of what went wrong with it."""
        for page in self._asked.values():
            page.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
