"""The mailbox to which people write: filled by SMTP and by the control API, read by IMAP (the server is the library pymap)."""

import asyncio
import time
from argparse import Namespace
from contextlib import suppress
from typing import Any

from proxyprotocol.reader import ProxyProtocolReader
from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.dict import Config, DictBackend
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage

from sandbox.delivery import shared
from sandbox.state import State

USER = "help"


class Mailbox:
    """An IMAP server over what the books keep as `incoming`. After a restart its mails have other numbers, as RFC 3501 allows."""

    def __init__(self, state: State, port: int) -> None:
        self._state, self._port = state, port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._backend: DictBackend | None = None
        self._config: Config | None = None

    async def start(self) -> asyncio.Server:
        """Listen on the port, with everything that came in before."""
        arguments = Namespace(
            host="127.0.0.1", port=self._port, debug=False, cert=None, key=None, tls=False, passlib_cfg=None,
            proxy_protocol=None, demo_data=False, demo_user=USER, demo_password=shared("INBOX_IMAP_PASSWORD"),
        )  # fmt: skip
        self._backend, self._config = await DictBackend.init(arguments, secure_auth=False, reject_dnsbl=False)
        self._config.apply_context()
        self._loop = asyncio.get_running_loop()
        for row in self._state.run("SELECT raw FROM incoming ORDER BY id"):
            await self._append(row["raw"])
        talk = ProxyProtocolReader(ProxyProtocolVersion.get(None)).get_callback(
            IMAPServer(self._backend.login, self._config)
        )

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._state.take_fault("imap", "down"):
                writer.close()
                return
            if fault := self._state.take_fault("imap", "timeout"):
                await asyncio.sleep(fault.seconds)
            with suppress(ConnectionError):
                await talk(reader, writer)

        return await asyncio.start_server(connected, "127.0.0.1", self._port)

    async def _append(self, raw: bytes) -> None:
        assert self._backend is not None
        async with self._backend.login.demo_user_identity.new_session() as session:
            box = await session.mailbox_set.get_mailbox("INBOX")
            await box.append(AppendMessage(raw))

    def put(self, raw: bytes) -> None:
        """Put a mail into the mailbox, from any thread."""
        self._state.run("INSERT INTO incoming (raw, at) VALUES (?, ?)", raw, time.time())
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._append(raw), self._loop)

    async def put_now(self, raw: bytes) -> None:
        """Put a mail into the mailbox, and come back once it can be read."""
        self._state.run("INSERT INTO incoming (raw, at) VALUES (?, ?)", raw, time.time())
        await self._append(raw)

    def empty(self) -> None:
        """Forget every mail; the mailbox is numbered anew."""
        if self._config is not None:
            self._config.set_cache.clear()


def mailbox_of(request: Any) -> Mailbox:
    """Return the mailbox of this sandbox."""
    found: Mailbox = request.app.state.mailbox
    return found
