"""Workbooks: their cells say what the sheet shows, no digit is invented, and the sheet of tasks is known or asked for."""

import datetime as dt
import importlib.util
import zipfile

import pytest
import xlsxwriter

from etl.errors import SourceError
from etl.extract.number_formats import shown_by
from etl.frames import EXTRACT_CODE, ROW

DAY, OTHER_DAY = dt.date(2026, 1, 2), dt.date(2026, 1, 3)
MOMENT = dt.datetime(2026, 1, 2, 9, 30)  # noqa: DTZ001  cells have no zone
MIDNIGHT = dt.datetime(2026, 1, 2)  # noqa: DTZ001


class Formula(str):
    """A formula's text; its value is ``worked_out``."""

    __slots__ = ("worked_out",)

    def __new__(cls, text, worked_out):
        self = super().__new__(cls, text)
        self.worked_out = worked_out
        return self


class Bookbinder:
    """Makes workbooks in the folder of a workshop."""

    FORMATS = ((dt.datetime, "m/d/yyyy h:mm"), (dt.date, "m/d/yyyy"), (dt.time, "h:mm"), (dt.timedelta, "[h]:mm:ss"))

    def __init__(self, shop):
        self.shop = shop

    def __call__(self, *sheets, name="t.xlsx", hidden=(), first=(0, 0), formats=None, **options):
        """Each sheet is a list of rows, or its name and such a list; ``formats`` has other formats for a class."""
        with xlsxwriter.Workbook(self.shop.folder / name, options) as workbook:
            self._styles = {
                kind: workbook.add_format({"num_format": code}) for kind, code in {**dict(self.FORMATS), **(formats or {})}.items()
            }
            for number, sheet in enumerate(sheets):
                title, lines = sheet if isinstance(sheet, tuple) else (f"Sheet {number + 1}", sheet)
                page = workbook.add_worksheet(title)
                if title in hidden:
                    page.hide()
                for row, cells in enumerate(lines):
                    for column, cell in enumerate(cells):
                        self._write(page, row + first[0], column + first[1], cell)
        return name

    def _write(self, page, row, column, cell):
        style = next((self._styles[kind] for kind in self._styles if isinstance(cell, kind)), None)
        if style is not None:
            page.write_datetime(row, column, cell, style)
        elif isinstance(cell, Formula):
            page.write_formula(row, column, cell, None, cell.worked_out)
        elif isinstance(cell, str):
            page.write_string(row, column, cell)
        elif cell is not None:
            page.write(row, column, cell)

    def edit(self, name, part, *changes):
        """Another program would have written the part otherwise."""
        path = self.shop.folder / name
        with zipfile.ZipFile(path) as archive:
            parts = {member: archive.read(member) for member in archive.namelist()}
        for before, after in changes:
            assert before in parts[part]
            parts[part] = parts[part].replace(before, after)
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in parts.items():
                archive.writestr(member, content)
        return name


@pytest.fixture
def book(shop):
    return Bookbinder(shop)


def column(shop, name, which="v", **options):
    """One column of the file, and the notes on it."""
    opened = shop.open(name, **{"names": {"Id"}, **options})
    return [row[0] for batch in opened.batches() for row in batch.frame.select(which).iter_rows()], " ".join(opened.files[0].notes)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (DAY, "2026-01-02"),
        (MOMENT, "2026-01-02 09:30:00"),
        (dt.datetime(2026, 1, 2, 9, 30, 15, 250_000), "2026-01-02 09:30:15.250"),  # noqa: DTZ001
        (dt.time(17, 0), "17:00:00"),
        (dt.timedelta(hours=36, seconds=5), "36:00:05"),
        (7, "7"),
        (81204400000, "81204400000"),
        (0.25, "0.25"),
        (True, "true"),
        (False, "false"),
        ("007", "007"),
        ("1234567890123456789", "1234567890123456789"),
        ("2026-01-02 00:00:00", "2026-01-02 00:00:00"),
        ("'=SUM(A1)", "'=SUM(A1)"),
        ("=SUM(A1)", "=SUM(A1)"),
        (" Łódź, 東京\r\n☕ ", " Łódź, 東京\r\n☕ "),
        (Formula("=1+1", 2), "2"),
        (Formula('="a"&"b"', "ab"), "ab"),
        (Formula("=1/0", "#DIV/0!"), "#DIV/0!"),
        (Formula("=NA()", "#N/A"), "#N/A"),
    ],
)
def test_a_cell_is_what_the_sheet_shows(shop, book, cell, text):
    assert column(shop, book([["Id", "v"], ["1", cell]]))[0] == [text]


