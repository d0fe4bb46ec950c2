"""Does the shell complete the command, as the README says?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

PROGRAM = "lightfield-etl"
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def said(*command: str) -> str:
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout


def test_bash_completes_commands_and_options_after_the_line_of_the_readme():
    if shutil.which("bash") is None:
        pytest.skip("no bash here")
    line = 'eval "$(_LIGHTFIELD_ETL_COMPLETE=bash_source lightfield-etl)"'
    assert line in (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    typed = "COMPREPLY=(); COMP_WORDS=({words}); COMP_CWORD={place}; _lightfield_etl_completion lightfield-etl; echo ${{COMPREPLY[@]}}"
    commands = typed.format(words=f"{PROGRAM} re", place=1)
    options = typed.format(words=f"{PROGRAM} run --max", place=2)
    assert said("bash", "-c", f"{line}; {commands}; {options}").split() == ["retry", "reconcile", "--max-failures", "--max-duration"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_have_a_script_too(shell):
    assert PROGRAM in said("env", f"_LIGHTFIELD_ETL_COMPLETE={shell}_source", PROGRAM)


def test_the_version_names_what_matters_for_a_report_of_trouble():
    line = said(PROGRAM, "--version")
    assert line.startswith(f"{PROGRAM} {version(PROGRAM)} (Python ")
    for part in ("polars", "httpx", "SQLAlchemy", "pydantic"):
        assert f"{part} {version(part)}" in line
    assert "SQLite 3." in line
    assert "Lightfield API 20" in line
