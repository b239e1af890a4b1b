"""Reading a mailbox by IMAP (RFC 3501), with Python's own client.

Nothing is changed on the server, not even a flag: what was read is known by its UID, so a mailbox can be read again at any time.
"""

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

SECONDS = 30.0
#: So many numbers are asked for at once: Python's client reads no line longer than a million bytes, and each has up to ten digits.
WINDOW = 50_000
#: Headers longer than this belong to nobody who wants an answer.
HEADER_BYTES = 200_000


class Unreachable(Exception):
    """The mailbox could not be read: no server, no answer, wrong password, or a server that talks nonsense."""


@dataclass(frozen=True)
class Address:
    """Where a mailbox is."""

    host: str
    port: int
    user: str
    password: str
    tls: bool


class Box:
    """An open mailbox."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._client = client
        self.validity, self._next = int(self._answer("UIDVALIDITY")), int(self._answer("UIDNEXT"))

    def _answer(self, name: str) -> bytes:
        _, found = self._client.response(name)
        if not found or not isinstance(found[0], bytes):
            raise imaplib.IMAP4.error(f"no {name}")
        return found[0]

    def uids_after(self, uid: int) -> list[int]:
        """Return the next UIDs greater than one, in order: those of the first window that has any."""
        while uid + 1 < self._next:
            found = _line(self._uid("SEARCH", f"UID {uid + 1}:{uid + WINDOW}"))
            if uids := sorted(int(one) for one in found.split() if int(one) > uid):
                return uids
            uid += WINDOW
        return []

    def size_of(self, uid: int) -> int | None:
        """Return how many bytes a mail has; None where somebody deleted it meanwhile."""
        match = re.search(rb"RFC822\.SIZE (\d+)", _line(self._uid("FETCH", str(uid), "(RFC822.SIZE)")))
        return int(match[1]) if match else None

    def bytes_of(self, uid: int, *, headers_only: bool = False) -> bytes:
        """Return a mail byte for byte, or its headers."""
        part = f"BODY.PEEK[HEADER]<0.{HEADER_BYTES}>" if headers_only else "BODY.PEEK[]"
        for one in self._uid("FETCH", str(uid), f"({part})"):
            if isinstance(one, tuple):
                return one[1]
        raise imaplib.IMAP4.error("no body")

    def _uid(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes]]:
        status, data = self._client.uid(command, *arguments)
        if status != "OK":
            raise imaplib.IMAP4.error(f"{command}: {status}")
        return data


def _line(data: list[bytes | tuple[bytes, bytes]]) -> bytes:
    return b" ".join(one[0] if isinstance(one, tuple) else one for one in data if one)


@contextmanager
def opened(address: Address) -> Iterator[Box]:
    """Open a mailbox for reading. Raises Unreachable, whenever and however the line breaks."""
    client: imaplib.IMAP4 | None = None
    try:
        make = imaplib.IMAP4_SSL if address.tls else imaplib.IMAP4
        client = make(address.host, address.port, timeout=SECONDS)
        client.login(address.user, address.password)
        client.select("INBOX", readonly=True)
        yield Box(client)
    except (OSError, imaplib.IMAP4.error, ValueError) as error:
        raise Unreachable(type(error).__name__) from None
    finally:
        if client is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                client.logout()
