"""The commands and options that people, scripts and schedulers hold us to."""

from __future__ import annotations

import json
import os

import click
import pytest

from etl.cli.main import group

_REPORTING = {"--json", "--quiet", "--log-format"}
_SERVICE = {"--ledger", "--base-url", "--api-key-file", "--out"} | _REPORTING
_RUN = {"--limit", "--sync", "--no-sync", "--yes", "--rate", "--concurrency", "--max-failures", "--max-duration", "--stream"}
CONTRACT = {
    "init": set(),
    "check": _SERVICE | {"--offline"},
    "run": _SERVICE | _RUN | {"--wait", "--complete", "--force-new", "--sandbox", "--faults"},
    "demo": set(),
    "verify": _SERVICE | {"--run"},
    "undo": _SERVICE | {"--wait", "--yes", "--by", "--even-if-edited"},
    "runs": {"--ledger", "--json", "--failures"},
    "doctor": {"--ledger", "--base-url", "--api-key-file", "--json"},
    "retry": _SERVICE | {"--wait"},
    "reconcile": _SERVICE | {"--wait"},
    "sandbox": set(),
    "schema": set(),
}
WRITING = ("check", "run", "verify", "undo", "retry", "reconcile")


def test_the_commands_are_those_of_the_contract():
    assert group.list_commands(click.Context(group)) == list(CONTRACT)


@pytest.mark.parametrize("name", CONTRACT)
def test_each_command_has_the_options_of_the_contract(name):
    command = group.get_command(click.Context(group), name)
    there = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    assert CONTRACT[name] <= there


@pytest.mark.parametrize("command", WRITING)
def test_ledger_address_key_and_folder_may_be_given_to_each_command_that_uses_them(desk, make_row, command):
    """All at once, with nothing in the environment; and with --json the summary is all that stands on stdout."""
    desk.config()
    desk.csv([make_row(1), make_row(2, status="Nonsense")])
    assert desk("run", "desk.yaml", "tasks.csv", "--ledger", "elsewhere.ledger").code == 1
    url, key = (os.environ[name] for name in ("LIGHTFIELD_BASE_URL", "LIGHTFIELD_API_KEY"))
    desk.monkeypatch.delenv("LIGHTFIELD_BASE_URL")
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    desk.write("secret.key", key).chmod(0o600)
    data = [] if command in {"undo", "retry"} else ["tasks.csv"]
    asks_nothing = ["--yes"] if command in {"run", "undo"} else []
    places = ["--ledger", "elsewhere.ledger", "--base-url", url, "--api-key-file", "secret.key", "--out", "reports"]
    ended = desk(command, "desk.yaml", *data, *places, *asks_nothing, "--json", "--quiet")
    assert ended.code == (0 if command == "undo" else 1), ended.stderr
    assert json.loads(ended.stdout) == ended.summary
    assert ended.summary["command"] == command
    assert ended.folder.parent == desk.folder / "reports"
    assert not (desk.folder / "desk.ledger").exists()
    assert ended.stderr.count("\n") <= 1
