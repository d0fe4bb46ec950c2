"""Does the one door for messages say the right thing in each of its modes?"""

from __future__ import annotations

import io
import json

import pytest

from etl.report.voice import Voice, make_console


@pytest.fixture
def speak(make):
    """A voice of some mode, and the stream that it speaks to."""

    def voice(mode="text", environ=None):
        stream = io.StringIO()
        return Voice(make_console(stream, environ or {}), mode=mode, now=lambda: make.noon, run_id="r1"), stream

    return voice


def test_text_is_a_line_for_each_message_with_its_gravity(speak):
    voice, stream = speak()
    voice.say("info", "ledger_created", "made a ledger")
    voice.say("warning", "assumed", "assumed cp1252")
    voice.say("error", "settings", "no API key")
    assert stream.getvalue() == "made a ledger\nwarning: assumed cp1252\nerror: no API key\n"


def test_text_of_several_lines_keeps_them(speak):
    voice, stream = speak()
    voice.say("error", "config", "a.yaml:1:1: one\na.yaml:2:1: two")
    assert stream.getvalue() == "error: a.yaml:1:1: one\na.yaml:2:1: two\n"


def test_a_long_command_is_not_broken_into_lines(speak):
    voice, stream = speak()
    voice.next_step("lightfield-etl run " + "x" * 300)
    assert stream.getvalue() == f"next: lightfield-etl run {'x' * 300}\n"


def test_markup_emoji_and_escapes_in_a_message_are_shown_as_they_are(speak):
    voice, stream = speak()
    voice.say("info", "note", "[bold red]x[/] :smile: \x1b[2J [link=http://evil]y[/link]")
    assert stream.getvalue() == "[bold red]x[/] :smile: ␛[2J [link=http://evil]y[/link]\n"


def test_quiet_keeps_warnings_errors_and_what_to_do_next(speak):
    voice, stream = speak("quiet")
    voice.say("info", "note", "a note")
    voice.show("plan", lambda: pytest.fail("nobody looks"))
    voice.say("warning", "assumed", "assumed")
    voice.say("error", "stopped", "stopped")
    voice.next_step("run it again")
    assert stream.getvalue() == "warning: assumed\nerror: stopped\nnext: run it again\n"


def test_json_is_one_object_a_line_with_time_level_event_run_and_fields(speak):
    voice, stream = speak("json")
    voice.say("warning", "assumed", "two\nlines\x1b", encoding="cp1252", ts="not this one")
    voice.show("plan", lambda: pytest.fail("nobody looks"), rows=3)
    voice.next_step("again")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines == [
        {
            "ts": "2026-11-22T12:00:00.000Z",
            "level": "warning",
            "event": "assumed",
            "run_id": "r1",
            "message": "two\nlines\x1b",
            "encoding": "cp1252",
        },
        {"ts": "2026-11-22T12:00:00.000Z", "level": "info", "event": "plan", "run_id": "r1", "rows": 3},
        {"ts": "2026-11-22T12:00:00.000Z", "level": "info", "event": "next_step", "run_id": "r1", "message": "again"},
    ]
    assert stream.getvalue().isascii()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("environ", "coloured"), [({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({}, False)]
)
def test_colour_needs_a_terminal_and_no_objection(speak, environ, coloured):
    voice, stream = speak(environ={"TERM": "xterm-256color", **environ})
    voice.say("error", "x", "oh")
    assert ("\x1b[1;31m" in stream.getvalue()) == coloured
    assert "error: oh" in stream.getvalue()
