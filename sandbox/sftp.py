"""An SFTP server for the bank, IFMIS and G-Pay: each user sees their own folders `in`, `ack`, `out`.

The bank carries out a payment order (pain.001) once its manifest has come too, and knows an order by its message id: a second one
with the same id is put aside. Orders become lines of the account's statement; a statement of the day is in `out` after each.
"""

import hashlib
import os
import secrets
import time
from pathlib import Path

import asyncssh
from lxml import etree

from sandbox import statements
from sandbox.delivery import shared
from sandbox.state import State

USERS = ("bank", "ifmis", "gpay")
FOLDERS = ("in", "ack", "out")


class Door(asyncssh.SSHServer):
    """Lets in who has the key that both sides share."""

    def begin_auth(self, username: str) -> bool:
        """Ask for a key."""
        return True

    def public_key_auth_supported(self) -> bool:
        """Keys only, no passwords."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether it is the key that was entered here."""
        return username in USERS and key == asyncssh.import_public_key(shared("SANDBOX_SFTP_KNOWN_KEY"))


def folders(state: State, user: str) -> Path:
    """Return a user's root, made if need be."""
    root = state.folder / user
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    return root


def handler(state: State) -> type[asyncssh.SFTPServer]:
    """Return the server's class over some books."""

    class Files(asyncssh.SFTPServer):
        """A folder of its own for each user; what arrived whole is taken away at once and acknowledged."""

        def __init__(self, channel: asyncssh.SSHServerChannel) -> None:
            self._user = str(channel.get_extra_info("username"))
            self._root = folders(state, self._user)
            super().__init__(channel, chroot=os.fsencode(self._root))

        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            """Refuse while told to be down."""
            if state.take_fault("sftp", "down"):
                raise asyncssh.SFTPFailure("try again later")
            return super().open(path, pflags, attrs)

        def rename(self, oldpath: bytes, newpath: bytes) -> None:
            """Give a file its name; with its manifest it is whole."""
            super().rename(oldpath, newpath)
            if newpath.endswith(b".sha256"):
                take(state, self._user, self._root, os.fsdecode(newpath).rsplit("/", 1)[-1])
            if state.take_fault("sftp", "cut"):
                raise asyncssh.SFTPConnectionLost("the line broke after the file had arrived")

    return Files


def take(state: State, user: str, root: Path, manifest: str) -> None:
    """Check a file against its manifest, take both away, and carry out a payment order."""
    digest, _, name = (root / "in" / manifest).read_text().strip().partition("  ")
    name = name.rsplit("/", 1)[-1]
    content = (root / "in" / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        return
    (root / "in" / name).rename(root / "ack" / name)
    (root / "in" / manifest).rename(root / "ack" / manifest)
    if user == "bank":
        carry_out(state, content)
        day = statements.today()
        (root / "out" / f"camt053-{day:%Y%m%d}-{int(time.time() * 1000)}.xml").write_bytes(
            statements.camt053(state, "bank", day)
        )


def carry_out(state: State, order: bytes) -> bool:
    """Pay every transfer of an order; False where its message id was carried out before."""
    root = etree.fromstring(order, etree.XMLParser(resolve_entities=False, no_network=True))
    message_id = root.findtext(".//{*}GrpHdr/{*}MsgId") or ""
    if not message_id or state.run("SELECT 1 FROM movement WHERE system = 'bank' AND about = ? LIMIT 1", message_id):
        return False
    for one in root.findall(".//{*}CdtTrfTxInf"):
        amount = one.findtext("{*}Amt/{*}InstdAmt") or "0"
        whole, _, part = amount.partition(".")
        cents, end_to_end = int(whole) * 100 + int((part + "00")[:2]), one.findtext("{*}PmtId/{*}EndToEndId") or ""
        name = one.findtext("{*}Cdtr/{*}Nm") or ""
        state.move(
            "bank",
            "out",
            f"BT{secrets.token_hex(6).upper()}",
            phone="",
            cents=cents,
            reference=end_to_end,
            about=message_id,
            name=name,
        )
        if state.take_fault("sftp", "return"):
            state.move(
                "bank", "in", f"BT{secrets.token_hex(6).upper()}", phone="", cents=cents, reference=end_to_end,
                about=message_id, name="Returned: account closed",
            )  # fmt: skip
    return True


async def serve(state: State, port: int) -> asyncssh.SSHAcceptor:
    """Listen."""
    host_key = asyncssh.import_private_key(shared("SANDBOX_SFTP_HOST_KEY"))
    return await asyncssh.create_server(
        Door, "127.0.0.1", port, server_host_keys=[host_key], sftp_factory=handler(state), allow_scp=False
    )
