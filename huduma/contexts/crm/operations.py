"""All writes about links: opening and ending them, telling programs of news, and taking what they tell."""

import base64
import hashlib
import json
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from huduma.contexts.contact import public as contact
from huduma.contexts.crm import events, rules
from huduma.contexts.crm.models import Delivery, Heard, Link
from huduma.contexts.crm.queries import OPERATORS, SEALED_FOR, actor_of_link, get_hearing, link_of_token
from huduma.contexts.places import public as places
from huduma.foundation import http, jobs, references, sealing, throttle
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.text import storable

READ_SECONDS = 15.0


class NotAnAddress(Refusal):
    """Webhooks go only to an https address on the public internet. Correct it, or leave it empty."""


class NoName(Refusal):
    """Write what the program is called."""


class NoBody(Refusal):
    """Choose the public body whose matters the program works on."""


class NoTypes(Refusal):
    """Choose at least one thing that the program is told of, or leave its address empty."""


class TooManyRequests(Refusal):
    """The program asks too much at once. Let it wait as many seconds as Retry-After says, then go on where it stopped."""


class NoSuchType(Refusal):
    """This is none of the things that a program may tell: matter.note, matter.message or matter.answer."""


@dataclass(frozen=True)
class Opened:
    """A link with the secrets that are shown once."""

    link: Link
    client_secret: str
    telling: str
    hearing: str


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()  # of 256 random bits: nothing is gained by stretching


def _webhook_secret() -> str:
    return rules.PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


@transaction.atomic
def open_link(
    *, actor: Actor, body_code: str, name: str, url: str = "", types: Sequence[str] | None = None, now: datetime
) -> Opened:
    """Let a body's program work on its matters; its secrets are returned once. `types`: what it is told of, everything unless given.

    Raises NotPermitted, NotFound, NoBody, NoName, NotAnAddress, NoTypes.
    """
    actor.require_everywhere(*OPERATORS)
    if not body_code:
        raise NoBody
    body, name, url = places.get_body(body_code), name.strip()[:80], url.strip()
    if not name:
        raise NoName
    if url and (len(url) > 500 or not _may_be_called(url)):
        raise NotAnAddress
    chosen = [one for one in rules.TYPES.values() if types is None or one in types]
    if url and not chosen:
        raise NoTypes
    client_secret, telling, hearing = secrets.token_urlsafe(32), _webhook_secret(), _webhook_secret()
    link = Link.objects.create(
        body=body, name=name, secret_digest=_digest(client_secret), telling=sealing.seal(telling, SEALED_FOR),
        hearing=sealing.seal(hearing, SEALED_FOR), url=url, opened_at=now, types=chosen,
    )  # fmt: skip
    journal.record(actor=actor, event=events.LinkOpened(link_id=link.id, body_code=body.code), now=now)
    return Opened(link, client_secret, telling, hearing)


def _may_be_called(url: str) -> bool:
    if settings.CRM_PRIVATE_ADDRESSES:
        return urlsplit(url).scheme in ("http", "https")
    return rules.host_of(url) is not None


@transaction.atomic
def close_link(*, actor: Actor, link_id: UUID, now: datetime) -> None:
    """Let a program do nothing more; its tokens end at once. Again changes nothing. Raises NotPermitted, NotFound."""
    actor.require_everywhere(*OPERATORS)
    link = Link.objects.select_for_update().filter(id=link_id).first()
    if link is None:
        raise NotFound
    if link.closed_at is None:
        Link.objects.filter(id=link_id).update(closed_at=now)
        journal.record(actor=actor, event=events.LinkClosed(link_id=link.id, body_code=link.body_id), now=now)


def sign_in(*, client_id: str, client_secret: str) -> Link:
    """Return the link that a program signs in to. Raises NotFound."""
    try:
        link = Link.objects.filter(id=UUID(client_id), closed_at=None).first()
    except ValueError:
        link = None
    if link is None or not constant_time_compare(link.secret_digest, _digest(client_secret)):
        raise NotFound
    return link


