"""Webhooks after the Standard Webhooks specification (standardwebhooks.com), and which addresses may be called. No Django here."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from datetime import timedelta
from urllib.parse import urlsplit

#: Which acts of the journal a program is told of, and by what type.
TYPES = {
    "contact.matter.opened": "matter.opened",
    "contact.matter.routed": "matter.routed",
    "contact.matter.escalated": "matter.escalated",
    "contact.matter.overdue": "matter.overdue",
    "contact.remark.added": "matter.remark_added",
    "contact.matter.answered": "matter.answered",
    "contact.matter.reopened": "matter.reopened",
    "contact.matter.closed": "matter.closed",
}
#: What a program may tell us of.
INCOMING = ("matter.note", "matter.message", "matter.answer")
#: How long is waited before each further try, with those before it more than three days; after the last the webhook is dead.
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
#: A webhook whose time is further from ours than this is refused, whatever its signature.
TOLERANCE = timedelta(minutes=5)
#: So many requests a minute a program may make, webhooks counted; its pages hold fifty matters each.
REQUESTS_PER_MINUTE = 300
PREFIX = "whsec_"
#: By these an IPv6 network reaches IPv4 addresses (RFC 6052): whatever is inside its gateway's network, too.
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def signature(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a webhook: `v1,` and base64 of HMAC-SHA256 over id, time and body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def is_signed(secret: str, webhook_id: str, timestamp: str, body: bytes, signatures: str) -> bool:
    """Whether one of the signatures, parted by spaces, is right: while a secret is changed there are two."""
    try:
        expected = signature(secret, webhook_id, timestamp, body).encode()
    except (binascii.Error, ValueError):
        return False
    return any(hmac.compare_digest(expected, one.encode()) for one in signatures.split(" ")[:10])


def host_of(url: str) -> tuple[str, int] | None:
    """Return host and port of an address that may be called: https, without a user or a fragment; None for others."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password or parts.fragment:
        return None
    return parts.hostname, port


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: not of this machine, this network, a cloud's own services."""
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if found in NAT64:
        mapped = ipaddress.IPv4Address(found.packed[-4:])
    return found.is_global and not found.is_multicast and (mapped is None or mapped.is_global)
