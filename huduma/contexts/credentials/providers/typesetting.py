"""Documents are set by Typst; the QR code is drawn by segno (ISO/IEC 18004).

Templates come from analysts of many bodies, so they are given nothing but their data and the platform's own paper: Typst's root
is the folder `paper/`, and a template that imports anything else, such as a package of the internet, is refused before anything
is fetched.
"""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import segno
import typst

PAPER = Path(__file__).parent / "paper"
OWN_PAPER = '#import "/huduma.typ": certificate'
#: Where a statement can stand in Typst's code; `eval` would hide one in a text.
STATEMENT = re.compile(r"(?:^|[#{(;=,:\n])\s*(?:import|include)\b|\beval\s*\(")


class ForbiddenTemplate(ValueError):
    """The template asks for something that templates do not get."""


def qr_svg(text: str) -> str:
    """Return a QR code as SVG, error correction level M, for paper that is folded and copied."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", border=0, xmldecl=False, svgns=True)
    return out.getvalue().decode()


def typeset(template: str, data: dict[str, Any]) -> bytes:
    """Return a PDF/A-2b of a Typst source, which finds its data as JSON under `sys.inputs.data`. Raises ForbiddenTemplate."""
    if STATEMENT.search(template.replace(OWN_PAPER, "", 1)):
        raise ForbiddenTemplate(f"a template may import nothing but its paper, by {OWN_PAPER}")
    return typst.compile(  # type: ignore[call-overload]  # its stub wants the root to be of the input's type
        template.encode(),
        root=PAPER,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["a-2b"],
    )


@dataclass(frozen=True)
class Fault:
    """What is wrong with a template, as near as Typst says where."""

    line: int
    rule: str
    remedy: str
    file: str = "certificate.typ"


#: Data like those of a real document, in which a template is set once before it is published.
SAMPLE = {
    "body": {"en": "Public body", "sw": "Taasisi ya umma"},
    "facts": [{"en": "Name", "sw": "Jina", "value": "Mfano"}],
    "issued_on": "2026-01-31", "qr": qr_svg("sample"), "reference": "HD00000000", "specimen": True,
    "title": {"en": "Certificate", "sw": "Cheti"}, "valid_until": None, "verify_url": "https://huduma.example/verify",
}  # fmt: skip
NAMED = re.compile(r"[\"`]([^\"`]+)[\"`]|: (\w+)$")


def _is_on_paper(template: str) -> bool:
    """Whether what is set shows the QR code of the platform's paper."""
    inputs = {"data": json.dumps(SAMPLE, ensure_ascii=False)}
    marks = typst.query(template.encode(), "<verify>", field="alt", root=PAPER, sys_inputs=inputs)  # type: ignore[type-var]
    return bool(json.loads(marks))


def check(parts: dict[str, Any]) -> Iterator[Fault]:
    """Set the template of a package with sample data, and return what Typst says is wrong."""
    template = parts.get("certificate_typ")
    if template is None:
        return
    try:
        typeset(template, SAMPLE)
        if not _is_on_paper(template):
            remedy = f"begin with {OWN_PAPER} and #show: certificate.with(…)"
            yield Fault(1, "the document does not show its reference and QR code", remedy)
    except ForbiddenTemplate as error:
        bare = template.replace(OWN_PAPER, "-" * len(OWN_PAPER), 1)
        found = STATEMENT.search(bare)
        yield Fault(bare[: found.end()].count("\n") + 1 if found else 1, str(error), "remove it")
    except typst.TypstError as error:
        named = NAMED.search(error.message)
        word = (named[1] or named[2]) if named else ""
        line = next((n for n, text in enumerate(template.splitlines(), 1) if word and word in text), 1)
        remedy = f"a template may read {', '.join(sorted(SAMPLE))} of its data; the facts are named in form.yaml"
        yield Fault(line, f"the template cannot be set: {error.message}", remedy)