def admit(*, token: str) -> Link:
    """Let a program ask one thing by its token; what it asks is counted. Raises NotFound, TooManyRequests."""
    return _counted(link_of_token(token))


def admit_signed(
    *, link_id: UUID, webhook_id: str, timestamp: str, body: bytes, signatures: str, now: datetime
) -> Link:
    """Let a program tell one thing by a webhook that it signed, counted as well. Raises NotFound, TooManyRequests."""
    return _counted(get_hearing(link_id, webhook_id, timestamp, body, signatures, now))


def _counted(link: Link) -> Link:
    """Count one request of a program, outside of any transaction: what is refused later counts too."""
    if not throttle.allow(f"crm:{link.id}", limit=rules.REQUESTS_PER_MINUTE, seconds=60):
        raise TooManyRequests(retry_after=throttle.seconds_left(60))
    return link


@transaction.atomic
def tell(entry: journal.Entry) -> int:
    """Queue a webhook for every program that may see the matter of an entry; returns how many. Again queues nothing.

    It carries the reference and where the matter stands, never words or names: those are read by the API, which knows who asks.
    """
    kind = rules.TYPES[entry.act]
    matter = contact.get_stand(UUID(entry.facts["matter_id"]))
    if matter is None or matter.body_id is None:
        return 0
    links = Link.objects.filter(body_id=matter.body_id, closed_at=None, types__contains=[kind]).exclude(url="")
    told = 0
    for link in links:
        if not contact.may_read(actor_of_link(link), matter) or entry.channel == f"crm:{link.id}":
            continue
        data = {
            "reference": matter.reference, "kind": matter.kind, "state": matter.state, "level": matter.level,
            "due_at": matter.due_at.isoformat(), "body": matter.body_id,
        }  # fmt: skip
        payload = {"type": kind, "timestamp": entry.at.isoformat(), "data": data}
        delivery, is_new = Delivery.objects.get_or_create(
            link=link, entry_id=entry.id, defaults={"payload": payload, "made_at": entry.at}
        )
        if is_new:
            jobs.defer("crm.deliver", delivery_id=str(delivery.id))
            told += 1
    return told


def deliver(*, delivery_id: UUID, now: datetime) -> None:
    """Send one webhook; the call happens outside any transaction. What was delivered or given up is not sent again."""
    delivery = Delivery.objects.select_related("link").get(id=delivery_id)
    link = delivery.link
    if delivery.state != "queued":
        return None
    if link.closed_at is not None:
        return _settle(delivery, "dead", "link closed", now)
    body = json.dumps(delivery.payload, separators=(",", ":")).encode()
    webhook_id, timestamp = f"msg_{delivery.id.hex}", str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json", "webhook-id": webhook_id, "webhook-timestamp": timestamp,
        "webhook-signature": rules.signature(sealing.unseal(link.telling, SEALED_FOR), webhook_id, timestamp, body),
    }  # fmt: skip
    try:
        status = _post(link.url, body, headers)
    except Forbidden:
        return _settle(delivery, "dead", "address not public", now)
    except http.Unavailable as error:
        return _try_again(delivery, str(error), now)
    if 200 <= status < 300:
        return _settle(delivery, "delivered", "", now)
    if status == 410:  # the specification: the receiver wants no more
        return _settle(delivery, "dead", "HTTP 410", now)
    return _try_again(delivery, f"HTTP {status}", now)


