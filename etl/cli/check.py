"""``lightfield-etl check``: everything but the load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl.cli.options import CONFIG, DATA, LIMIT, shared_options


@click.command("check")
@CONFIG
@DATA
@LIMIT
@click.option("--offline", is_flag=True, help="Ask nobody: no API key is needed, and look-ups are counted as unchecked.")
@shared_options
def command(config: Path, data: tuple[str, ...], **options: Any) -> int:
    """Look at DATA through CONFIG and say what a run would do; sends nothing.

    Problems by kind with row numbers and examples, the distinct statuses, people and companies that do not resolve, what would be
    created, and how long it would take. Exit 1 when rows need a person.
    """
    from etl.cli.start import start

    return start("check", config, data, **options)
