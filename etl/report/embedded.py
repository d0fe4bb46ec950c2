"""What does the page carry in itself, and by which policy does a browser run that and nothing else?"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources

# uPlot (https://github.com/leeoniya/uPlot, MIT), as published to npm; a newer one replaces the three files and this line.
PLOTS = "uPlot-1.6.32"
"""The library that draws the plots."""

_IN_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@cache
def plot_script() -> str:
    """The library's code."""
    return _text("vendor", f"{PLOTS}.iife.min.js")


@cache
def plot_style() -> str:
    """The library's style."""
    return _text("vendor", f"{PLOTS}.min.css")


@cache
def plot_licence() -> str:
    """Has to stand wherever the library does."""
    return _text("vendor", f"{PLOTS}.LICENSE")


@cache
def page_script() -> str:
    """What the page does: draws, searches."""
    return _text("page.js")


@cache
def page_style() -> str:
    """How the page looks."""
    return _text("page.css")


def policy(scripts: Sequence[str], style: str) -> str:
    """A Content-Security-Policy by which these texts work, and nothing else does or is fetched."""
    allowed = " ".join(_source(script) for script in scripts)
    return f"default-src 'none'; script-src {allowed}; style-src {_source(style)}; base-uri 'none'; form-action 'none'"


def json_for_html(value: object) -> str:
    """The value as JSON that ends no element and begins none, for a script element that is data."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_IN_HTML)


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(*path: str) -> str:
    # A browser reads every line end as \n, and the digests are of what it reads.
    return resources.files("etl.report").joinpath(*path).read_text("utf-8").replace("\r\n", "\n")
