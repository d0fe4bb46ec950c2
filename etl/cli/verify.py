"""``lightfield-etl verify``: prove what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl.cli.options import CONFIG, DATA, shared_options


@click.command("verify")
@CONFIG
@DATA
@click.option("--run", "run", metavar="RUN", help="Take only the rows that this run wrote last.")
@shared_options
def command(config: Path, data: tuple[str, ...], **options: Any) -> int:
    """Hold every row of DATA against its task in Lightfield, over all runs of the import of CONFIG; writes nothing there.

    Each row is equal, edited by people since, different, missing, excluded, a duplicate, rejected or failed; the numbers add up to the
    rows of the files. Leaves receipt.json and a printable receipt.html, and verify.csv with what is not as the source says.
    """
    from etl.cli.launch import start

    return start("verify", config, data, **options)
