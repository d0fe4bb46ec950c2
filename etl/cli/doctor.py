"""``lightfield-etl doctor``: is everything there that a run needs?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl.cli.options import DATA


@click.command("doctor")
@click.argument("config", required=False, type=click.Path(path_type=Path))
@DATA
@click.option("--ledger", metavar="URL", help="Where the ledger is [default: as for run]")
@click.option("--base-url", metavar="URL", help="The API's address [default: $LIGHTFIELD_BASE_URL, else https://api.lightfield.app]")
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    help="A file that holds the API key [default: $LIGHTFIELD_API_KEY, $LIGHTFIELD_API_KEY_FILE or $LIGHTFIELD_API_KEY_COMMAND]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON on stdout, and nothing else there.")
@click.option("--quiet", is_flag=True, help="Say only what is wrong.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="The form of the messages on stderr."
)
def command(config: Path | None, data: tuple[str, ...], *, as_json: bool, quiet: bool, log_format: str, **options: Any) -> int:
    """Look at all that a run of CONFIG needs, and say of each thing that it is ok or what to do; writes nothing, here or there.

    The API key and its scopes against what CONFIG needs, the version of the API, this machine's clock, limits, the workspace, the map,
    the ledger, and the header of DATA (or of source.path). Without CONFIG what needs none.
    """
    from etl.cli.launch import make_voice, surroundings, with_typed_key
    from etl.jobs.doctor import examine
    from etl.jobs.request import JobRequest
    from etl.report.diagnosis import diagnosis_text, show_diagnosis

    voice = make_voice(quiet=quiet, log_format=log_format)
    request = JobRequest(command="doctor", config_path=config or Path(), data=data, typed="lightfield-etl doctor", **options)
    around = surroundings(voice, None)
    if not as_json:
        around = with_typed_key(request, around)
    diagnosis = examine(request, around, with_config=config is not None)
    show_diagnosis(voice, diagnosis)
    if as_json:
        click.echo(diagnosis_text(diagnosis), nl=False)
    return diagnosis.exit_code
