# ruff: noqa: T201  a command speaks by printing
"""How fast is all of it? Runs every benchmark, one after the other, and prints their tables as one page of Markdown.

    python tests/benchmarks                       # an hour and a half, most of it spent waiting
    python tests/benchmarks --quick               # smaller inputs and fewer turns: a quarter of an hour
    python tests/benchmarks --quick start client  # these alone

A benchmark is a script here that says what ``--quick`` does. Each can be run alone, and gets a process of its own, so that its memory is
its own. How far they are is said on stderr. Nothing is asserted; the exit code is 1 when a benchmark could not be carried out.
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


def benchmarks() -> dict[str, str]:
    """What each asks, the first line of its file, by name."""
    told = {path.stem: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" for path in sorted(HERE.glob("[a-z]*.py"))}
    return {name: text.splitlines()[0] for name, text in told.items() if "--quick" in text}


def carry_out(name: str, question: str, words: Sequence[str]) -> bool:
    """One benchmark to its end; what it prints is printed."""
    script = HERE / f"{name}.py"
    say(f"== {name}")
    started = time.monotonic()
    print(f"## {question}\n\n`python tests/benchmarks/{' '.join([script.name, *words])}`\n", flush=True)
    ended = subprocess.run([sys.executable, str(script), *words], check=False)
    print(flush=True)
    say(f"== {name}: exit code {ended.returncode} after {time.monotonic() - started:.0f} s")
    return ended.returncode == 0


def main(words: Sequence[str]) -> int:
    """Runs those that are named, or all; returns the exit code."""
    known = benchmarks()
    options = [word for word in words if word.startswith("-")]
    names = [word for word in words if not word.startswith("-")] or [*known]
    unknown = {*names} - {*known} | {*options} - {"--quick"}
    if unknown:
        say(f"unknown: {', '.join(sorted(unknown))}; there are --quick, {', '.join(known)}")
        return 2
    print(f"# Benchmarks\n\n{machine_line('polars', 'SQLAlchemy', 'httpx', 'pydantic')}\n", flush=True)
    done = [carry_out(name, known[name], options) for name in names]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
