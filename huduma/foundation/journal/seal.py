"""The tamper-evident seal: signed Merkle roots over the journal, and the proof that nothing was altered since.

Hashing follows RFC 6962 (leaf prefix 0x00, node prefix 0x01). A seal keeps every leaf, so that a failed proof names the row.
Entries are taken by transaction id below the oldest running transaction, so none can slip in behind a seal.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection, transaction

from huduma.foundation.journal import keys
from huduma.foundation.journal.models import Seal

LEAF = struct.Struct(">q32s")
BATCH = 50_000
LOCK = 0x68756475


@dataclass(frozen=True)
class Fault:
    """Something that the proof found wrong: which entry (by sequence) or seal, and what."""

    where: str
    what: str


def seal_journal(*, now: datetime) -> int:
    """Seal all entries of finished transactions that are not sealed yet. Returns how many."""
    total = 0
    while count := _seal_batch(now):
        total += count
    return total


@transaction.atomic
def _seal_batch(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s), pg_snapshot_xmin(pg_current_snapshot())::text::bigint", [LOCK]
        )
        running = cursor.fetchone()[1]
        last = Seal.objects.order_by("-id").first()
        sealed_to = last.horizon if last else 0
        # A batch never splits a transaction: the horizon is a transaction id.
        cursor.execute(
            "SELECT transaction_id FROM journal_entry WHERE transaction_id >= %s AND transaction_id < %s"
            " ORDER BY transaction_id OFFSET %s LIMIT 1",
            [sealed_to, running, BATCH],
        )
        row = cursor.fetchone()
        horizon = max(row[0], sealed_to + 1) if row else running
        cursor.execute(
            "SELECT sequence, journal_digest(e) FROM journal_entry e WHERE transaction_id >= %s AND transaction_id < %s"
            " ORDER BY sequence",
            [sealed_to, horizon],
        )
        leaves = b"".join(LEAF.pack(sequence, bytes(digest)) for sequence, digest in cursor)
    if not leaves:
        return 0
    root = merkle_root(leaves)
    previous = bytes(last.root) if last else b""
    signature = keys.private_key().sign(_signed(previous, root, horizon))
    Seal.objects.create(
        sealed_at=now, horizon=horizon, leaves=leaves, root=root, previous_root=previous, signature=signature
    )
    return len(leaves) // LEAF.size


def verify_journal(public_key: Ed25519PublicKey | None = None) -> Iterator[Fault]:
    """Prove the journal against its seals; yields a fault for each row or seal that does not agree."""
    key = public_key or keys.private_key().public_key()
    previous, horizon = b"", 0
    for seal in Seal.objects.order_by("id").iterator(chunk_size=1):
        leaves, root = bytes(seal.leaves), bytes(seal.root)
        try:
            key.verify(bytes(seal.signature), _signed(bytes(seal.previous_root), root, seal.horizon))
        except InvalidSignature:
            yield Fault(f"seal {seal.pk}", "its signature is not ours")
        if bytes(seal.previous_root) != previous:
            yield Fault(f"seal {seal.pk}", "the seal before it was removed or replaced")
        if merkle_root(leaves) != root:
            yield Fault(f"seal {seal.pk}", "its list of entries was altered")
        yield from _compare(dict(LEAF.iter_unpack(leaves)), horizon, seal.horizon)
        previous, horizon = root, seal.horizon


def _compare(sealed: dict[int, bytes], start: int, end: int) -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequence, id, act, journal_digest(e) FROM journal_entry e"
            " WHERE transaction_id >= %s AND transaction_id < %s ORDER BY sequence",
            [start, end],
        )
        for sequence, entry_id, act, digest in cursor:
            expected = sealed.pop(sequence, None)
            if expected is None:
                yield Fault(f"entry {sequence} ({entry_id}, {act})", "was inserted after the seal")
            elif expected != bytes(digest):
                yield Fault(f"entry {sequence} ({entry_id}, {act})", "was altered after the seal")
    for sequence in sealed:
        yield Fault(f"entry {sequence}", "was deleted, or moved out of its transaction")


def merkle_root(leaves: bytes) -> bytes:
    """Return the root over packed leaves; an odd node is carried up unchanged (RFC 6962, section 2.1)."""
    level = [hashlib.sha256(b"\x00" + leaves[i : i + LEAF.size]).digest() for i in range(0, len(leaves), LEAF.size)]
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0] if level else hashlib.sha256(b"").digest()


def _signed(previous: bytes, root: bytes, horizon: int) -> bytes:
    return b"huduma-journal-seal-v1" + previous + root + horizon.to_bytes(8, "big")
