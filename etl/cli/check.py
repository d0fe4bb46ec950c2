"""``lightfield-etl check``: everything but the load."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from etl.cli.options import CONFIG, DATA, LIMIT, shared_options


@click.command("check")
@CONFIG
@DATA
@LIMIT
@click.option(
    "--offline", is_flag=True, help="Ask nobody: no API key is needed, look-ups are counted as unchecked, and lookups.csv is left alone."
)
@click.option("--show-config", is_flag=True, help="Print the config with all that it extends, as YAML on stdout, and do nothing else.")
@shared_options
def command(config: Path, data: tuple[str, ...], *, show_config: bool, **options: Any) -> int:
    """Look at DATA through CONFIG and say what a run would do; sends nothing.

    Problems by kind with row numbers and examples, the statuses, people and companies that do not resolve, what would be created, and how
    long it would take. Names that Lightfield does not know go to lookups.csv beside CONFIG. Exit 1 when rows need a person.
    """
    if show_config:
        return _show(config)
    from etl.cli.launch import start

    return start("check", config, data, **options)


def _show(config: Path) -> int:
    """Print the merged config; only the config itself can be wrong then."""
    from etl.config.reader import read_config
    from etl.config.shown import merged_text

    click.echo(merged_text(read_config(config, os.environ)), nl=False)
    return 0
