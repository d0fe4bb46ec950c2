"""``lightfield-etl sandbox``: a local Lightfield API to practise on."""

from __future__ import annotations

import click

from etl.cli.options import Number, WholeNumber


@click.command("sandbox")
@click.option(
    "--port", type=WholeNumber(0, 65535), default=8080, show_default=True, metavar="N", help="Listen on port N; 0 takes a free one."
)
@click.option(
    "--rate",
    type=Number(min=0, min_open=True),
    default=25.0,
    show_default=True,
    metavar="N",
    help="Allow N requests a second of each category.",
)
@click.option("--latency", type=Number(min=0), default=80.0, show_default=True, metavar="N", help="Let each answer take N milliseconds.")
@click.option(
    "--list-lag",
    type=Number(min=0),
    default=0.0,
    show_default=True,
    metavar="N",
    help="Let a new task show up in lists after N seconds.",
)
@click.option(
    "--faults",
    default="none",
    show_default=True,
    metavar="FAULTS",
    help="Let things go wrong: none, bad_night, or such as error_after=0.05,slow=0.01.",
)
@click.option("--seed", type=int, default=None, metavar="N", help="Draw the same ids and faults at every start with N.")
def command(port: int, faults: str, seed: int | None, **figures: float) -> None:
    """Serve a local Lightfield API on 127.0.0.1, with the documented semantics and a workspace to practise on.

    Everything is in memory: it is gone when this ends.
    """
    from random import Random

    from etl.errors import SettingsError
    from etl.sandbox.access import SANDBOX_KEY
    from etl.sandbox.app import Sandbox
    from etl.sandbox.faults import Faults, FaultsError
    from etl.sandbox.limits import Limits
    from etl.sandbox.server import serve
    from etl.sandbox.workspace import Workspace

    try:
        trouble = Faults.parse(faults)
    except FaultsError as error:
        raise click.BadParameter(str(error), param_hint="--faults") from None
    sandbox = Sandbox(
        Workspace.sample(),
        limits=Limits(*[figures["rate"]] * 3),
        faults=trouble,
        latency_seconds=figures["latency"] / 1000,
        list_lag_seconds=figures["list_lag"],
        random=Random(seed),  # noqa: S311  dice, no secret
    )

    def announce(url: str) -> None:
        click.echo(f"Sandbox at {url}, until Ctrl-C. In another terminal:", err=True)
        click.echo(f"export LIGHTFIELD_BASE_URL={url} LIGHTFIELD_API_KEY={SANDBOX_KEY}")

    try:
        serve(sandbox, port=port, announce=announce)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on port {port}: {error.strerror}", next_step="choose another --port, or 0 for a free one"
        ) from None
