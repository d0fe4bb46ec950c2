"""What does bad YAML, or a config that cannot work, get?"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.config.reader import read_config
from etl.errors import ConfigError

SYNTAX = [
    *("a", '"', "'", "{", "}", "[", "]", ":", " ", "\n", "- ", "? ", "&x ", "*x", "!", "!!", "!<", ">", "|", "|2", "%YAML 1.", "%TAG ! x"),
    *("---", "...", "#", "\\", "\\U00110000", "\\x", "0", "\t", "\r", "\u2028", "\x85", "\ufeff", "é", "~", ",", "@", "`", "<<", "="),
]


def lines_of(message: str) -> list[str]:
    return message.splitlines()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "tasks.yaml: is empty; a config needs at least name, source and map"),
        ("# only a comment\n", "tasks.yaml: is empty; a config needs at least name, source and map"),
        ("- a\n- b\n", "tasks.yaml:1:1: found a list, expected keys with values"),
        ("just text\n", "tasks.yaml:1:1: found text, expected keys with values"),
        ("name: [a\nmap: b\n", "tasks.yaml:2:4: expected ',' or ']'"),
        ('name: "open\n', "tasks.yaml:2:1: found unexpected end of stream"),
        ("name:\n\ta: b\n", "indent with blanks, not with tabs"),
        (
            "source:\n  exclude: `Task Type` = 'EMAIL'\n",
            "tasks.yaml:2:12: found character '`' that cannot start any token: if it is text, put",
        ),
        ("name: a: b\n", "tasks.yaml:1:8: mapping values are not allowed here: text that holds ': ' must stand in quotes"),
        ("name: !python/object:os.system x\n", "tasks.yaml:1:7: tag '!python/object:os.system': tags are not read"),
        ("name: !!str 5\n", "tasks.yaml:1:7: tag 'tag:yaml.org,2002:str': tags are not read"),
        ("name: *missing\n", "tasks.yaml:1:7: *missing has no &missing before it"),
        ("? [a]\n: b\n", "tasks.yaml:1:3: a key must be text"),
        ("name: a\n---\nname: b\n", "tasks.yaml:2:1: a second document begins here"),
        ('name: "\\U00110000"\n', "tasks.yaml: not YAML: "),
        ('name: "\\ud800"\n', "tasks.yaml:1:7: the escape of half a character"),
        ("%YAML 1.0\n---\nname: x\n", "tasks.yaml: not YAML: version minor part"),
        (b"name: \x00\n", "tasks.yaml:1:7: character 0 may not stand in YAML"),
        (b"name: x\nmap: caf\xe9\n", "tasks.yaml:2:9: byte 0xe9 is not UTF-8: save the config as UTF-8"),
        (b"\xef\xbb\xbfname: \xe9\n", "tasks.yaml:1:7: byte 0xe9 is not UTF-8"),
        ("[" * 5000, "tasks.yaml:1:51: nested more than 50 levels deep"),
        (b"x" * 1_000_001, "tasks.yaml: is larger than 1,000,000 bytes, which no config is"),
    ],
)
def test_what_is_no_config_is_told_with_its_place(refusal, text, message):
    assert message in refusal(text)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.sampled_from(SYNTAX), max_size=14).map("".join) | st.text(max_size=30))
def test_nothing_but_a_config_error_comes_of_any_text(write, text):
    with pytest.raises(ConfigError):
        read_config(write(text), {})


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file") as caught:
        read_config(tmp_path / "none.yaml", {})
    assert caught.value.next_step
    with pytest.raises(ConfigError, match="is a folder, not a config file"):
        read_config(tmp_path, {})
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / ("x" * 5000), {})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told(write, good):
    path = write(good)
    path.chmod(0)
    with pytest.raises(ConfigError, match="Permission denied"):
        read_config(path, {})


def test_a_name_that_is_not_utf8_is_refused_because_no_report_could_say_it(write, good):
    with pytest.raises(ConfigError, match="is not UTF-8"):
        read_config(write(good, "tasks\udcff.yaml"), {})


def test_a_link_to_itself_is_told(tmp_path):
    path = tmp_path / "loop.yaml"
    path.symlink_to(path)
    with pytest.raises(ConfigError, match=r"cannot be read: Too many levels of symbolic links"):
        read_config(path, {})


@pytest.mark.parametrize("named", ["x" * 5000, "x" * 5000 + ".yaml", "linked/base.yaml"])
def test_a_file_to_extend_that_no_file_can_be_is_told(refusal, tmp_path, named):
    (tmp_path / "linked").symlink_to("linked")
    assert f"tasks.yaml:1:1: extends: no {'file' if '.' in named else 'preset'} '{named[:9]}" in refusal(f"extends: {named}\n")


def test_a_fault_is_no_longer_than_anybody_reads(refusal, good):
    assert len(refusal(f"{good}{'x' * 500_000}: {'y' * 300_000}\n")) < 10_000


def test_a_repeated_key_names_both_places(refusal, good):
    message = refusal(good + "name: again\n")
    assert message == "tasks.yaml:8:1: name: stands twice: here and at tasks.yaml:1:1; remove one of them"


def test_a_yaml_bomb_is_refused_before_it_goes_off(refusal):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "more than 50,000 values once its aliases are written out" in refusal("\n".join(lines))


def test_aliases_do_not_nest_without_end(refusal):
    lines = ["a0: &a0 {x: y}"] + [f"a{n}: &a{n} {{x: *a{n - 1}}}" for n in range(1, 2000)]
    assert "nested more than 50 levels deep once its aliases are written out" in refusal("\n".join(lines))


def test_all_faults_are_told_at_once_in_the_order_of_the_file(refusal):
    message = refusal("""\
        name: x
        mode: snyc
        timezone: America/NewYork
        source: {format: cvs, heder: 3}
        map:
          $title: {colum: X}
          $status: {column: S, valeus: {a: TODO}}
          $dueDate: D
        limits: {rate: fast, attempts: 0}
        """)
    starts = [line.split(": ")[0] for line in lines_of(message)]
    assert starts == sorted(starts, key=lambda place: [int(part) for part in place.split(":")[1:]])
    for expected in (
        "tasks.yaml:2:1: mode: found 'snyc', allowed: create or sync",
        "tasks.yaml:3:1: timezone: 'America/NewYork' is no time zone; did you mean America/New_York?",
        "tasks.yaml:4:1: source.key: is missing and required",
        "tasks.yaml:4:10: source.format: found 'cvs', allowed: csv, tsv, parquet, ndjson or xlsx",
        "tasks.yaml:4:23: source.heder: unknown key; did you mean header? (allowed: path, key, format,",
        "tasks.yaml:5:1: map.$assignedTo: is missing: Lightfield requires it of every task",
        "tasks.yaml:6:12: map.$title.colum: unknown key; did you mean column? (allowed: column, template, sql, value,",
        "tasks.yaml:7:24: map.$status.valeus: unknown key; did you mean values? (allowed: column,",
        "tasks.yaml:8:3: map.$dueDate: no field of a task; did you mean $dueAt? (allowed: $title,",
        "tasks.yaml:9:10: limits.rate: found 'fast', allowed: auto or a number",
        "tasks.yaml:9:22: limits.attempts: found 0, allowed: 1 or more",
    ):
        assert expected in message
    assert len(lines_of(message)) == 11


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("limits: 5\n", "limits: found 5, allowed: keys with values"),
        ("stamp: maybe\n", "stamp: found 'maybe', allowed: true or false"),
        ("guards: {rows: 1.5}\n", "guards.rows: found 1.5, allowed: a whole number"),
        (
            "guards: {max_rejected: some}\n",
            "guards.max_rejected: 'some' is neither a number of rows such as 25 nor a percentage such as 5%",
        ),
        ("retain: long\n", "retain: 'long' is not a duration such as 90s, 15m, 26h or 90d"),
        ("limits: {share: 0}\n", "limits.share: found 0, allowed: more than 0"),
        ("key: Id\n", "key: unknown key here; it is written source.key"),
        ("$title: X\n", "$title: unknown key"),
        ("time: 25:00\n", "time: '25:00' is no time of day (allowed: HH:MM or HH:MM:SS, such as 17:00)"),
        ("timezone: ../etc/passwd\n", "timezone: '../etc/passwd' is no time zone"),
        ("extra: 5\n", "extra: unknown key"),
    ],
)
def test_a_wrong_value_at_the_top_is_told(refusal, good, added, message):
    assert f"tasks.yaml:8:{'1' if ':' not in message.split(':')[0] else ''}" in refusal(good + added)
    assert message in refusal(good + added)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("$foo: X", "map.$foo: no field of a task"),
        ("$note: X", "map.$note: $note is read-only in Lightfield"),
        ("$description: {}", "map.$description: takes exactly one of column, template, sql, value; found none of them"),
        ("$description: {column: A, value: B}", "takes exactly one of column, template, sql, value; found column and value"),
        ("$description: {column: A, lookup: member.email}", "$description is a value, not a link: there is nothing to look up"),
        (
            "$description: {template: {Notes}}",
            "template: found keys with values, allowed: text; put text that begins with { or [ in quotes",
        ),
        ("$description: {column: A, formats: iso}", "map.$description.formats: only $dueAt is a date; remove it here"),
        ("$description: {column: A, timezone: Europe/Rome}", "map.$description.timezone: only $dueAt is a date"),
        ("$description: {column: A, max_length: 0}", "map.$description.max_length: found 0, allowed: more than 0"),
        ("$description: {column: A, html: perhaps}", "map.$description.html: found 'perhaps', allowed: true or false"),
        (
            "$dueAt: {column: A, formats: [YYYY-MM-DD]}",
            "'YYYY-MM-DD' is no format (allowed: iso, epoch-ms, epoch-s, or a pattern such as %Y",
        ),
        ("$dueAt: {column: A, time: noon}", "map.$dueAt.time: 'noon' is no time of day"),
        ("$dueAt: {column: A, timezone: Mars}", "map.$dueAt.timezone: 'Mars' is no time zone"),
        ("$account: {column: A, lookup: member.email}", "'member.email' does not fit $account (allowed: account.name, account.website)"),
        (
            "territory: {column: A, lookup: teritory.name}",
            "map.territory.lookup: found 'teritory.name', allowed: member.email, member.name",
        ),
        ("$account: {column: A, take: first}", "map.$account.take: says which part of a split cell, but there is no split"),
        ("$dueAt: {column: A, split: ';', take: all}", "map.$dueAt.take: $dueAt takes one value; write take: first"),
        ("$account: {column: A, values: {a: [b]}}", "map.$account.values.a: found a list, allowed: text"),
        ("$account: {column: A, values: {file: a.csv, from: [b]}}", "map.$account.values.from: found a list, allowed: text"),
    ],
)
def test_a_field_that_cannot_work_is_told(refusal, good, entry, message):
    said = refusal(f"{good}  {entry}\n")
    assert said.startswith("tasks.yaml:8:")
    assert message in said
    assert len(lines_of(said)) == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("values: {Done: COMPLETED}", "map.$status.values.Done: 'COMPLETED' is no status; did you mean COMPLETE? (allowed: TODO,"),
        ("unknown: to_do", "map.$status.unknown: 'to_do' is no status; did you mean TODO? (allowed: reject, TODO,"),
        ("empty: Open", "map.$status.empty: 'Open' is no status"),
        ("empty: skip", "map.$status.empty: skip leaves $status out, but Lightfield requires it (allowed: reject, or a value)"),
        ("unknown: note", "map.$status.unknown: note leaves $status out, but Lightfield requires it"),
    ],
)
def test_a_status_that_lightfield_does_not_know_is_told_before_any_row_is_read(refusal, good, status, message):
    assert message in refusal(good.replace("values: {Open: TODO}", status))


def test_a_status_may_be_written_as_people_do(read, good):
    """Its rows are read that way too."""
    assert read(good.replace("values: {Open: TODO}", "values: {Open: In progress}, unknown: todo"))


def test_a_constant_status_may_be_translated(read, good):
    assert read(good.replace("column: Status,", "column: Status, empty: open,")).job.map["$status"].empty == "open"


@pytest.mark.parametrize(
    "url", ["http://hooks.example/hunter2", "ftp://hooks.example/hunter2", "hooks.example/hunter2", "https:///hunter2", "https://[hunter2"]
)
def test_a_webhook_is_an_https_address_which_is_never_shown(refusal, good, url):
    message = refusal(f'{good}notify: {{url: "{url}"}}\n')
    assert "notify.url: is no https address" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "url", ["https://hooks.example/T0/B0", "http://localhost:8080/hook", "http://127.0.0.1/hook", "http://[::1]:9/hook"]
)
def test_a_webhook_on_this_machine_may_do_without_tls(read, good, url):
    assert read(f'{good}notify: {{url: "{url}"}}\n').job.notify.url == url


def test_the_defaults_of_sync_may_be_written_down(read, good):
    assert read(good + "sync: {on_missing: ignore, max_missing: 10%, on_conflict: report}\n").job.sync.max_missing == 0.1


def test_a_sync_needs_a_key(refusal, good):
    message = refusal(good.replace("key: Id", "key: content") + "mode: sync\n")
    assert "source.key: `key: content` cannot be synced: a row whose cells change gets another identity" in message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("encoding: utf8000", "source.encoding: 'utf8000' is no encoding"),
        ("encoding: hex", "source.encoding: 'hex' is no encoding"),
        ("delimiter: ',,'", "source.delimiter: ',,' is no delimiter"),
        ("key: []", "source.key: found an empty list, allowed: 1 or more of it"),
        ("key: [[]]", "tasks.yaml:3:9: source.key.0: found an empty list, allowed: 1 or more of it"),
        ("key: [A, {b: c}]", "tasks.yaml:3:12: source.key.1: found keys with values, allowed: text"),
        ("key: [[[A]]]", "tasks.yaml:3:10: source.key.0.0: found a list, allowed: text"),
        ("key: [A, [B, ' a']]", "source.key: ' a' is two of its parts; other names of one column stand in a list of their own"),
        ("header: 0", "source.header: found 0, allowed: auto or 1 or more"),
    ],
)
def test_a_source_that_cannot_work_is_told(refusal, good, source, message):
    text = good.replace("key: Id", source if source.startswith("key") else f"key: Id\n  {source}")
    assert message in refusal(text)


def test_a_slip_beside_the_name_of_a_side_file_is_told(refusal, good):
    """As translations of the words `file` and `form` it would silently translate nothing."""
    message = refusal(good + "  $account: {column: C, values: {file: companies.csv, form: Id}}\n")
    assert message == "tasks.yaml:8:55: map.$account.values.form: unknown key beside file; did you mean from? (allowed: file, from, to)"


@pytest.mark.parametrize("bad", [5, "x", ["a"], {"a": {"b": "c"}}, None, True, [[]], {"": {"": ""}}])
@pytest.mark.parametrize("place", ["source", "map", "limits", "name", "notify", "guards", "sync", "workspace", "extends", "ledger", "time"])
def test_no_wrong_type_anywhere_ends_in_anything_but_a_config_error(write, good, place, bad):
    kept = "".join(line for line in good.splitlines(keepends=True) if place in ("source", "map") or not line.startswith(f"{place}:"))
    text = f"{kept}{place}2: 1\n" + f"{place}: {json.dumps(bad)}\n"
    with pytest.raises(ConfigError):
        read_config(write(text), {})


@pytest.mark.parametrize("bad", [5, "x", ["a"], {"a": {"b": "c"}}, None, True, [[]], [{"a": []}]])
@pytest.mark.parametrize(
    "option", ["column", "template", "values", "formats", "lookup", "split", "take", "html", "max_length", "empty", "unknown", "time"]
)
def test_no_wrong_type_in_a_field_ends_in_anything_but_a_config_error(write, good, option, bad):
    path: Path = write(good + f"  $dueAt: {{{option}: {json.dumps(bad)}, wrong: 1}}\n")
    with pytest.raises(ConfigError, match=r"map\.\$dueAt\.wrong: unknown key"):
        read_config(path, {})
