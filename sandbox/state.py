"""What the stand-ins remember: SQLite, so that a restart forgets nothing."""

import random
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.exchange import Exchange

TABLES = """
CREATE TABLE IF NOT EXISTS sms (id INTEGER PRIMARY KEY, provider TEXT, message_id TEXT UNIQUE, phone TEXT, text TEXT, at REAL);
CREATE TABLE IF NOT EXISTS mail (id INTEGER PRIMARY KEY, recipient TEXT, subject TEXT, text TEXT, at REAL);
CREATE TABLE IF NOT EXISTS prompt (checkout_request_id TEXT PRIMARY KEY, merchant_request_id TEXT, phone TEXT, amount INTEGER,
    reference TEXT, description TEXT, callback_url TEXT, state TEXT, result_code TEXT, receipt TEXT, at REAL);
CREATE TABLE IF NOT EXISTS handset (phone TEXT PRIMARY KEY, balance INTEGER);
CREATE TABLE IF NOT EXISTS movement (receipt TEXT PRIMARY KEY, system TEXT, direction TEXT, phone TEXT, name TEXT, cents INTEGER,
    currency TEXT, reference TEXT, about TEXT, at REAL);
CREATE INDEX IF NOT EXISTS movement_about ON movement (system, about);
CREATE INDEX IF NOT EXISTS movement_at ON movement (system, at);
CREATE INDEX IF NOT EXISTS prompt_phone ON prompt (phone, state);
CREATE INDEX IF NOT EXISTS sms_phone ON sms (phone);
CREATE TABLE IF NOT EXISTS address (name TEXT PRIMARY KEY, url TEXT);
CREATE TABLE IF NOT EXISTS airtel (id TEXT PRIMARY KEY, phone TEXT, amount INTEGER, reference TEXT, status TEXT, code TEXT,
    money_id TEXT, at REAL);
CREATE INDEX IF NOT EXISTS airtel_phone ON airtel (phone);
CREATE TABLE IF NOT EXISTS invoice (number TEXT PRIMARY KEY, ref TEXT UNIQUE, cents INTEGER, currency TEXT, description TEXT,
    notify_url TEXT, return_url TEXT, paid INTEGER, at REAL);
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, key TEXT UNIQUE, reference TEXT, cents INTEGER, currency TEXT, name TEXT,
    success_url TEXT, cancel_url TEXT, status TEXT, intent TEXT, at REAL);
CREATE TABLE IF NOT EXISTS card_refund (id TEXT PRIMARY KEY, key TEXT UNIQUE, intent TEXT, cents INTEGER, status TEXT);
CREATE TABLE IF NOT EXISTS incoming (id INTEGER PRIMARY KEY, raw BLOB, at REAL);
CREATE TABLE IF NOT EXISTS spoken (phone TEXT PRIMARY KEY, at REAL);
CREATE TABLE IF NOT EXISTS device (tin TEXT, branch TEXT, key TEXT, PRIMARY KEY (tin, branch));
CREATE TABLE IF NOT EXISTS tax_invoice (tin TEXT, number INTEGER, receipt INTEGER, signature TEXT, internal TEXT, at TEXT, body TEXT,
    PRIMARY KEY (tin, number));
CREATE TABLE IF NOT EXISTS token (value TEXT PRIMARY KEY, expires REAL);
"""
TABLE_NAMES = re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", TABLES)
OPENING_BALANCE = 50_000
#: What each stand-in can be told to do wrong. A kind that a stand-in does not know is refused, so that no test believes in vain.
FAULTS = {
    "daraja": "delay lose duplicate reorder wrong_amount text_numbers timeout error_5xx expired_token down timeout_other queue_timeout",
    "airtel": "delay lose duplicate reorder falsify timeout error_5xx down expired_token",
    "pesaflow": "delay lose duplicate reorder falsify timeout error_5xx down",
    "card": "delay lose duplicate reorder falsify timeout error_5xx down",
    "kcb": "delay lose duplicate reorder falsify",
    "equity": "delay lose duplicate reorder falsify",
    "africastalking": "delay lose duplicate timeout error_5xx down reject undelivered",
    "twilio": "delay lose duplicate timeout error_5xx down reject undelivered",
    "iprs": "delay timeout error_5xx down reject",
    "crs": "delay timeout error_5xx down",
    "mail": "error_5xx down reject",
    "sftp": "down cut return",
    "imap": "down timeout",
    "africastalking_in": "delay lose duplicate reorder",
    "whatsapp": "delay lose duplicate reorder falsify timeout error_5xx down undelivered window_over",
    "messenger": "delay lose duplicate reorder falsify timeout error_5xx down window_over",
    "x": "delay lose duplicate reorder falsify timeout error_5xx down too_many",
    "asterisk": "delay lose duplicate timeout error_5xx down disconnect",
    "africastalking_voice": "timeout error_5xx down",
    "etims": "delay timeout error_5xx down",
}


