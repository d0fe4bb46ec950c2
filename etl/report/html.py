"""How does a text from outside get into a page without acting there? Every value is escaped, and shown as what it is."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from etl.report.shown import harmless, shortened
from etl.report.wording import rows_text

if TYPE_CHECKING:
    from jinja2 import Template

_BRIEF_CHARACTERS = 200
_LINES_CHARACTERS = 2_000


@cache
def html_template(name: str) -> Template:
    """A template of this room, by its file's name; compiled once a process: whoever calls jobs from Python calls many.

    It knows the filters ``shown`` (one line), ``brief`` (one line, cut) and ``lines`` (several, cut), and the function ``rows_text``.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = lambda text: harmless(str(text))
    environment.filters["brief"] = lambda text: shortened(text or "", _BRIEF_CHARACTERS)
    environment.filters["lines"] = lambda text: harmless(text[:_LINES_CHARACTERS], keep_newlines=True)
    environment.globals["rows_text"] = rows_text
    return environment.from_string(resources.files("etl.report").joinpath(name).read_text("utf-8"))
