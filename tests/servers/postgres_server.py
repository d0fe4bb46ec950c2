"""A real PostgreSQL server, started for tests and gone with them; nothing of it outlives them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    import psycopg

PASSWORD = "hunter2:@/?%"
"""Of the role ``keyed``, which needs one; the role ``etl`` owns everything and needs none."""

_HBA = """
local all all trust
host all keyed 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "120",
    "shared_buffers": "16MB",
    "autovacuum": "off",
    "jit": "off",
    "ssl": "on",
}
# Ends the server soon after the tests have ended, however they did.
_WATCH = """
trap "" HUP INT
while kill -0 "$2"; do sleep 0.5; done
kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"
sleep 0.5
rm -rf "$1"
"""


class PostgresServer:
    """A server of its own, on a free port of 127.0.0.1 and on a socket in its folder.

    Attributes:
        port: Where it listens.
        folder: Its data, certificate (``data/server.crt``) and log.
    """

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder
        # Kept, because a session's first statement costs the server more than many others.
        self._owner: psycopg.Connection[Any] | None = None

    @classmethod
    def made(cls, *, for_process: int | None = None, **settings: str) -> PostgresServer:
        """A new server, started.

        Args:
            for_process: Soon after it has ended, the server is gone; default: this one.
            settings: Other ones than usual.
        """
        folder = Path(tempfile.mkdtemp(prefix="etl-postgres-"))
        _let_it_have(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            server = cls(free.getsockname()[1], folder)
        data = folder / "data"
        _run("initdb", "-D", data, "-U", "etl", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        (data / "pg_hba.conf").write_text(_HBA)
        lines = [f"{name} = '{value}'\n" for name, value in {**_SETTINGS, "unix_socket_directories": str(folder), **settings}.items()]
        (data / "postgresql.auto.conf").write_text("".join(lines))
        certificate = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "server.key", "-out", "server.crt")
        command = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", *certificate)
        subprocess.run(command, check=True, capture_output=True, cwd=data, **_as_user())
        server.start()
        watcher = f"({_WATCH}) >/dev/null 2>&1 </dev/null &"
        subprocess.run(["sh", "-c", watcher, "watch", str(folder), str(for_process or os.getpid())], check=True, start_new_session=True)
        server.sql(f"CREATE ROLE keyed LOGIN PASSWORD '{PASSWORD}'")
        server.close()
        return server

    def start(self) -> None:
        """As it was made."""
        _run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", f"-p {self.port}", "start")

    def crash(self) -> None:
        """At once, as when its machine goes away; it recovers when it is started."""
        self.close()
        _run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """As the owner of everything."""
        import psycopg

        if self._owner is None:
            self._owner = psycopg.connect(f"postgresql://etl@127.0.0.1:{self.port}/postgres?sslmode=disable", autocommit=True)
        cursor = self._owner.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Whoever asks again connects again."""
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    def url(self, schema: str, *, user: str = "etl", **options: str) -> str:
        """Of a ledger in that schema; without TLS unless asked for, because shaking hands is most of the work of a small test."""
        more = "".join(f"{name}={value}&" for name, value in {"sslmode": "disable", **options}.items())
        return f"postgresql://{user}@127.0.0.1:{self.port}/postgres?{more}options=-csearch_path%3D{schema}"

    def new_schema(self) -> str:
        """Empty, and nobody else's."""
        name = f"t_{uuid4().hex[:12]}"
        self.sql(f"CREATE SCHEMA {name}")
        return name


def what_is_missing() -> str | None:
    """Why no server can be made here; None where one can."""
    missing = [name for name in ("initdb", "pg_ctl", "postgres") if _binary(name) is None]
    if missing:
        where = "neither on PATH nor in /usr/lib/postgresql/*/bin (apt-get install postgresql)"
        return f"no PostgreSQL server here: {', '.join(missing)} {where}"
    if shutil.which("openssl") is None:
        return "no openssl here, which makes the test server's certificate: apt-get install openssl"
    return None


def _binary(name: str) -> str | None:
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, newest_first)))


def _as_user() -> dict[str, object]:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _let_it_have(folder: Path) -> None:
    user = _as_user()
    if user:
        os.chown(folder, user["user"], user["group"])


def _run(name: str, *words: object) -> None:
    # To a file, because a server keeps what it inherits open, and a pipe would never end.
    with tempfile.TemporaryFile() as said:
        command = [str(_binary(name)), *map(str, words)]
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False, cwd="/", **_as_user())
        said.seek(0)
        assert ended.returncode == 0, said.read().decode(errors="replace")