def test_a_date_without_a_time_stands_beside_dates_with_one_and_a_midnight_that_is_meant_stays(shop, book):
    texts, notes = column(shop, book([["Id", "v"], ["1", DAY], ["2", MOMENT], ["3", MIDNIGHT], ["4", "tomorrow"]]))
    assert texts == ["2026-01-02", "2026-01-02 09:30:00", "2026-01-02 00:00:00", "tomorrow"]
    assert notes == ""


def test_a_column_all_of_whose_times_are_midnight_holds_dates_and_that_is_said(shop, book):
    texts, notes = column(shop, book([["Id", "v"], ["1", MIDNIGHT], ["2", None], ["3", DAY], ["4", "2026-01-09 00:00:00"]]))
    assert texts == ["2026-01-02", None, "2026-01-02", "2026-01-09 00:00:00"]
    assert "every time in v is midnight" in notes


def test_dates_are_told_in_a_workbook_that_counts_from_1904(shop, book):
    assert column(shop, book([["Id", "v"], ["1", DAY], ["2", dt.time(8, 5)]], date_1904=True))[0] == ["2026-01-02", "08:05:00"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", None),
        ("0.00E+00", None),
        ("[Red]#,##0.00", None),
        ('0 "days"', None),
        (r"0\d", None),
        ("dd/mm/yyyy;@", "day"),
        ("[$-407]d. mmmm yyyy", "day"),
        ("mmm-yy", "day"),
        ('yyyy"h"mm', "day"),
        ("m/d/yyyy h:mm AM/PM", "moment"),
        ("hh:mm", "clock"),
        ("mm:ss", "clock"),
        ("[h]:mm", "span"),
    ],
)
def test_a_number_format_tells_dates_from_times_and_from_other_numbers(code, kind):
    assert shown_by(code) == kind


def test_formats_that_a_workbook_does_not_spell_out_are_known(shop, book):
    name = book([["Id", "v"], ["1", DAY], ["2", MOMENT], ["3", dt.time(8, 5)]], formats={dt.date: 31, dt.datetime: 22, dt.time: 20})
    assert column(shop, name)[0] == ["2026-01-02", "2026-01-02 09:30:00", "08:05:00"]


def test_ids_of_sixteen_digits_that_a_program_wrote_as_numbers_keep_their_digits(shop, book):
    ids = [1205000000000012, 1205000000000340]
    assert column(shop, book([["Id"], *[[each] for each in ids]]), "Id")[0] == ["1205000000000012", "1205000000000340"]


def test_ids_whose_sixteenth_digit_excel_made_a_nought_show_what_is_left_of_them(shop, book):
    assert column(shop, book([["Id"], [1205000000000010], [1205000000000340]]), "Id")[0] == ["1.20500000000001E+15", "1.20500000000034E+15"]


def test_ids_beyond_what_a_double_holds_are_believed_where_all_their_digits_were_written(shop, book):
    name = book([["Id"], [1], [2]])
    changes = [(b"<v>1</v>", b"<v>554023000000527013</v>"), (b"<v>2</v>", b"<v>554023000000527040</v>")]
    assert column(shop, book.edit(name, "xl/worksheets/sheet1.xml", *changes), "Id")[0] == ["554023000000527013", "554023000000527040"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"5.5402300000052698e+17", "5.5402300000052698E+17"),
        (b"554023000000527000", "5.54023000000527E+17"),
        (b"554023000000526976", "5.54023000000526976E+17"),
    ],
)
def test_ids_beyond_what_a_double_holds_are_not_believed_where_a_program_counted_in_doubles(shop, book, written, shown):
    name = book.edit(book([["Id"], [1]]), "xl/worksheets/sheet1.xml", (b"<v>1</v>", b"<v>" + written + b"</v>"))
    [text] = column(shop, name, "Id")[0]
    assert text == shown


