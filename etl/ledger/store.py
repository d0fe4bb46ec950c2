"""Where does the memory of all imports lie, and whose rows does it hold?"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import select

from etl.clock import Clock
from etl.errors import LedgerError
from etl.ledger import told
from etl.ledger.database import Database
from etl.ledger.holder import Holder, this_process
from etl.ledger.imports import ImportLedger
from etl.ledger.location import Location, check_file, locate, make_private_file, no_ledger
from etl.ledger.lock import Lease
from etl.ledger.migrations import holds_ledger, migrate
from etl.ledger.schema import IMPORT, WORKSPACE
from etl.ledger.sqlite import open_sqlite
from etl.ledger.workspaces import Workspace, Workspaces
from etl.records import JobState

__all__ = ["ImportLedger", "Ledger", "Workspace", "open_ledger"]


def open_ledger(url: str, *, clock: Clock, create: bool = True, holder: Holder | None = None, config: Path | None = None) -> Ledger:
    """Opens a ledger, and makes it where there is none.

    Args:
        url: A path, ``sqlite:///path``, ``sqlite://`` for memory, or ``postgresql://…``. Relative paths are of the working directory.
        clock: For leases and records.
        create: False: a ledger that is not there is an error.
        holder: Who takes leases; default: this process.
        config: Whose ledger it is, for what is said where it is missing.

    Raises:
        LedgerError: It cannot be made or opened, is damaged, is something else, or a newer version's.
        LocalFailureError: Its server cannot be reached.
    """
    location = locate(url)
    check_file(location, create=create, config=config)
    make_private_file(location)
    database = _database(location)
    try:
        if location.server is not None and not create:
            _refuse_none(database, location, config)
        created = migrate(database, clock.now())
        ledger = Ledger(database, created=created, clock=clock, holder=holder or this_process())
    except BaseException:
        database.close()
        raise
    database.opened = True
    return ledger


def _refuse_none(database: Database, location: Location, config: Path | None) -> None:
    if not holds_ledger(database):
        raise no_ledger(location, config)


def _database(location: Location) -> Database:
    if location.server is None:
        return open_sqlite(location.path, location.shown)
    try:
        # Here, because its library is an extra.
        from etl.ledger.postgres import open_postgres
    except ImportError as error:
        raise LedgerError(
            f"the ledger {location.shown} needs the library psycopg, which is not usable here: {str(error).splitlines()[0]}",
            next_step="pip install 'lightfield-etl[postgres]', or give a file with --ledger",
        ) from None
    return open_postgres(location.server, location.shown)


class Ledger:
    """The memory of all imports that use one database. Not for two threads at a time.

    Attributes:
        created: This call made it; whoever opened it says so aloud.
        location: For messages; passwords masked.
    """

    def __init__(self, database: Database, *, created: bool, clock: Clock, holder: Holder) -> None:
        self.created = created
        self.location = database.location
        self._database = database
        self._clock = clock
        self._holder = holder
        self._workspaces = Workspaces(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def find_workspace(self, origin: str, member_ids: Collection[str]) -> Workspace | None:
        """The workspace of that origin that shares most members, at least one; of several the one seen last."""
        return self._workspaces.find(origin, member_ids)

    def remember_workspace(self, origin: str, member_ids: Collection[str], *, label: str, workspace: Workspace | None = None) -> Workspace:
        """Finds or creates a workspace, refreshes its label and adds to its members.

        Args:
            origin: Normalized scheme, host and port.
            member_ids: Kept as digests; may be empty where members cannot be read.
            label: For people.
            workspace: The one that it is known to be, whoever its members are by now.
        """
        return self._workspaces.remember(origin, member_ids, label, workspace, self._clock.now())

    def workspaces_with_rows(self, origin: str, name: str) -> list[Workspace]:
        """The workspaces of that origin in which rows of the import of that name are tasks, or may be."""
        return self._workspaces.with_rows(origin, name)

    def remember_api_key(self, workspace: Workspace, api_key: str) -> None:
        """Notes that this key opened this workspace: a salted digest of six bytes."""
        self._workspaces.remember_api_key(workspace, api_key, self._clock.now())

    def known_api_key(self, origin: str, api_key: str) -> list[Workspace]:
        """The workspaces of that origin that this key opened before, last seen first; normally one or none."""
        return self._workspaces.opened_by(origin, api_key)

    def open_import(self, workspace: Workspace, name: str) -> ImportLedger:
        """The rows of an import in a workspace; creates it if it is new. The same name in two workspaces is two imports."""
        known = select(IMPORT.c.id).where(IMPORT.c.workspace_id == workspace.id, IMPORT.c.name == name)
        with self._database.reading() as connection:
            import_id = connection.scalar(known)
        if import_id is None:
            with self._database.writing() as connection:
                self._database.keep_others_out(connection)
                import_id = connection.scalar(known)
                if import_id is None:
                    made = connection.execute(IMPORT.insert().values(workspace_id=workspace.id, name=name).returning(IMPORT.c.id))
                    import_id = made.scalar_one()
        return self._import(import_id, workspace, name)

    def imports(self, name: str | None = None) -> list[ImportLedger]:
        """All imports that the ledger knows, or those of that name; the oldest first. Makes none."""
        query = (
            select(IMPORT.c.id, IMPORT.c.name, WORKSPACE.c.id, WORKSPACE.c.origin, WORKSPACE.c.label)
            .join(WORKSPACE, WORKSPACE.c.id == IMPORT.c.workspace_id)
            .order_by(IMPORT.c.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query if name is None else query.where(IMPORT.c.name == name)).all()
        return [self._import(number, Workspace(*workspace), named) for number, named, *workspace in rows]

    def told(self, name: str, receiver: bytes) -> JobState | None:
        """What the receiver of this import's messages was last told; None where it was never told anything."""
        return told.read(self._database, name, receiver)

    def note_told(self, name: str, receiver: bytes, state: JobState) -> None:
        """Notes what it knows by now.

        Args:
            name: The import's.
            receiver: A digest.
            state: As it was told.
        """
        told.note(self._database, name, receiver, state)

    def probe_writing(self) -> None:
        """Finds out whether it can be written, without changing anything.

        Raises:
            LocalFailureError: It cannot.
        """
        with self._database.writing():
            pass

    def _import(self, import_id: int, workspace: Workspace, name: str) -> ImportLedger:
        lease = Lease(self._database, import_id, name, clock=self._clock, holder=self._holder)
        return ImportLedger(self._database, import_id, workspace, name, lease)

    def close(self) -> None:
        """Gives the database back. Leases that were not released run out."""
        self._database.close()
