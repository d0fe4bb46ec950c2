"""The rooms and who may import whom: one direction, no cycles, and each library in its own room."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "etl"
TOP = {"records", "frames", "key_window", "failures_format", "errors", "clock", "cells", "content", "task"}
MAY_IMPORT = {
    "records": set(),
    "frames": set(),
    "key_window": set(),
    "failures_format": set(),
    "errors": set(),
    "clock": set(),
    "cells": set(),
    "content": {"task"},
    "task": set(),
    "lean_httpx": set(),
    "sandbox": set(),
    "config": {"errors", "task"},
    "lightfield": {"errors", "clock", "content", "lean_httpx"},
    "extract": {*TOP, "config"},
    "transform": {*TOP, "config"},
    "plan": {*TOP, "config"},
    "ledger": {*TOP, "config"},
    "report": {*TOP, "config"},
    "starter": {*TOP, "config", "extract", "transform", "report"},
    "load": {*TOP, "config", "lightfield"},
    "notify": {*TOP, "config", "lean_httpx"},
    "jobs": {*TOP, "config", "lightfield", "extract", "transform", "plan", "ledger", "report", "load", "notify", "starter"},
    "cli": {*TOP, "config", "jobs", "report", "sandbox"},
    "__main__": {"cli"},
    "__init__": {"config", "errors", "jobs", "report"},
}
AT_HOME = {
    "httpx": {"lean_httpx", "lightfield", "notify"},
    "tenacity": {"load"},
    "sqlalchemy": {"ledger"},
    "psycopg": {"ledger"},
    "click": {"cli"},
    "fastexcel": {"extract"},
    "zstandard": {"extract"},
    "starlette": {"sandbox"},
    "rich": {"report", "cli"},
}

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if not {"presets", "samples"} & set(path.parts))


@cache
def imported(path: Path) -> set[str]:
    """The dotted names that a module imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(path: Path) -> str:
    """The room that a module stands in, or its own name at the top."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def dotted(path: Path) -> str:
    """A module's name."""
    return ".".join(("etl", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def test_a_room_imports_only_what_it_may() -> None:
    rooms = {path: {name.split(".")[1] for name in imported(path) if name.startswith("etl.")} for path in MODULES}
    too_far = {dotted(path): found - MAY_IMPORT[room_of(path)] - {room_of(path)} for path, found in rooms.items()}
    assert {module: found for module, found in too_far.items() if found} == {}


def test_nobody_inside_imports_the_package_root() -> None:
    assert [dotted(path) for path in MODULES if path.parent != PACKAGE and "etl" in imported(path)] == []


def test_each_library_stays_in_its_room() -> None:
    libraries = {path: {name.split(".")[0] for name in imported(path)} for path in MODULES}
    strangers = [
        (dotted(path), library)
        for path, found in libraries.items()
        for library, rooms in AT_HOME.items()
        if library in found and room_of(path) not in rooms
    ]
    assert strangers == []


def test_no_module_can_reach_itself() -> None:
    names = {dotted(path): path for path in MODULES}
    arrows = {name: {target for target in imported(path) if target in names and target != name} for name, path in names.items()}
    while arrows:
        leaves = {name for name, targets in arrows.items() if not targets & arrows.keys()}
        assert leaves, f"a cycle among {sorted(arrows)}"
        arrows = {name: targets for name, targets in arrows.items() if name not in leaves}


def test_the_first_line_of_every_module_says_what_it_answers() -> None:
    silent = [dotted(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_no_function_of_ours_is_called_for_each_cell() -> None:
    by_row = {"map_elements", "map_rows", "rolling_map"}
    before_the_load = [path for path in MODULES if room_of(path) in {"extract", "transform", "plan", "report"}]
    found = [
        dotted(path)
        for path in before_the_load
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if getattr(node, "attr", "") in by_row
    ]
    assert found == []
