"""The only reader of the environment. Every variable has a meaning, a default for the sandbox, and a check."""

import os
import secrets
from pathlib import Path

import dj_database_url

from config import database, standins

BASE = Path(__file__).resolve().parent.parent


class Misconfigured(SystemExit):
    """The installation's settings contradict one another or are incomplete."""


def text(name: str, default: str = "") -> str:
    """Return a variable's text."""
    return os.environ.get(name, default)


def required(name: str, sandbox_default: str) -> str:
    """Return a variable that a production installation must set."""
    value = text(name) or (sandbox_default if SANDBOX else "")
    if not value:
        raise Misconfigured(f"{name} is not set. A production installation needs it: see docs/how-to/install.md")
    return value


def names(name: str) -> list[str]:
    """Return a comma-separated list."""
    return [part.strip() for part in text(name).split(",") if part.strip()]


MODE = text("HUDUMA_MODE", "sandbox")
if MODE not in ("sandbox", "production"):
    raise Misconfigured(f"HUDUMA_MODE is {MODE!r}; it is 'sandbox' or 'production'")
SANDBOX = MODE == "sandbox"


def number(name: str, default: int) -> int:
    """Return a whole number, 0 or more."""
    value = text(name) or str(default)
    if not value.isdecimal():
        raise Misconfigured(f"{name} is {value!r}; it is a whole number")
    return int(value)


VAR = Path(text("HUDUMA_VAR", str(BASE / "var")))
KEYS = Path(text("HUDUMA_KEYS", str(VAR / "keys")))

if SANDBOX:
    standins.share(KEYS / "stand-ins.json")

PUBLIC_URL = required("HUDUMA_PUBLIC_URL", f"http://127.0.0.1:{text('HUDUMA_PORT', '8000')}").rstrip("/")
#: Where displays listen for calls: behind an edge the public address itself, which passes /stream/ to that process.
STREAM_PORT = int(text("HUDUMA_STREAM_PORT") or int(text("HUDUMA_PORT", "8000")) + 2)
STREAM_URL = text("HUDUMA_STREAM_URL", f"http://127.0.0.1:{STREAM_PORT}" if SANDBOX else PUBLIC_URL).rstrip("/")
SANDBOX_URL = text("SANDBOX_URL", "http://127.0.0.1:8001").rstrip("/")
#: Where the stand-in of banks and Treasury takes files.
SFTP_PORT = number("SFTP_PORT", int(SANDBOX_URL.rsplit(":", 1)[-1]) + 21 if SANDBOX_URL[-4:].isdecimal() else 8022)


def outside(name: str, sandbox_path: str) -> str:
    """Return the base address of an outside system; in the sandbox, its stand-in's."""
    return required(name, SANDBOX_URL + sandbox_path).rstrip("/")


def pem(name: str) -> str:
    """Return a key or certificate, whose lines may be joined by a written \\n."""
    return text(name).replace("\\n", "\n")


def sftp_servers(*codes: str) -> dict[str, dict[str, str]]:
    """Return how to log in at the servers that are configured, each as `user@host:port` with our key and theirs (OpenSSH's text)."""
    found: dict[str, dict[str, str]] = {}
    for code in codes:
        name = f"{code.upper()}_SFTP"
        address = text(name, f"{code}@127.0.0.1:{SFTP_PORT}" if SANDBOX else "")
        if not address:
            continue
        user, _, place = address.partition("@")
        host, _, port = place.partition(":")
        keys = {
            "private_key": pem(f"{name}_KEY") or pem("SFTP_KEY"),
            "host_key": text(f"{name}_HOST_KEY") or text("SFTP_HOST_KEY"),
        }
        if not host or not all(keys.values()):
            raise Misconfigured(f"{name} is {address!r}; it is user@host:port, with {name}_KEY and {name}_HOST_KEY")
        found[code] = {"host": host, "port": port or "22", "user": user, **keys}
    return found


def secret_key() -> str:
    """Return the signing secret: from SECRET_KEY, or (sandbox) a file made at the first start."""
    if value := text("SECRET_KEY"):
        return value
    if not SANDBOX:
        raise Misconfigured("SECRET_KEY is not set. A production installation needs one of at least 50 characters.")
    KEYS.mkdir(parents=True, exist_ok=True)
    file = KEYS / "secret-key"
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return file.read_text()


def database_settings() -> dict[str, object]:
    """Return Django's connection settings for DATABASE_URL, or for the embedded server when it runs."""
    url = text("DATABASE_URL") or database.running_url(VAR / "postgres") or "postgresql:///huduma"
    settings = dict(dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True))
    settings["OPTIONS"] = {
        **settings.get("OPTIONS", {}),  # type: ignore[dict-item]
        "application_name": text("HUDUMA_PROCESS", "huduma"),
        # Statements are planned once for a connection: a fifth of the time of a step. A pooler must know of them (PgBouncer ≥ 1.21).
        "server_side_binding": True,
        "prepare_threshold": 5,
    }
    return settings
