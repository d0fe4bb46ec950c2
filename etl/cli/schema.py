"""``lightfield-etl schema``: the JSON Schema of the config."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the config, for editors."""
    from etl.config.schema import schema_text

    click.echo(schema_text(), nl=False)
