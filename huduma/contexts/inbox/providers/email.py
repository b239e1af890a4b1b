"""Reading an e-mail (RFC 5322, MIME), however badly made: its text, its files, what it answers, and whether a machine wrote it.

Only text is kept to be shown: HTML is turned into text, so that no script, image or form of a stranger ever reaches a page.
"""

import email
import email.headerregistry
import email.message
import email.policy
import email.utils
import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import lxml.html

from huduma.contexts.inbox.providers.base import ADDRESS_LIMIT, Attached, Channel, Incoming, News, Unreadable
from huduma.foundation.text import storable

TEXT_LIMIT = 20_000
#: What stands below a text of which more came than is shown.
CUT = "\n[…]"
MOST_PARTS = 200
#: What the parser would be busy with for minutes: lines that may part a message, and parts that hold parts.
MOST_DIVIDERS, MOST_NESTS = 2_000, 50
#: The longest header that is parsed; nobody's address or type is longer, and the parser's time grows with the square.
LONGEST_HEADER = 1_000
MESSAGE_ID = re.compile(r"<([^<>\s]{3,250})>")
DIVIDER = re.compile(rb"[\r\n]--")
NEST = re.compile(rb"boundary\*?[0-9*]*\s*=", re.I)
DMARC = re.compile(r"(?:^|;)\s*dmarc\s*=\s*(\w+)")
BULK = {"bulk", "junk", "list", "auto_reply"}


@functools.cache
def _header_class(parsed: type, base: type) -> Any:
    return type(parsed.__name__, (parsed, base), {})


class _Registry(email.headerregistry.HeaderRegistry):
    """Makes the class for a sort of header once; the standard library makes a new one for each header."""

    def __getitem__(self, name: str) -> Any:
        return _header_class(self.registry.get(name.lower(), self.default_class), self.base_class)


class _Patient(email.policy.EmailPolicy):
    """Reads each header that can be read; one that is too long or that the parser stumbles over stays as it came."""

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        """Return a header in words, with what was found in it."""
        if len(value) <= LONGEST_HEADER:
            try:
                return super().header_fetch_parse(name, value)
            except Exception:  # noqa: S110 - the parser raises nearly anything
                pass
        words = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        # What a part is stands at the beginning; who is answered stands at the end.
        return words[:LONGEST_HEADER] if name.lower().startswith("content-") else words


PATIENT: Any = _Patient(header_factory=_Registry(), refold_source="none")


class Email(Channel):
    """Reads mail that was sent to our address. `authserv`: the name under which our own mail server writes Authentication-Results."""

    confidence: ClassVar = "spec-conformant"

    def __init__(self, address: str, authserv: str) -> None:
        self._address, self._authserv = address.casefold(), authserv.casefold()

    def read(self, headers: Mapping[str, str], body: bytes) -> list[News]:
        """Return the message, or for a notice of failed delivery the id of what was not delivered."""
        try:
            return [self._read(body)]
        except Unreadable:
            raise
        except Exception as error:  # the parser of the standard library raises nearly anything at malformed headers
            raise Unreadable("malformed") from error

    def _read(self, body: bytes) -> Incoming:
        if len(DIVIDER.findall(body)) > MOST_DIVIDERS or len(NEST.findall(body)) > MOST_NESTS:
            raise Unreadable("too_many_parts")
        mail: email.message.EmailMessage = email.message_from_bytes(body, policy=PATIENT)
        name, address = _sender(mail)
        if "@" not in address or len(address) > ADDRESS_LIMIT:
            raise Unreadable("no_sender")
        parts, proof = list(_parts(mail)), self._proof(mail)
        found = MESSAGE_ID.search(_header(mail, "message-id"))
        return Incoming(
            address=address,
            outside_id=found[1] if found else hashlib.sha256(body).hexdigest(),
            text=_text(parts),
            name=name,
            subject=" ".join(_header(mail, "subject").split())[:150],
            answers=tuple(_answers(mail)),
            files=tuple(_files(parts)),
            is_automatic=address == self._address or _is_automatic(mail) or proof == "fail",
            is_proven=proof == "pass",
            undelivered=_undelivered(mail, parts),
        )

    def _proof(self, mail: email.message.EmailMessage) -> str:
        """Return what our own server found of whether the sender's domain stands behind the address (RFC 8601, DMARC): pass, fail or so."""
        for said in mail.get_all("authentication-results", []):
            server, _, results = str(said).casefold().partition(";")
            if self._authserv and server.strip().split(" ")[0] == self._authserv:
                found = DMARC.search(results)
                return found[1] if found else ""
        return ""


