"""Free ports for one more installation on this machine: those of tests, benches and chaos runs, side by side with `make run`."""

import contextlib
import socket

#: Every variable of `config.env` that names a port at which a part of an installation listens.
VARIABLES = ("HUDUMA_PORT", "HUDUMA_STREAM_PORT", "SANDBOX_URL", "EMAIL_PORT", "INBOX_IMAP_PORT", "SFTP_PORT")


def free() -> dict[str, str]:
    """Return a free port for each of `VARIABLES`, as the environment wants it; all of them differ."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in VARIABLES]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        ports = {name: str(probe.getsockname()[1]) for name, probe in zip(VARIABLES, probes, strict=True)}
    return ports | {"SANDBOX_URL": f"http://127.0.0.1:{ports['SANDBOX_URL']}"}
