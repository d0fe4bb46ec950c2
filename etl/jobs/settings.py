"""Which key, which address, which ledger? A flag beats the environment, the environment beats the config."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from etl.config.model import ReadConfig
from etl.errors import SettingsError
from etl.jobs.request import DEFAULT_BASE_URL, JobRequest, Surroundings
from etl.lightfield.client import API_VERSION
from etl.lightfield.secret import ApiKey, normalise_origin
from etl.report.voice import Voice

_LONGEST_KEY_FILE = 10_000
KEY_COMMAND_SECONDS = 30

_NO_KEY = "there is no API key"
_NO_KEY_STEP = (
    "set LIGHTFIELD_API_KEY, or LIGHTFIELD_API_KEY_FILE to a file that holds the key (or give --api-key-file), "
    "or LIGHTFIELD_API_KEY_COMMAND to a command that prints it; without an account: run --sandbox rehearses, check --offline looks"
)


def api_key(request: JobRequest, around: Surroundings) -> ApiKey:
    """The API key from a file, the environment, a file named there, or a command.

    Raises:
        SettingsError: There is none, or it cannot be read.
    """
    if around.practice:
        return ApiKey(around.practice.api_key)
    environment = around.environment
    if request.api_key_file:
        return _from_file(around.working_folder / request.api_key_file, "--api-key-file", around.voice)
    if environment.get("LIGHTFIELD_API_KEY", "").strip():
        return _checked(environment["LIGHTFIELD_API_KEY"], "LIGHTFIELD_API_KEY")
    if environment.get("LIGHTFIELD_API_KEY_FILE"):
        return _from_file(around.working_folder / environment["LIGHTFIELD_API_KEY_FILE"], "LIGHTFIELD_API_KEY_FILE", around.voice)
    if environment.get("LIGHTFIELD_API_KEY_COMMAND"):
        return _from_command(environment["LIGHTFIELD_API_KEY_COMMAND"], environment)
    raise SettingsError(_NO_KEY, next_step=_NO_KEY_STEP)


def key_is_given(request: JobRequest, around: Surroundings) -> bool:
    """Does anything say where the API key is?"""
    names = ("LIGHTFIELD_API_KEY", "LIGHTFIELD_API_KEY_FILE", "LIGHTFIELD_API_KEY_COMMAND")
    return request.api_key_file is not None or any(around.environment.get(name, "").strip() for name in names)


def key_goes_to(request: JobRequest, around: Surroundings) -> str:
    """The address that the API key will be sent to.

    Raises:
        SettingsError: A key may not go there.
    """
    return normalise_origin(base_url(request, around))


def _checked(text: str, origin: str) -> ApiKey:
    key = text.strip()
    # A header can hold neither; the value itself is never shown.
    if not key or not key.isascii() or any(character.isspace() for character in key):
        raise SettingsError(f"{origin} holds no usable API key: one word of ASCII characters is expected", next_step=_NO_KEY_STEP)
    return ApiKey(key)


def _from_file(path: Path, origin: str, voice: Voice) -> ApiKey:
    try:
        with path.open(encoding="utf-8-sig") as file:
            # No more of a file that may be the data, or have no end.
            text = file.read(_LONGEST_KEY_FILE)
        if _others_may_read(path):
            voice.say("warning", "key_file", f"{origin}: other users of this machine can read {path}: chmod 600 {path}", path=str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{origin}: cannot read the API key from {path}: {reason}", next_step=_NO_KEY_STEP) from None
    return _checked(text, f"{origin} ({path})")


def _others_may_read(path: Path) -> bool:
    """Of a file that is ours to mend: a container's secrets are mounted read-only, or belong to somebody else."""
    status = path.stat()
    is_ours = status.st_uid == os.geteuid() and not os.statvfs(path).f_flag & os.ST_RDONLY
    return is_ours and bool(status.st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _from_command(command: str, environment: Mapping[str, str]) -> ApiKey:
    origin = "LIGHTFIELD_API_KEY_COMMAND"
    try:
        # No shell: the words are what the user wrote into their own environment. The output is never echoed.
        ended = subprocess.run(  # noqa: S603  the user's own command, by their own environment
            shlex.split(command),
            stdin=subprocess.DEVNULL,  # ours may be the data
            capture_output=True,
            timeout=KEY_COMMAND_SECONDS,
            env=dict(environment),
            check=False,
        )
    except (OSError, ValueError) as error:
        # Not the error's own words: they name what was to be started, and people put the key itself there.
        reason = error.strerror if isinstance(error, OSError) else "its quotes do not match"
        raise SettingsError(f"{origin} cannot be started: {reason}", next_step=_NO_KEY_STEP) from None
    except subprocess.TimeoutExpired:
        raise SettingsError(f"{origin} gave no key within {KEY_COMMAND_SECONDS} s", next_step=_NO_KEY_STEP) from None
    if ended.returncode != 0:
        raise SettingsError(f"{origin} ended with exit code {ended.returncode}", next_step=_NO_KEY_STEP)
    return _checked(ended.stdout.decode("utf-8", "replace"), origin)


def api_version() -> str:
    """The version of Lightfield's API that is spoken."""
    return API_VERSION


def base_url(request: JobRequest, around: Surroundings) -> str:
    """The API's address, as given."""
    if around.practice:
        return around.practice.base_url
    return request.base_url or around.environment.get("LIGHTFIELD_BASE_URL") or DEFAULT_BASE_URL


def ledger_url(request: JobRequest, around: Surroundings, config: ReadConfig) -> str:
    """Where the ledger is: a path, or a URL. Paths of the command line and the environment are relative to the working folder."""
    if around.practice:
        return "sqlite://"
    return given_ledger_url(request.ledger, around) or _located(config.job.ledger or f"{_file_name(config.job.name)}.ledger", config.folder)


def given_ledger_url(option: str | None, around: Surroundings) -> str | None:
    """Where ``--ledger`` or the environment say that the ledger is; None where neither says it."""
    # A file that a secret store was fed from ends with a line break.
    given = option or around.environment.get("LIGHTFIELD_ETL_LEDGER", "").strip()
    return _located(given, around.working_folder) if given else None


def _located(text: str, folder: Path) -> str:
    return text if "://" in text else str((folder / Path(text).expanduser()).absolute())


def _file_name(name: str) -> str:
    """The import's name as a file name: what is no letter, digit, dot, dash or underscore becomes a dash."""
    return "".join(character if character.isalnum() or character in "._-" else "-" for character in name).strip(".") or "import"
