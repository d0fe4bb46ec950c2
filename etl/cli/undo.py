"""``lightfield-etl undo``: take back what runs wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl.cli.options import CONFIG, Duration, Number, writer_options


@click.command("undo")
@CONFIG
@click.argument("run", required=False)
@click.option(
    "--by", type=click.Choice(["trash", "cancel"]), default="trash", show_default=True, help="What to do with tasks that were made."
)
@click.option(
    "--even-if-edited", is_flag=True, help="Take back what people touched since, too; edited.ndjson keeps those tasks as they were."
)
@click.option("--yes", is_flag=True, help="Ask nothing: for scripts.")
@click.option(
    "--rate",
    type=Number(min=0, min_open=True),
    metavar="N",
    help="Send at most N writes a second [default: what Lightfield allows]",
)
@click.option("--max-duration", type=Duration(), metavar="DURATION", help="Stop (exit 3) after so long, such as 2h.")
@writer_options
def command(config: Path, run: str | None, by: str, max_duration: float | None, **options: Any) -> int:
    """Take back what RUN of the import of CONFIG wrote, or all that the import ever wrote; tasks that people touched since are left.

    Tasks that were made go to the trash, what was updated gets its former values back. An undo is a run of its own, with its reports; it
    can be interrupted, run again, and itself be undone.
    """
    from etl.cli.launch import start

    return start("undo", config, (), run=run, by_cancel=by == "cancel", max_duration_seconds=max_duration, **options)
