# ruff: noqa: T201  a command speaks by printing
"""How fast is all of it? Runs every benchmark, one after the other, and prints their tables as one page of Markdown.

    python tests/benchmarks                       # an hour and a half, most of it spent waiting
    python tests/benchmarks --quick               # smaller inputs and fewer turns: a quarter of an hour
    python tests/benchmarks --quick start client  # these alone

Each is a script that can be run alone, and gets a process of its own, so that its memory is its own. How far they are is said on stderr.
Nothing is asserted; the exit code is 1 when a benchmark could not be carried out.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from telling import machine_line, say

HERE = Path(__file__).parent
SCRIPTS = ("limit", "client", "check", "rerun", "ledger", "start", "peers")


def question(script: Path) -> str:
    """What a benchmark asks: the first line of its file."""
    told = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or script.stem
    return told.splitlines()[0]


def carry_out(name: str, words: Sequence[str]) -> bool:
    """One benchmark to its end; what it prints is printed."""
    script = HERE / f"{name}.py"
    say(f"== {name}")
    started = time.monotonic()
    print(f"## {question(script)}\n\n`python tests/benchmarks/{' '.join([script.name, *words])}`\n", flush=True)
    ended = subprocess.run([sys.executable, str(script), *words], check=False)
    print(flush=True)
    say(f"== {name}: exit code {ended.returncode} after {time.monotonic() - started:.0f} s")
    return ended.returncode == 0


def main(words: Sequence[str]) -> int:
    """Runs those that are named, or all; returns the exit code."""
    options = [word for word in words if word.startswith("-")]
    names = [word for word in words if not word.startswith("-")] or SCRIPTS
    unknown = {*names} - {*SCRIPTS} | {*options} - {"--quick"}
    if unknown:
        say(f"unknown: {', '.join(sorted(unknown))}; there are --quick, {', '.join(SCRIPTS)}")
        return 2
    print(f"# Benchmarks\n\n{machine_line('polars', 'SQLAlchemy', 'httpx', 'pydantic')}\n", flush=True)
    done = [carry_out(name, options) for name in names]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