class Forbidden(Exception):
    """An address that must not be called."""


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post to an address that is public at this moment: what was looked up is what is called, so that a name cannot change between."""
    extensions: dict[str, Any] = {}
    if not settings.CRM_PRIVATE_ADDRESSES:
        found = rules.host_of(url)
        if found is None:
            raise Forbidden
        host, port = found
        try:
            addresses = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:  # a part of the name may be too long for any
            raise http.Unavailable("no such host", sent=False) from error
        if not addresses or not all(rules.is_public(one) for one in addresses):
            raise Forbidden
        parts = urlsplit(url)
        chosen = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        url = parts._replace(netloc=f"{chosen}:{port}").geturl()
        headers = {**headers, "Host": parts.netloc}
        extensions = {"sni_hostname": host}  # the certificate is checked against the name
    with http.client(READ_SECONDS, trust_env=False) as client:
        return http.status(client, "POST", url, content=body, headers=headers, extensions=extensions)


@transaction.atomic
def _try_again(delivery: Delivery, problem: str, now: datetime) -> None:
    kept = Delivery.objects.select_for_update().get(id=delivery.id)
    if kept.state != "queued":
        return
    if kept.tries >= len(rules.PAUSES):
        _settle(kept, "dead", problem, now)
        return
    pause = rules.PAUSES[kept.tries]
    Delivery.objects.filter(id=kept.id).update(tries=kept.tries + 1, problem=problem[:60])
    jobs.defer("crm.deliver", at=timezone.now() + pause, delivery_id=str(kept.id))


@transaction.atomic
def _settle(delivery: Delivery, state: str, problem: str, now: datetime) -> None:
    queued = Delivery.objects.filter(id=delivery.id, state="queued")
    if queued.update(state=state, problem=problem[:60], settled_at=now) and state == "dead":
        event = events.DeliveryDied(link_id=delivery.link_id, body_code=delivery.link.body_id, delivery_id=delivery.id)
        journal.record(actor=SYSTEM, event=event, now=now)


@transaction.atomic
def replay(*, actor: Actor, delivery_id: UUID, now: datetime) -> None:
    """Let a dead webhook be tried again from the first try on, with the same id. Raises NotPermitted, NotFound."""
    actor.require_everywhere(*OPERATORS)
    delivery = Delivery.objects.select_for_update(of=("self",)).select_related("link").filter(id=delivery_id).first()
    if delivery is None:
        raise NotFound
    if delivery.state == "dead":
        Delivery.objects.filter(id=delivery.id).update(state="queued", tries=0, settled_at=None, problem="")
        jobs.defer("crm.deliver", delivery_id=str(delivery.id))
        event = events.DeliveryReplayed(
            link_id=delivery.link_id, body_code=delivery.link.body_id, delivery_id=delivery.id
        )
        journal.record(actor=actor, event=event, now=now)


def act(
    *, link: Link, what: str, reference: str, text: str, outcome: str = "", ask: bool = False, now: datetime
) -> contact.Matter:
    """Do what a program wants with a matter of its body: a note, a message to the customer, or the answer.

    Raises NotFound, NoSuchType, and what contact's `note`, `tell_customer` and `answer` do.
    """
    actor = actor_of_link(link)
    matter = contact.get_named_for(actor, references.normalise(reference) or "")
    if matter is None:
        raise NotFound
    about: dict[str, Any] = {"actor": actor, "matter_id": matter.id, "text": storable(text), "now": now}
    if what == "matter.note":
        contact.note(**about)
    elif what == "matter.message":
        contact.tell_customer(ask=ask, **about)
    elif what == "matter.answer":
        contact.answer(outcome=outcome, **about)
    else:
        raise NoSuchType
    return contact.get_matter_for(actor, matter.id, now=now)


@transaction.atomic
def hear(*, link: Link, webhook_id: str, told: dict[str, Any], now: datetime) -> bool:
    """Do what a webhook of a program tells; returns whether it is new. What is refused may be sent again, mended. Raises as `act`."""
    try:
        with transaction.atomic():
            Heard.objects.create(link=link, webhook_id=webhook_id[:200], at=now)
    except IntegrityError:
        return False
    data = told.get("data")
    data = data if isinstance(data, dict) else {}
    text = data.get("text")
    act(
        link=link, what=str(told.get("type", "")), reference=str(data.get("reference", "")), text=text if isinstance(text, str) else "",
        outcome=str(data.get("outcome", "")), ask=data.get("ask") is True, now=now,
    )  # fmt: skip
    return True


def forget(now: datetime) -> None:
    """Forget ids of webhooks that are too old to be taken anyway."""
    Heard.objects.filter(at__lt=now - 2 * rules.TOLERANCE).delete()