@dataclass
class Fault:
    """A misbehaviour asked for through the control API, for the next `times` calls."""

    kind: str
    times: int = 1
    seconds: float = 0.2
    chance: float = 1.0


class State:
    """The books of all stand-ins, and the faults that are switched on."""

    def __init__(self, file: str) -> None:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(file).with_suffix(".sftp")  # what the SFTP server keeps
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + TABLES)
        self._lock = threading.RLock()
        self.faults: dict[str, list[Fault]] = {}
        self.exchange = Exchange()
        self.ari: Any = None  # what Asterisk remembers, once it was asked
        self.calling = 0  # callbacks on their way, or to be sent again
        self.held: list[tuple[str, bytes, dict[str, str]]] = []  # callbacks that wait for a later one to overtake them
        data = yaml.safe_load((Path(__file__).parent / "population.yaml").read_text())
        self.people: dict[str, dict[str, Any]] = {person["id_number"]: person for person in data["people"]}
        self.notifications: dict[str, dict[str, Any]] = {n["slip"]: n for n in data["birth_notifications"]}

    def run(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Execute one statement and return its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the books while several statements belong together."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def take_fault(self, system: str, *kinds: str) -> Fault | None:
        """Use up one switched-on fault of these kinds, if there is one."""
        with self._lock:
            for fault in self.faults.get(system, []):
                if fault.kind in kinds and fault.times != 0 and (fault.chance >= 1 or random.random() < fault.chance):
                    fault.times -= 1
                    return fault
        return None

    def reset(self) -> None:
        """Forget everything but the population."""
        with self._lock:
            self.faults.clear()
            self.held.clear()
            self.exchange.legs.clear()
            if self.ari is not None:
                self.ari.bridges.clear()
            for table in TABLE_NAMES:
                self._connection.execute(f"DELETE FROM {table}")
            shutil.rmtree(self.folder, ignore_errors=True)

    def person_of_phone(self, phone: str) -> dict[str, Any] | None:
        """Return the test citizen who owns a number."""
        return next((person for person in self.people.values() if person.get("phone") == phone), None)

    def balance(self, phone: str) -> int:
        """Return a handset's balance in shillings."""
        self.run("INSERT OR IGNORE INTO handset VALUES (?, ?)", phone, OPENING_BALANCE)
        return int(self.run("SELECT balance FROM handset WHERE phone = ?", phone)[0][0])

    def move(
        self, system: str, direction: str, receipt: str, *, phone: str, cents: int, currency: str = "KES", reference: str = "",
        about: str = "", name: str = "",
    ) -> None:  # fmt: skip
        """Write money that came in or went out into the books."""
        self.run(
            "INSERT INTO movement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            receipt, system, direction, phone, name, cents, currency, reference, about, time.time(),
        )  # fmt: skip

    def address(self, name: str) -> str:
        """Return where a gateway calls, as it was entered in the gateway's portal or by its call."""
        rows = self.run("SELECT url FROM address WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def keep_sms(self, provider: str, message_id: str, phone: str, text: str) -> None:
        """Put a message into a handset's inbox."""
        self.run(
            "INSERT INTO sms (provider, message_id, phone, text, at) VALUES (?, ?, ?, ?, ?)",
            provider, message_id, phone, text, time.time(),
        )  # fmt: skip