def _header(mail: email.message.EmailMessage, name: str) -> str:
    return str(mail[name] or "")


def _sender(mail: email.message.EmailMessage) -> tuple[str, str]:
    """Return who wrote, by name and address."""
    senders = getattr(mail["from"], "addresses", ())
    if senders:
        name, address = senders[0].display_name, senders[0].addr_spec
    else:
        name, address = email.utils.parseaddr(_header(mail, "from")[:LONGEST_HEADER])
    return " ".join(name.split())[:150], storable(address).casefold()


def _parts(mail: email.message.EmailMessage) -> Iterator[email.message.EmailMessage]:
    for number, part in enumerate(mail.walk()):
        if number >= MOST_PARTS:
            raise Unreadable("too_many_parts")
        yield part


def _text(parts: list[email.message.EmailMessage]) -> str:
    shown = [part for part in parts if part.get_content_maintype() == "text" and not part.get_filename()]
    plain = [_decoded(part) for part in shown if part.get_content_subtype() == "plain"]
    text = "\n".join(plain).strip()
    if not text:
        text = "\n".join(as_text(_decoded(part)) for part in shown if part.get_content_subtype() == "html").strip()
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + CUT


def _decoded(part: email.message.EmailMessage) -> str:
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    try:
        return raw.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):  # a character set that nobody knows, or whose name is none
        return raw.decode("utf-8", "replace")


def as_text(html: str) -> str:
    """Return the words of a page, without its scripts, styles and tags."""
    try:
        page: Any = lxml.html.document_fromstring(storable(html) or "<p></p>")
    except (lxml.etree.LxmlError, ValueError):
        return ""
    for dropped in page.xpath("//script|//style|//head|//comment()"):
        if dropped.getparent() is not None:  # what stands before or behind the page is no part of it
            dropped.drop_tree()
    for block in page.xpath("//br|//p|//div|//tr|//li|//h1|//h2|//h3"):
        block.tail = "\n" + (block.tail or "")
    lines = (" ".join(line.split()) for line in page.text_content().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _answers(mail: email.message.EmailMessage) -> Iterator[str]:
    for header in ("in-reply-to", "references"):
        yield from reversed(MESSAGE_ID.findall(_header(mail, header)[-4000:]))


def _files(parts: list[email.message.EmailMessage]) -> Iterator[Attached]:
    """Return all that is no text to be shown: a photo between the lines often has no name."""
    for part in parts:
        name, is_text = part.get_filename(), part.get_content_type() in ("text/plain", "text/html")
        if part.is_multipart() or (is_text and not name):
            continue
        content = part.get_payload(decode=True)
        name = str(name or f"{part.get_content_maintype()}.{part.get_content_subtype()}")
        yield Attached(name[-200:], content if isinstance(content, bytes) else b"")


def _is_automatic(mail: email.message.EmailMessage) -> bool:
    """Whether a machine wrote it (RFC 3834, and what others write besides)."""
    submitted = (_header(mail, "auto-submitted") or "no").split(";")[0].strip().casefold()
    return (
        submitted != "no"
        or _header(mail, "precedence").strip().casefold() in BULK
        or _header(mail, "return-path").strip() == "<>"
        or any(mail[header] is not None for header in ("list-id", "x-auto-response-suppress", "x-autoreply", "x-loop"))
        or mail.get_content_type() == "multipart/report"
    )


def _undelivered(mail: email.message.EmailMessage, parts: list[email.message.EmailMessage]) -> str:
    """Return the id of the message that a notice of failed delivery (RFC 3464) is about."""
    if mail.get_content_type() != "multipart/report":
        return ""
    told = b"".join(part.as_bytes() for part in parts if part.get_content_type() == "message/delivery-status")
    if not re.search(rb"^Action:\s*failed", told, re.I | re.M):  # "delayed" is none
        return ""
    for part in parts:
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            found = re.search(r"^Message-ID:\s*<([^<>\s]+)>", part.as_bytes().decode("utf-8", "replace"), re.I | re.M)
            if found:
                return found[1]
    return ""