def test_rows_count_as_the_sheet_shows_them_with_blank_ones_and_a_preamble_and_columns_from_the_first_that_is_filled(shop, rows, book):
    lines = [["Customer onboarding"], [], ["Id", "v"], ["1", DAY], [], ["", ""], ["2", OTHER_DAY]]
    opened = shop.open(book(lines, first=(2, 3)), names={"Id", "v"})
    assert rows(opened, ROW, "Id", "v") == [(6, "1", "2026-01-02"), (9, "2", "2026-01-03")]
    assert any("row 5 is taken for the header" in note for note in opened.files[0].notes)


def test_a_header_may_be_named_by_its_row(shop, book):
    assert column(shop, book([["Id", "x"], ["Id", "v"], ["1", "a"]]), header=2)[0] == ["a"]


def test_a_report_s_trailer_is_left_out(shop, rows, book):
    opened = shop.open(
        book([["Subject", "Date"], ["Call", DAY], [], ["Tasks of the week"], ["Grand Totals (1 records)"]]), names={"Subject"}
    )
    assert rows(opened) == [("Call", "2026-01-02")]
    assert any("2 lines below the table are not read" in note for note in opened.files[0].notes)


def test_a_board_s_groups_and_subitems_are_known_in_a_workbook_too(shop, rows, book):
    header, below = ["Name", "Subitems", "Date"], ["Subitems", "Name", "Owner"]
    lines = [["Board"], ["This month"], header, ["A", "", DAY], below, [None, "sub", "Sam"], ["Next month"], header, ["B", "", OTHER_DAY]]
    opened = shop.open(book(lines), names={"Name", "Date"}, key="Name")
    found = rows(opened, ROW, "Name", "Date", EXTRACT_CODE)
    assert found == [(4, "A", "2026-01-02", None), (6, None, "Sam", "subitem"), (9, "B", "2026-01-03", None)]


def test_of_several_sheets_the_one_with_the_key_is_read_and_the_others_are_named(shop, book):
    name = book(("About", [["Exported", DAY]]), ("Tasks", [["Id", "v"], ["1", "a"]]), ("Lists", [["v"], ["b"]]))
    assert column(shop, name) == (["a"], "sheet Tasks is read; not read: About, Lists")


def test_a_sheet_that_is_hidden_is_not_looked_at(shop, book):
    name = book(("Tasks", [["Id", "v"], ["1", "a"]]), ("hiddenSheet", [["Id", "v"], ["9", "z"]]), hidden={"hiddenSheet"})
    assert column(shop, name)[0] == ["a"]


def test_of_several_sheets_with_the_key_the_one_with_more_of_the_config_s_columns_is_read(shop, book):
    name = book(("Users", [["Id", "Email"], ["9", "z"]]), ("Tasks", [["Id", "v"], ["1", "a"]]))
    assert column(shop, name, names={"Id", "v"})[0] == ["a"]


@pytest.mark.parametrize(
    ("sheets", "words"),
    [
        ([("A", [["Id", "v"], ["1", "a"]]), ("B", [["Id", "v"], ["2", "b"]])], "several of its sheets could be the tasks: A, B"),
        (
            [("A", [["Idx", "v"], ["1", "a"]]), ("B", [])],
            "none of its 2 tables has the source key Id; the nearest column is Idx; they are: A, B",
        ),
        ([("A", [])], "is empty"),
    ],
)
def test_where_the_sheet_cannot_be_known_the_job_stops_and_names_them(shop, book, sheets, words):
    with pytest.raises(SourceError, match=words):
        shop.open(book(*sheets), names={"Id", "v"})


