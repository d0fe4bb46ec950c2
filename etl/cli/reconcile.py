"""``lightfield-etl reconcile``: rebuild a lost ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl.cli.options import CONFIG, DATA, writer_options


@click.command("reconcile")
@CONFIG
@DATA
@writer_options
def command(config: Path, data: tuple[str, ...], **options: Any) -> int:
    """Rebuild the ledger of CONFIG from the tasks that Lightfield holds, and settle uncertain rows; writes nothing to Lightfield.

    Every row of DATA that has its task there is noted as such: by its stamp where the config says stamp: true, else by its content. Rows
    that are not there are created by the next run; rows that could be a task that people have edited stay uncertain and are not sent.
    """
    from etl.cli.launch import start

    return start("reconcile", config, data, **options)
