"""The people who pay: each has a phone and a bill, and does what people do — answers, declines, doubles, mistypes, gives up, comes late."""

import collections
import random
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import TypeVar

import httpx
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from procrastinate.exceptions import ConnectorException

from huduma.contexts.payments import public as payments
from huduma.foundation.access import SYSTEM

Found = TypeVar("Found")
#: What a crash of the database looks like: to a query, and to the queue of jobs.
NO_DATABASE = (DatabaseError, ConnectorException)
PATIENCE_SECONDS = 60.0
#: How long somebody looks at a phone or a page for what should appear there.
LOOK_SECONDS = min(12.0, max(2.0, 10_000 / settings.PAYMENTS_PACE))
SECRET = "c" * 32  # whoever sends a form has the cookie that goes with it
PAGE = re.compile(r'href="(http[^"]+)"')
NAMESPACE = uuid.UUID("5e0d9f5c-1f0e-4a4e-9d3a-6f1a4f0e7c11")
#: What people choose, in parts of a hundred.
WAYS = {"mpesa": 44, "airtel": 14, "ecitizen": 10, "card": 10, "paybill": 12, "kcb": 5, "equity": 5}
#: Where a prompt is seen on a handset, what names it, and where it is answered.
PROMPTS = {
    "mpesa": ("prompts", "checkout_request_id", "/phone/api/answer"), "airtel": ("airtel", "id", "/phone/api/airtel"),
}  # fmt: skip


