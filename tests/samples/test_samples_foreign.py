"""What does a preset say to a file that another system wrote?"""

from __future__ import annotations

import pytest

from etl.config.presets import preset_names, preset_path

FOREIGN = (("Ticket", "Betreff", "Fällig am"), ("1", "Anrufen", "2026-11-05"))


@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_refuses_a_file_of_another_system_and_names_the_headers_that_it_found(rehearsal, preset):
    ended = rehearsal.check(preset, rehearsal.write("foreign.csv", FOREIGN))
    assert ended.summary.exit_code == 2
    assert "Ticket, Betreff, Fällig am" in ended.summary.message


@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_begins_by_pointing_editors_at_the_schema_and_says_next_what_is_unproven(preset):
    first, second, *rest = preset_path(preset).read_text(encoding="utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=lightfield-etl.schema.json"
    assert not any(line.startswith("# unproven:") for line in rest)
    if preset in {"attio", "close", "dynamics", "monday", "odoo", "suitecrm", "trello"}:
        assert second.startswith("# unproven: ")
