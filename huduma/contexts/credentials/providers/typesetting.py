"""Documents are set by Typst; the QR code is drawn by segno (ISO/IEC 18004)."""

import io
import json
from typing import Any

import segno
import typst


def qr_svg(text: str) -> str:
    """Return a QR code as SVG, error correction level M, for paper that is folded and copied."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", border=0, xmldecl=False, svgns=True)
    return out.getvalue().decode()


def typeset(template: str, data: dict[str, Any]) -> bytes:
    """Return a PDF/A-2b of a Typst source, which finds its data as JSON under `sys.inputs.data`."""
    return typst.compile(
        template.encode(),
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["a-2b"],
    )
