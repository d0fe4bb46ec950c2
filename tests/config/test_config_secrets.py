"""Does a secret stay out of configs, and out of what is said about them?"""

from __future__ import annotations

import pytest

KEY = "sk_lf_very0secret"


@pytest.mark.parametrize(
    "line",
    [
        f"api_key: {KEY}",
        f"# {KEY}",
        f"retain: {KEY}",
        f"{KEY}: 5",
        f"limits: {{rate: {KEY}}}",
        f"notify: {{url: {KEY}}}",
        f"extends: {KEY}",
    ],
)
def test_an_api_key_in_a_config_is_a_fault_that_never_shows_it(refusal, good, line):
    message = refusal(f"{good}{line}\n")
    assert "tasks.yaml:8:" in message
    assert "the API key never goes into a config" in message
    assert "LIGHTFIELD_API_KEY or --api-key-file" in message
    assert "very0secret" not in message


@pytest.mark.parametrize("line", [f'name: "{KEY}', f"name: !{KEY} x", f"name: *{KEY}"])
def test_an_api_key_in_broken_yaml_is_not_shown_either(refusal, line):
    assert "very0secret" not in refusal(f"{line}\n")


def test_an_api_key_is_told_once_a_line(refusal, good):
    assert len(refusal(f"{good}api_key: {KEY}\n").splitlines()) == 1


@pytest.mark.parametrize("name", ["api_key", "apiKey", "API-KEY", "token", "authorization"])
def test_a_place_for_the_key_is_refused_whatever_it_holds(refusal, good, name):
    message = refusal(f"{good}{name}: whatever\n")
    assert f"tasks.yaml:8:1: {name}: the API key never goes into a config" in message
    assert "whatever" not in message


def test_the_base_url_never_comes_from_a_config(refusal, good):
    message = refusal(f"{good}base_url: https://evil.example\n")
    assert "tasks.yaml:8:1: base_url: the base URL never comes from a config" in message
    assert "--base-url or LIGHTFIELD_BASE_URL" in message


def test_values_under_secret_names_are_not_shown(refusal, good):
    message = refusal(f"{good}ledger: [hunter2]\nnotify: {{url: [hunter2], format: x}}\n  \npassword: hunter2\n")
    assert "ledger: found a value that is not shown, allowed: text" in message
    assert "hunter2" not in message


def test_variables_are_expanded_in_three_places_alone(read, good):
    text = good.replace("key: Id", 'key: Id\n  path: ["${DIR}/a.csv", b.csv]').replace("my-tasks", "${DIR}") + 'ledger: "${DB}/$${x}"\n'
    job = read(text, {"DIR": "/exports", "DB": "postgresql://db"}).job
    assert job.source.path == ("/exports/a.csv", "b.csv")
    assert job.ledger == "postgresql://db/${x}"
    assert job.name == "${DIR}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${NOPE}", "ledger: ${NOPE}: the environment has no variable NOPE; set it"),
        ("${EMPTY}", "ledger: ${EMPTY}: the variable EMPTY is empty; set it"),
        ("${A-B}", "ledger: ${A-B} names no variable"),
        ("${", "ledger: ${} names no variable"),
        ("${LIGHTFIELD_API_KEY}", "ledger: ${LIGHTFIELD_API_KEY} is never expanded: the API key never goes into a config"),
        ("${OTHER}", "ledger: the API key never goes into a config"),
    ],
)
def test_a_variable_that_cannot_be_expanded_is_a_fault(refusal, good, text, message):
    said = refusal(f'{good}ledger: "{text}"\n', {"EMPTY": "", "LIGHTFIELD_API_KEY": KEY, "OTHER": KEY})
    assert f"tasks.yaml:8:1: {message}" in said
    assert "very0secret" not in said
