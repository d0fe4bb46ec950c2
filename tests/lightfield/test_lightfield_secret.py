"""Are the key and the address that it is sent to kept safe?"""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from etl.errors import SettingsError
from etl.lightfield.secret import ApiKey, normalise_origin

KEY = "sk_lf_very_secret_0123456789abcdef"


def test_a_key_shows_its_last_four_characters_alone():
    key = ApiKey(f" {KEY}\n")
    assert {repr(key), str(key), f"{key}", "%s" % key} == {"ApiKey(…cdef)"}  # noqa: UP031  one of the ways in which it could leak
    assert key.reveal() == KEY


def test_a_short_key_shows_nothing():
    assert "abc" not in repr(ApiKey("abc"))


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy, json.dumps])
def test_a_key_is_written_nowhere(write):
    with pytest.raises(TypeError) as caught:
        write(ApiKey(KEY))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("text", ["", "  ", "two words", "kéy", "a\x00b", "a\nb"])
def test_what_can_be_no_key_is_refused_without_showing_it(text):
    with pytest.raises(SettingsError) as caught:
        ApiKey(text)
    assert not text.strip() or text not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://api.lightfield.app", "https://api.lightfield.app"),
        (" HTTPS://API.Lightfield.app:443/ ", "https://api.lightfield.app"),
        ("https://api.example:8443", "https://api.example:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:9000/", "http://[::1]:9000"),
    ],
)
def test_two_ways_to_write_an_origin_are_one(given, origin):
    assert normalise_origin(given) == origin


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("http://api.lightfield.app", "use https://api.lightfield.app"),
        ("http://127.0.0.2", "use https"),
        ("http://localhost.evil.example", "use https"),
        ("ftp://localhost", "https"),
        ("api.lightfield.app", "https"),
        ("", "https"),
        ("https://", "https"),
        ("https://host:99999", "https"),
        ("https://[::1", "https"),
        ("https://user:hunter2@api.lightfield.app", "between // and @"),
        ("https://api.lightfield.app?key=hunter2", "from ?"),
        ("https://api.lightfield.app/v1", "scheme and host only"),
    ],
)
def test_an_address_that_would_not_keep_the_key_is_refused_with_a_hint(given, hint):
    with pytest.raises(SettingsError) as caught:
        normalise_origin(given)
    assert hint in caught.value.next_step
    assert "hunter2" not in str(caught.value) + caught.value.next_step
