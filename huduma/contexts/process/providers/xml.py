"""Reading XML from analysts: no DTD, no entities, no network; positions kept for messages."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH
from SpiffWorkflow.dmn.parser.BpmnDmnParser import XSD_DIR

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
HUDUMA = "https://huduma.example/bpmn"
LIMIT_BYTES = 1_000_000


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in a definition: file, line, what, and what to do."""

    file: str
    line: int
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule} — {self.remedy}"


class Unreadable(ValueError):
    """Not XML that is accepted here."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def read(text: str, file: str) -> etree._Element:
    """Parse a document and check it against the schema of its standard. Raises Unreadable."""
    if len(text) > LIMIT_BYTES:
        raise Unreadable(Fault(file, 1, "larger than 1 MB", "split the process"))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(text.encode(), parser, base_url=file)
    except etree.XMLSyntaxError as error:
        raise Unreadable(Fault(file, error.lineno or 1, f"not XML: {error.msg}", "correct the XML")) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable(Fault(file, 1, "a DTD is declared", "remove the DOCTYPE"))
    standard = "dmn" if file.endswith(".dmn") else "bpmn"
    schema = _schema(standard)
    if not schema.validate(root):
        first = schema.error_log[0]  # type: ignore[index]
        remedy = f"follow {'DMN 1.3' if standard == 'dmn' else 'BPMN 2.0'}"
        raise Unreadable(Fault(file, first.line, first.message, remedy))
    return root


@cache
def _schema(standard: str) -> etree.XMLSchema:
    path = Path(XSD_DIR) / "DMN13.xsd" if standard == "dmn" else Path(XSD_PATH)
    return etree.XMLSchema(etree.parse(str(path)))


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return etree.QName(element).localname


def line(element: etree._Element) -> int:
    """Return an element's line."""
    return element.sourceline or 1  # type: ignore[return-value]


def huduma(element: etree._Element, name: str) -> str:
    """Return our extension attribute of an element, or ""."""
    return str(element.get(f"{{{HUDUMA}}}{name}", ""))