class Town:
    """All the people, the addresses they use, and what they tell of it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        # A line for each call, as people have: one that many share may be closed as idle by one just as another gets it.
        apart = httpx.Limits(max_keepalive_connections=0)
        self.sandbox = httpx.Client(base_url=settings.SANDBOX_URL, timeout=30, limits=apart)
        self.portal = httpx.Client(base_url=settings.PUBLIC_URL, timeout=30, limits=apart)
        self.did: collections.Counter[str] = collections.Counter()
        self.faults: list[str] = []
        self._lock = threading.Lock()

    def tell(self, what: str) -> None:
        """Count what somebody did."""
        with self._lock:
            self.did[what] += 1

    def wrong(self, what: str) -> None:
        """Keep what nobody should have met."""
        with self._lock:
            self.faults.append(what)

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in sorted(self.did.items()))


class Person:
    """One of them."""

    def __init__(self, town: Town, number: int) -> None:
        self.town, self.number = town, number
        self.draw = random.Random(f"{town.seed}:{number}")
        self.phone = f"+2547{10_000_000 + number}"
        self.payable = uuid.uuid5(NAMESPACE, f"{town.seed}:{number}")
        self.shillings = self.draw.randrange(50, 1000)
        self.reference = ""

    def live(self) -> None:
        """Get a bill and pay it, well or badly; what nobody should meet is told to the town."""
        self._or_tell(self._live)

    def _or_tell(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # the others go on
            self.town.wrong(f"person {self.number} met {error!r}")
        finally:
            connection.close()

    def _aside(self, action: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=self._or_tell, args=(action,))
        thread.start()
        return thread

    def _live(self) -> None:
        bill = insist(self._raise_bill, *NO_DATABASE)
        self.reference = bill.reference
        (way,) = self.draw.choices(list(WAYS), list(WAYS.values()))
        if self.draw.random() < 0.06:  # somebody else pays the same bill at the same time
            helper = self._aside(lambda: self._type("paybill", self.shillings, self.phone[:-1] + "0"))
            self._pay(way)
            helper.join()
        else:
            self._pay(way)
        if self.draw.random() < 0.03:
            self._cancel()

    def _raise_bill(self) -> payments.Bill:
        first = self.shillings // 3
        lines = [
            {"code": code, "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": part * 100, "body_code": body}
            for code, part, body in (("fee", first, "CRS"), ("charge", self.shillings - first, "TNT"))
        ]
        return payments.raise_bill(
            actor=SYSTEM, payable_id=self.payable, purpose="chaos", payer_person_id=None,
            description={"en": "Chaos", "sw": "Vurugu"}, lines=lines, now=timezone.now(),
        )  # fmt: skip

    def _cancel(self) -> None:
        insist(lambda: payments.cancel_bills(actor=SYSTEM, payable_id=self.payable, now=timezone.now()), *NO_DATABASE)
        self.town.tell("cancelled what it was for")

    def _pay(self, way: str) -> None:
        if way in ("paybill", "kcb", "equity"):
            self._pay_elsewhere(way)
            return
        for attempt in range(3):
            shown = self._ask(way)
            if shown == "settled" or self._answer(way):
                return
            if attempt == 2 or self.draw.random() < 0.3 or not self._may_pay_again():
                break
            way = self.draw.choice(["mpesa", "airtel", "card"])
        self.town.tell("gave up")

    # At the portal.

    def _ask(self, way: str) -> str:
        if self.draw.random() < 0.2:  # a double click
            again = self._aside(lambda: self._post(way))
            self._post(way)
            again.join()
            self.town.tell("clicked twice")
        else:
            self._post(way)
        self.town.tell(f"asked by {way}")
        return self._look()[0]

    def _post(self, way: str) -> None:
        form = {"csrfmiddlewaretoken": SECRET, "way": way, "phone": self.phone}
        answer = self._reach("POST", data=form)
        if answer.status_code not in (200, 302):
            self.town.wrong(f"the portal answered {answer.status_code} to {self.reference} by {way}")

    def _look(self) -> tuple[str, str]:
        """Return what the page says (settled, waiting, open, cancelled) and the gateway's page, if there is one."""
        text = self._reach("GET").text
        page = next((found for found in PAGE.findall(text) if "/checkout/" in found or "/card/pay/" in found), "")
        return ("open" if 'name="way"' in text else "waiting" if "data-poll" in text else "settled"), page

    def _may_pay_again(self) -> bool:
        """Wait a while for the page to say that the try failed; nobody pays again while it does not."""
        return bool(wait(lambda: self._look()[0] != "waiting", seconds=LOOK_SECONDS)) and self._look()[0] == "open"

    def _reach(self, method: str, **more: object) -> httpx.Response:
        """Load a page; whoever finds the portal down presses again."""
        address = ".".join(str(self.draw.randrange(1, 250)) for _ in range(4))
        headers = {"X-Forwarded-For": address, "Cookie": f"csrftoken={SECRET}", "Sec-Fetch-Mode": "navigate"}

        def load() -> httpx.Response:
            found = self.town.portal.request(method, f"/en/pay/{self.reference}/", headers=headers, **more)  # type: ignore[arg-type]
            if found.status_code >= 500:
                raise httpx.ReadError("not there")
            return found

        return insist(load, httpx.TransportError)

    # On the phone, the gateway's page, or elsewhere.

    def _answer(self, way: str) -> bool:
        """Return whether the money went away."""
        mood = self.draw.random()
        if way not in PROMPTS:
            return self._pay_on_page(way, mood)
        kind, key, path = PROMPTS[way]
        prompt = wait(lambda: next((p for p in self._handset()[kind] if self._is_open(p)), None), seconds=LOOK_SECONDS)
        if not prompt:
            self.town.tell("never saw a prompt")
            return False
        action, pin = "pay", "1234"
        if mood < 0.05:
            action = "decline"
        elif mood < 0.08:
            pin = "0000"
        elif mood < 0.12:
            action = "timeout"
        elif mood < 0.14:
            self.town.tell("never answered")
            return True
        body = {key: prompt[key], "action": action, "pin": pin}
        self.town.sandbox.post(path, json=body).raise_for_status()
        paid = (action, pin) == ("pay", "1234")
        self.town.tell("paid a prompt" if paid else "did not pay a prompt")
        if paid and self.draw.random() < 0.04:  # not sure, and paid once more
            self._type("paybill", self.shillings)
        return paid

    def _is_open(self, prompt: dict[str, str]) -> bool:
        return prompt.get("state", prompt.get("status")) in ("open", "TIP")

    def _handset(self) -> dict[str, list[dict[str, str]]]:
        found: dict[str, list[dict[str, str]]] = self.town.sandbox.get(f"/phone/api/{self.phone}").json()
        return found

    def _pay_on_page(self, way: str, mood: float) -> bool:
        address = wait(lambda: self._look()[1], seconds=LOOK_SECONDS)
        if not address:
            self.town.tell("never saw a page")
            return False
        if mood < 0.06:
            self.town.tell("left the page")
            return True
        if way == "card":
            self.town.sandbox.post(address, data={"card": "4242 4242 4242 4242"})
        else:
            part = self.draw.randrange(1, self.shillings) if mood < 0.2 else self.shillings
            for amount in (part, self.shillings - part):
                if amount:
                    form = {"phone": self.phone, "amount": str(amount), "pin": "1234"}
                    self.town.sandbox.post(address, data=form)
        self.town.tell("paid on a page")
        return True

    def _pay_elsewhere(self, way: str) -> None:
        mood = self.draw.random()
        amounts = [self.shillings]
        if mood < 0.1:
            part = self.draw.randrange(1, self.shillings)
            amounts = [part, self.shillings - part]
        elif mood < 0.16:
            amounts = [self.shillings + 7]
        elif mood < 0.21:
            amounts = [self.shillings, self.shillings]
        for amount in amounts:
            self._type(way, amount)

    def _type(self, way: str, amount: int, phone: str = "") -> None:
        typed = self.reference if self.draw.random() > 0.03 else self.reference[::-1]
        if way == "paybill":
            form = {"paybill": "174379", "account": typed, "amount": str(amount), "pin": "1234"}
            self.town.sandbox.post("/phone/api/pay", json={**form, "phone": phone or self.phone})
        else:
            body = {"bank": way, "reference": typed, "cents": amount * 100, "phone": self.phone}
            self.town.sandbox.post("/bank/api/deposit", json=body)
        self.town.tell(f"typed at {way}")


def insist(action: Callable[[], Found], *faults: type[Exception]) -> Found:
    """Do something again while the other side is down."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return action()
        except faults:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def wait(look: Callable[[], Found], *, seconds: float) -> Found | None:
    """Look ever more seldom until something is there."""
    deadline, pause = time.monotonic() + seconds, 0.1
    while not (found := look()):
        if time.monotonic() > deadline:
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, 1.5)
    return found
