"""Reports and remittance advices on paper (Typst) and as a workbook (openpyxl), both from the same rows as the screen."""

import io
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import typst
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from huduma.foundation.money import plain

PAPER = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: datetime(year: data.day.at(0), month: data.day.at(1), day: data.day.at(2)))
#set text(lang: data.language, size: 9pt, font: "Libertinus Serif")
#let red = rgb("#bb1e2d20")
#set page(
  paper: "a4", flipped: data.columns.len() > 6, margin: 16mm,
  footer: context align(center, text(size: 8pt, counter(page).display("1 / 1", both: true))),
  background: place(center + horizon, rotate(-35deg, text(size: 80pt, weight: "bold", fill: red, data.specimen))),
)
#align(center)[#text(size: 12pt, weight: "bold", tracking: 1pt)[REPUBLIC OF KENYA] \\ #text(style: "italic")[Jamhuri ya Kenya]]
#text(size: 17pt, weight: "bold", fill: rgb("#00592d"), data.title)
#for line in data.notes [#linebreak() #text(line)]
#v(3mm)
#table(
  columns: data.columns.enumerate().map(((i, _)) => if i < data.words { 1fr } else { auto }),
  align: (x, y) => if x < data.words { left } else { right },
  inset: (x: 4pt, y: 5pt),
  stroke: (x, y) => (bottom: 0.4pt + rgb("#8a978f")),
  table.header(..data.columns.map(c => strong(c))),
  ..data.rows.flatten(),
  ..data.totals.map(c => strong(c)),
)
"""


@dataclass(frozen=True)
class Report:
    """A table: the first `words` columns are words, the others cents. `totals` closes it."""

    title: str
    notes: list[str]
    columns: list[str]
    words: int
    rows: list[list[str | int]]
    totals: list[str | int]


def pdf(report: Report, *, language: str, day: date, specimen: str = "") -> bytes:
    """Return the report as PDF/A-2b. `specimen`: a word across every page of what is not real."""
    data: dict[str, Any] = {
        "title": report.title, "notes": report.notes, "columns": report.columns, "words": report.words,
        "language": language, "day": [day.year, day.month, day.day], "specimen": specimen,
        "rows": [_shown(row) for row in report.rows], "totals": _shown(report.totals),
    }  # fmt: skip
    return bytes(
        typst.compile(PAPER.encode(), format="pdf", sys_inputs={"data": json.dumps(data)}, pdf_standards=["a-2b"])
    )


def _shown(row: list[str | int]) -> list[str]:
    return [plain(cell) if isinstance(cell, int) else cell for cell in row]


def workbook(report: Report) -> bytes:
    """Return the report as a workbook; its sums of money are numbers, its words are never formulas."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(report.title[:31].translate(dict.fromkeys(map(ord, "[]:*?/\\"), " ")))
    sheet.freeze_panes = f"A{len(report.notes) + 4}"
    for number in range(len(report.columns)):
        sheet.column_dimensions[chr(ord("A") + number)].width = 30 if number < report.words else 18
    bold = Font(bold=True)

    def cell(value: str | int, *, strong: bool = False) -> WriteOnlyCell:
        made = WriteOnlyCell(sheet, value=Decimal(value) / 100 if isinstance(value, int) else value)
        if isinstance(value, int):
            made.number_format = "#,##0.00"
        else:
            made.data_type = "s"
        if strong:
            made.font = bold
        return made

    sheet.append([cell(report.title, strong=True)])
    for note in report.notes:
        sheet.append([cell(note)])
    sheet.append([])
    sheet.append([cell(name, strong=True) for name in report.columns])
    for row in report.rows:
        sheet.append([cell(value) for value in row])
    sheet.append([cell(value, strong=True) for value in report.totals])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
