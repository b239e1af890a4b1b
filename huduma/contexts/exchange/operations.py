"""Asking registers, and proving identities by them."""

import hashlib
import hmac
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from huduma.contexts.exchange import events
from huduma.contexts.exchange.models import Lookup
from huduma.contexts.exchange.providers.base import Down, Facts, Missing, connectors
from huduma.contexts.identity import public as identity
from huduma.foundation.access import Actor, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

PROOF_ATTEMPTS = 5
PROOF_WINDOW = timedelta(hours=24)


class RegisterUnavailable(Refusal):
    """The government register does not answer at the moment. You can go on by hand; we will check your details later."""


class NotInRegister(Refusal):
    """The register has no record under these numbers. Check them against your card or slip and try again."""


class TooManyAttempts(Refusal):
    """You tried too many times today. Try again tomorrow, or visit a Huduma Centre with your ID card."""


class RecordClosed(Refusal):
    """The register cannot confirm this identity. Visit a Huduma Centre with your documents."""


def look_up(*, actor: Actor, register: str, key: dict[str, str], now: datetime) -> Facts:
    """Ask a register, outside any transaction, and record that it was asked. Returns only the allowed facts.

    Raises RegisterUnavailable, NotInRegister, TooManyAttempts, NotPermitted; sockets.Unknown for a register that is not plugged in.
    """
    if actor.kind == "anonymous":
        raise NotPermitted
    connector = connectors.get(register)
    if actor.kind == "person" and not actor.is_staff:
        _limit(actor, register, now)
    try:
        facts = connector.ask(key)
    except Down:
        _record(actor, register, key, "down", [], now)
        raise RegisterUnavailable from None
    except Missing:
        _record(actor, register, key, "missing", [], now)
        raise NotInRegister from None
    facts = {name: facts.get(name) for name in connector.allowed}
    _record(actor, register, key, "found", sorted(facts), now)
    return facts


def _limit(actor: Actor, register: str, now: datetime) -> None:
    missed = Lookup.objects.filter(
        account_id=actor.account_id, register=register, outcome="missing", asked_at__gte=now - PROOF_WINDOW
    )
    if missed.count() >= PROOF_ATTEMPTS:
        raise TooManyAttempts


@transaction.atomic
def _record(actor: Actor, register: str, key: dict[str, str], outcome: str, given: list[str], now: datetime) -> None:
    text = "|".join(f"{name}={key[name]}" for name in sorted(key))
    lookup = Lookup.objects.create(
        register=register,
        # Keyed, because ID numbers are few enough to guess a plain hash.
        key_digest=hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest(),
        account_id=actor.account_id,
        purpose=actor.purpose,
        asked_at=now,
        outcome=outcome,
        facts_given=given,
    )
    event = events.RegisterAsked(lookup_id=lookup.id, register=register, outcome=outcome)
    journal.record(actor=actor, event=event, now=now)


def check_card(*, actor: Actor, id_number: str, serial_number: str, now: datetime) -> identity.Person:
    """Let the population register confirm the ID card of a person at the counter who signs in here; returns whose it is.

    Raises what `look_up` raises, NotPermitted unless the actor is a supervisor, RecordClosed, identity.NeverSignedIn.
    """
    actor.require_role("supervisor")
    key = {"id_number": id_number, "serial_number": serial_number}
    if look_up(actor=actor, register="iprs", key=key, now=now)["died_on"]:
        raise RecordClosed
    return identity.record_card_check(actor=actor, id_number=id_number, now=now)


def prove_identity(*, actor: Actor, id_number: str, serial_number: str, now: datetime) -> identity.Person:
    """Confirm who the actor is by the ID number and the card's serial number.

    Raises what `look_up` raises, RecordClosed for a person registered as dead, identity.IdentityTaken, identity.AlreadyProven.
    """
    key = {"id_number": id_number, "serial_number": serial_number}
    try:
        found = look_up(actor=actor, register="iprs", key=key, now=now)
    except NotInRegister:
        identity.record_failed_proof(actor=actor, reason="not-in-register", now=now)
        raise
    if found["died_on"]:
        identity.record_failed_proof(actor=actor, reason="record-closed", now=now)
        raise RecordClosed
    facts = identity.IdentityFacts(
        id_number=found["id_number"],
        surname=found["surname"] or "",
        first_name=found["first_name"] or "",
        other_names=found["other_names"] or "",
        birth_date=date.fromisoformat(found["birth_date"]) if found["birth_date"] else None,
        sex=found["sex"] or "",
    )
    return identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)


def record_child(*, actor: Actor, slip: str, now: datetime) -> identity.Representation:
    """Let a parent act for a child, as the notification of the birth names them, by the number on its slip.

    Raises what `look_up` raises, and identity.NotProven, identity.NotAParent, identity.OfAge.
    """
    found = look_up(actor=actor, register="crs-notifications", key={"slip": slip}, now=now)
    first, *others = (found["child_name"] or "").split() or [""]
    facts = identity.IdentityFacts(
        id_number=None, first_name=first, other_names=" ".join(others[:-1]), surname=others[-1] if others else "",
        birth_date=date.fromisoformat(found["born_on"]) if found["born_on"] else None, sex=found["sex"] or "",
    )  # fmt: skip
    parents = {number for number in (found["mother_id"], found["father_id"]) if number}
    return identity.record_child(actor=actor, birth_number=slip, facts=facts, parents=parents, now=now)
