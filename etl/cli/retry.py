"""``lightfield-etl retry``: send again what earlier runs left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl.cli.options import CONFIG, writer_options


@click.command("retry")
@CONFIG
@click.argument("run", required=False)
@writer_options
def command(config: Path, run: str | None, **options: Any) -> int:
    """Send again, from the ledger alone, the rows of the import of CONFIG that are failed or uncertain; with RUN only that run's.

    For a source that is gone: where it is still there, run the same command again instead, which reads corrected rows too. Rejected rows
    were never sent and are out of reach.
    """
    from etl.cli.launch import start

    return start("retry", config, (), run=run, **options)
