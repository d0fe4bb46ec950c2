"""Where in a workbook's package do its sheets and styles lie?"""

from __future__ import annotations

import posixpath
import zipfile
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

WORKBOOK = "xl/workbook.xml"

_RELATIONS = "xl/_rels/workbook.xml.rels"

# As the 29th of February 1900, which never was, counts as a day, those from March 1900 on are counted from here.
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  a cell's date has no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001  a cell's date has no zone


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with cells.

    Attributes:
        name: As its tab has it.
        part: The member of the package that holds its cells.
        hidden: Its tab is not shown.
    """

    name: str
    part: str
    hidden: bool


def sheets_of(archive: zipfile.ZipFile) -> tuple[Sheet, ...]:
    """The sheets in the order of their tabs; sheets that hold but a chart are left out.

    Raises:
        KeyError: The package lacks a part.
        xml.etree.ElementTree.ParseError: A part is damaged.
    """
    parts = _related(archive, "worksheet")
    return tuple(
        Sheet(each.attrib["name"], parts[relation], each.attrib.get("state", "visible") != "visible")
        for each in _parsed(archive, WORKBOOK).iterfind("{*}sheets/{*}sheet")
        if (relation := _relation(each)) in parts
    )


def epoch_of(archive: zipfile.ZipFile) -> datetime:
    """The day 0 of a workbook's dates.

    Raises:
        KeyError, xml.etree.ElementTree.ParseError: As ``sheets_of``.
    """
    about = _parsed(archive, WORKBOOK).find("{*}workbookPr")
    is_of_1904 = about is not None and about.attrib.get("date1904", "").lower() in {"1", "true"}
    return _EPOCH_1904 if is_of_1904 else _EPOCH


def styles_of(archive: zipfile.ZipFile) -> bytes | None:
    """The part that holds the number formats, or None where there is none.

    Raises:
        KeyError, xml.etree.ElementTree.ParseError: As ``sheets_of``.
    """
    part = next(iter(_related(archive, "styles").values()), None)
    return None if part is None else archive.read(part)


def _related(archive: zipfile.ZipFile, kind: str) -> dict[str, str]:
    """From a relation's id to the member that it leads to, for relations of one kind."""
    members = {name.casefold(): name for name in archive.namelist()}
    found = {
        each.attrib["Id"]: posixpath.normpath(posixpath.join("/xl", each.attrib["Target"])).lstrip("/")
        for each in _parsed(archive, _RELATIONS)
        if each.attrib.get("Type", "").endswith(f"/{kind}")
    }
    return {relation: members[target.casefold()] for relation, target in found.items() if target.casefold() in members}


def _relation(sheet: ET.Element) -> str:
    """The id that stands under ``r:id``, whichever of the two namespaces ``r`` is."""
    return next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")


def _parsed(archive: zipfile.ZipFile, part: str) -> ET.Element:
    return ET.fromstring(archive.read(part))  # noqa: S314  expat itself bounds what entities may grow to
