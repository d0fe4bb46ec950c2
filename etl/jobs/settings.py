"""Which key, which address, which ledger? A flag beats the environment, the environment beats the config."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from etl.config.model import ReadConfig
from etl.errors import SettingsError
from etl.jobs.request import DEFAULT_BASE_URL, JobRequest, Surroundings
from etl.lightfield.secret import ApiKey

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
        return _from_file(around.working_folder / request.api_key_file, "--api-key-file")
    if environment.get("LIGHTFIELD_API_KEY", "").strip():
        return _checked(environment["LIGHTFIELD_API_KEY"], "LIGHTFIELD_API_KEY")
    if environment.get("LIGHTFIELD_API_KEY_FILE"):
        return _from_file(around.working_folder / environment["LIGHTFIELD_API_KEY_FILE"], "LIGHTFIELD_API_KEY_FILE")
    if environment.get("LIGHTFIELD_API_KEY_COMMAND"):
        return _from_command(environment["LIGHTFIELD_API_KEY_COMMAND"], environment)
    raise SettingsError(_NO_KEY, next_step=_NO_KEY_STEP)


def _checked(text: str, origin: str) -> ApiKey:
    key = text.strip()
    # A header can hold neither; the value itself is never shown.
    if not key or not key.isascii() or any(character.isspace() for character in key):
        raise SettingsError(f"{origin} holds no usable API key: one word of ASCII characters is expected", next_step=_NO_KEY_STEP)
    return ApiKey(key)


def _from_file(path: Path, origin: str) -> ApiKey:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{origin}: cannot read the API key from {path}: {reason}", next_step=_NO_KEY_STEP) from None
    return _checked(text, f"{origin} ({path})")


def _from_command(command: str, environment: Mapping[str, str]) -> ApiKey:
    origin = "LIGHTFIELD_API_KEY_COMMAND"
    try:
        # No shell: the words are what the user wrote into their own environment. The output is never echoed.
        ended = subprocess.run(  # noqa: S603  the user's own command, by their own environment
            shlex.split(command), capture_output=True, timeout=KEY_COMMAND_SECONDS, env=dict(environment), check=False
        )
    except (OSError, ValueError) as error:
        raise SettingsError(f"{origin} cannot be started: {error}", next_step=_NO_KEY_STEP) from None
    except subprocess.TimeoutExpired:
        raise SettingsError(f"{origin} gave no key within {KEY_COMMAND_SECONDS} s", next_step=_NO_KEY_STEP) from None
    if ended.returncode != 0:
        raise SettingsError(f"{origin} ended with exit code {ended.returncode}", next_step=_NO_KEY_STEP)
    return _checked(ended.stdout.decode("utf-8", "replace"), origin)


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
    given = option or around.environment.get("LIGHTFIELD_ETL_LEDGER")
    return _located(given, around.working_folder) if given else None


def _located(text: str, folder: Path) -> str:
    return text if "://" in text else str((folder / Path(text).expanduser()).absolute())


def _file_name(name: str) -> str:
    """The import's name as a file name: what is no letter, digit, dot, dash or underscore becomes a dash."""
    return "".join(character if character.isalnum() or character in "._-" else "-" for character in name).strip(".") or "import"
