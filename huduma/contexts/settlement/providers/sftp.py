"""Files handed over and fetched by SFTP (AsyncSSH): the bank, IFMIS, G-Pay. The protocol is a standard; the folders are `assumed`:
`in/` takes what we send, `ack/` holds a file of the same name once the other side took it away, `out/` has what is for us.

The server's key is pinned by configuration; a server that shows another key gets nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import asyncssh

SECONDS = 20
LARGEST_FILE = 200_000_000
T = TypeVar("T")


class NotHandedOver(Exception):
    """The server could not be reached, did not let us in, or did not keep the whole file. Trying again is safe."""


@dataclass(frozen=True)
class Server:
    """Where and how to log in. `host_key` and `private_key`: OpenSSH's text of them."""

    host: str
    port: str
    user: str
    private_key: str
    host_key: str


def hand_over(server: Server, files: dict[str, bytes]) -> None:
    """Write each file under a passing name, then give it its own: the other side never sees half a file.

    A file that the other side has, or has acknowledged, is not written again. Raises NotHandedOver.
    """

    async def work(client: asyncssh.SFTPClient) -> None:
        for name, content in files.items():
            if await client.exists(f"ack/{name}") or await client.exists(f"in/{name}"):
                continue
            async with client.open(f"in/{name}.part", "wb") as file:
                await file.write(content)
            await client.rename(f"in/{name}.part", f"in/{name}")  # refused by the server where the name is taken

    _run(server, work)


def fetch(server: Server, known: Callable[[str], bool]) -> dict[str, bytes]:
    """Return by name the files that the server has for us, without those that are known. Raises NotHandedOver."""

    async def work(client: asyncssh.SFTPClient) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for entry in await client.readdir("out"):
            name = str(entry.filename)
            if not name.startswith(".") and (entry.attrs.size or 0) <= LARGEST_FILE and not known(name):
                async with client.open(f"out/{name}", "rb") as file:
                    found[name] = await file.read()
        return found

    return _run(server, work)


def _run(server: Server, work: Callable[[asyncssh.SFTPClient], Awaitable[T]]) -> T:
    async def connect() -> T:
        host = asyncssh.import_public_key(server.host_key)
        key = asyncssh.import_private_key(server.private_key)
        options = asyncssh.SSHClientConnectionOptions(
            known_hosts=([host], [], []), username=server.user, client_keys=[key], agent_path=None, config=None,
            connect_timeout=SECONDS, login_timeout=SECONDS, keepalive_interval=SECONDS,
        )  # fmt: skip
        async with (
            asyncssh.connect(server.host, int(server.port), options=options) as session,
            session.start_sftp_client() as client,
        ):
            return await work(client)

    async def bounded() -> T:
        async with asyncio.timeout(SECONDS * 15):
            return await connect()

    try:
        return asyncio.run(bounded())
    except (asyncssh.Error, asyncssh.KeyImportError, OSError, TimeoutError) as error:
        raise NotHandedOver(f"{type(error).__name__}: {error}"[:120]) from error
