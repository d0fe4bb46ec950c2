"""The job ``init``: a file becomes a starter config; nothing is written before the whole file was looked at."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePath

from etl.config.addresses import shown_address
from etl.errors import SettingsError
from etl.jobs.request import Surroundings
from etl.report.voice import Voice
from etl.starter.compose import compose
from etl.starter.draft import Draft
from etl.starter.look import Look, Place, choose_preset, look_at, opened_for
from etl.starter.wishes import KEY
from etl.starter.writing import LOOK, starter_text

_LEFT_OUT = 8
"""So many of the columns that are left out are named."""

_PACKING = frozenset({".gz", ".zst", ".zip"})


@dataclass(frozen=True, slots=True)
class InitRequest:
    """What ``init`` was asked.

    Attributes:
        data: Paths or globs.
        preset: A preset's name, or None to recognise it.
        config: Where the config shall be, or None for ``<preset>-tasks.yaml`` or ``<file>.yaml`` in the working folder.
    """

    data: tuple[str, ...]
    preset: str | None = None
    config: Path | None = None


def init(request: InitRequest, around: Surroundings) -> Path:
    """Look at the input, write a starter config, and say what was found.

    Returns:
        The config's path, relative to the working folder where it was given so.

    Raises:
        SettingsError: There is no such preset, or the config exists already or cannot be written.
        SourceError: The input cannot be read, is not what the preset reads, or has nothing that looks like a title.
    """
    if "-" in request.data:
        raise SettingsError("init reads its input more than once, and standard input cannot be", next_step="save it as a file first")
    place = Place(around.working_folder, around.environment)
    with tempfile.TemporaryDirectory(prefix="lightfield-etl-") as folder:
        scratch = Path(folder)
        preset = choose_preset(request.data, request.preset, place, scratch / "header")
        target = request.config or Path(f"{preset.name}-tasks.yaml" if preset else f"{_stem(request.data[0])}.yaml")
        _refuse_existing(target, request, around)
        with opened_for(preset, request.data, place, scratch / "whole") as source:
            look = look_at(source, preset, insisted=request.preset is not None)
            draft = compose(look, source, target, scratch=scratch, environment=around.environment)
    _write(around.working_folder / target, target, starter_text(draft))
    _tell(around.voice, draft, look, target)
    return target


def _stem(data: str) -> str:
    """The file's name without folders and suffixes, as a name of ours; ``tasks`` where nothing remains."""
    name = PurePath(shown_address(data)).name
    while PurePath(name).suffix.lower() in _PACKING:
        name = PurePath(name).stem
    return re.sub(r"[^\w.-]+", "-", PurePath(name).stem).strip("-.") or "tasks"


def _refuse_existing(target: Path, request: InitRequest, around: Surroundings) -> None:
    path = around.working_folder / target
    if path.exists() or path.is_symlink():
        raise SettingsError(f"{target} is there already, and init overwrites nothing", next_step=_instead(target, request))
    if not path.parent.is_dir():
        raise SettingsError(f"--config: there is no folder {path.parent}", next_step="make it, or name another file")


def _instead(target: Path, request: InitRequest) -> str:
    data = shlex.join(map(shown_address, request.data))
    other = shlex.quote(str(target.with_stem(f"{target.stem}-2")))
    return f"lightfield-etl check {shlex.quote(str(target))} {data}, or for another one: lightfield-etl init {data} --config {other}"


def _write(path: Path, target: Path, text: str) -> None:
    """The whole file or none, and never over another one."""
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        whole.write_text(text, encoding="utf-8")
        try:
            _put(whole, path)
        finally:
            whole.unlink(missing_ok=True)
    except FileExistsError:
        raise SettingsError(
            f"{target} is there already, and init overwrites nothing", next_step="name another file with --config"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{target}: cannot be written: {error.strerror or error}", next_step="name another file with --config"
        ) from None


def _put(whole: Path, path: Path) -> None:
    try:
        path.hardlink_to(whole)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: between the look and the renaming another file could appear, which nobody can exclude there.
        if path.exists():
            raise FileExistsError(path) from None
        whole.rename(path)


def _tell(voice: Voice, draft: Draft, look: Look, target: Path) -> None:
    for line in draft.seen[1:]:
        voice.say("info", "recognised", f"{look.files[0].path}: {line[0].lower()}{line[1:]}", preset=draft.preset)
    if draft.unproven:
        voice.say("warning", "unproven", f"the preset {draft.preset} is unproven: {draft.unproven}")
    if draft.preset is None:
        _tell_guesses(voice, draft, look)
    elif draft.source:
        voice.say("warning", "guessed", f"the preset's key is not in the file; {KEY} is {draft.source[0].value}: {draft.source[0].remark}")
    if draft.left_out:
        listed, more = ", ".join(draft.left_out[:_LEFT_OUT]), len(draft.left_out) - _LEFT_OUT
        voice.say("info", "left_out", f"columns of which nothing is made: {listed}{f' and {more} more' if more > 0 else ''}")
    if draft.timezone:
        text = (
            f"times carry no zone, such as {draft.zoneless}; timezone is set to {draft.timezone}, this machine's, which may not be theirs"
        )
        voice.say("warning", "timezone", text, timezone=draft.timezone)
    open_words = [line.word for line in draft.statuses if not line.is_settled]
    if open_words:
        listed = ", ".join(open_words[:5]) + (" …" if open_words[5:] else "")
        voice.say("info", "statuses", f"statuses that are not known: {listed}; choose what they become under $status in {target}")
    voice.say("info", "written", f"wrote {target}: three lines in it are for you to look at, each marked {LOOK}\n", path=str(target))


def _tell_guesses(voice: Voice, draft: Draft, look: Look) -> None:
    made_up = [field for field in draft.fields if field.target not in look.guesses and field.entries]
    width = max(map(len, [*look.guesses, *(field.target for field in made_up)]), default=0)
    for guess in look.guesses.values():
        text = f"  {guess.sureness:<7} {guess.target:<{width}}  {guess.column} ({guess.why})"
        voice.say("info", "guess", text, target=guess.target, column=guess.column, sureness=guess.sureness)
    for field in made_up:
        text = f"  unsure  {field.target:<{width}}  {field.entries[0].remark}"
        voice.say("info", "guess", text, target=field.target, sureness="unsure")