def test_a_workbook_whose_elements_have_a_prefix_is_read_alike(shop, book):
    name = book([["Id", "v"], ["1", DAY]])
    tags = [(f"<{tag}".encode(), f"<x:{tag}".encode()) for tag in ("c ", "v>", "row ", "sheetData>")]
    ends = [(f"</{tag}>".encode(), f"</x:{tag}>".encode()) for tag in ("c", "v", "row", "sheetData")]
    root = (b"<worksheet xmlns=", b"<x:worksheet xmlns:x="), (b"</worksheet>", b"</x:worksheet>")
    plain = (b"<dimension", b"<x:dimension"), (b"<sheetViews>", b"<x:sheetViews>"), (b"</sheetViews>", b"</x:sheetViews>")
    rest = (b"<sheetView ", b"<x:sheetView "), (b"<sheetFormatPr", b"<x:sheetFormatPr"), (b"<pageMargins", b"<x:pageMargins")
    book.edit(name, "xl/worksheets/sheet1.xml", *tags, *ends, *root, *plain, *rest)
    assert column(shop, name)[0] == ["2026-01-02"]


def test_a_date_in_a_cell_that_does_not_say_where_it_stands_stops_the_job(shop, book):
    name = book.edit(book([["Id", "v"], ["1", DAY]]), "xl/worksheets/sheet1.xml", (b'r="B2" ', b""))
    with pytest.raises(SourceError, match="its cells do not say where they stand"):
        shop.open(name)


def test_a_formula_that_was_never_worked_out_is_told(shop, book):
    name = book.edit(book([["Id", "v"], ["1", Formula("=1+1", 987)]]), "xl/worksheets/sheet1.xml", (b"<v>987</v>", b"<v></v>"))
    texts, notes = column(shop, name)
    assert texts == [None]
    assert "1 row (first: 2) has a formula whose value was never worked out" in notes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, r"old format \(.xls\), or has a password"),
        (b"Id,v\n1,a\n", "is no whole Excel file"),
    ],
)
def test_what_is_no_workbook_of_today_is_refused(shop, content, words):
    with pytest.raises(SourceError, match=words):
        shop.open(shop.write(content, "t.xlsx"))


def test_a_workbook_that_is_cut_off_or_lacks_a_part_is_refused(shop, book):
    content = (shop.folder / book([["Id", "v"], ["1", DAY]])).read_bytes()
    with pytest.raises(SourceError, match="is no whole Excel file"):
        shop.open(shop.write(content[:-200], "cut.xlsx"))
    name = book.edit("t.xlsx", "xl/worksheets/sheet1.xml", (b"</sheetData>", b""))
    with pytest.raises(SourceError, match="is no whole Excel file"):
        shop.open(name)


def test_a_workbook_may_not_outgrow_the_bound_when_it_is_unpacked(shop, book, monkeypatch):
    monkeypatch.setattr("etl.extract.spool.MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(SourceError, match="more than 1,000 bytes when unpacked"):
        shop.open(book([["Id", "v"], ["1", DAY]]))


def test_a_workbook_without_a_suffix_is_known_by_what_is_in_it(shop, book):
    path = shop.folder / book([["Id", "v"], ["1", DAY]])
    path.rename(shop.folder / "export")
    assert column(shop, "export")[0] == ["2026-01-02"]


def test_a_large_sheet_is_looked_through_block_by_block(shop, book, monkeypatch):
    monkeypatch.setattr("etl.extract.sheet_cells._BLOCK_BYTES", 700)
    lines = [[str(number), DAY if number % 3 else MOMENT, f"row> {number} </row>"] for number in range(200)]
    texts, _ = column(shop, book([["Id", "v", "w"], *lines]))
    assert texts == ["2026-01-02" if number % 3 else "2026-01-02 09:30:00" for number in range(200)]


def test_without_the_extra_an_xlsx_file_is_refused_with_what_to_install(shop, book, monkeypatch):
    name, find = book([["Id", "v"], ["1", DAY]]), importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda module, *rest: None if module == "fastexcel" else find(module, *rest))
    with pytest.raises(SourceError, match="need the extra xlsx") as caught:
        shop.open(name)
    assert caught.value.next_step == "pip install 'lightfield-etl[xlsx]', or save it as CSV UTF-8"
