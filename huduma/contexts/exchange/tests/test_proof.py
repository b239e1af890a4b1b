"""Identities proven against the register's stand-in, over SOAP."""

import dataclasses
import logging

import pytest

from huduma.contexts.exchange import public as exchange
from huduma.contexts.exchange.models import Lookup
from huduma.contexts.identity import public as identity
from huduma.foundation.access import ANONYMOUS, NotPermitted
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db


@pytest.fixture
def citizen(now):
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=now)
    return identity.actor_for(account, channel="portal", purpose="self-service")


def prove(actor, now, number="90000002", serial="200000002"):
    return exchange.prove_identity(actor=actor, id_number=number, serial_number=serial, now=now)


def test_name_and_birth_date_come_from_the_register(sandbox, citizen, now):
    person = prove(citizen, now)
    assert (person.full_name, person.birth_date.isoformat()) == ("Asha Wanjiru Mfano", "1992-09-30")
    assert [e.facts["by"] for e in journal.entries_concerning(person.id, acts=["identity.person.proven"])] == ["iprs"]


@pytest.mark.parametrize(("number", "serial"), [("90000002", "200000009"), ("12345678", "200000002")])
def test_wrong_numbers_prove_nothing_and_are_limited(sandbox, citizen, now, number, serial):
    for _ in range(5):
        with pytest.raises(exchange.NotInRegister):
            prove(citizen, now, number, serial)
    with pytest.raises(exchange.TooManyAttempts):
        prove(citizen, now)


def test_one_id_one_account(sandbox, citizen, now):
    prove(citizen, now)
    other = identity.open_account(actor=ANONYMOUS, phone="+254700000003", language="en", now=now)
    stranger = identity.actor_for(other, channel="portal", purpose="self-service")
    with pytest.raises(identity.IdentityTaken):
        prove(stranger, now)


def test_the_dead_prove_nothing(sandbox, citizen, now):
    with pytest.raises(exchange.RecordClosed):
        prove(citizen, now, "90000009", "200000009")


def test_a_register_that_is_down_is_said_and_recorded(sandbox, citizen, now):
    sandbox.post("/_control/iprs", json={"fault": "down", "times": 5})
    with pytest.raises(exchange.RegisterUnavailable):
        prove(citizen, now)
    assert Lookup.objects.get().outcome == "down"


def test_nothing_personal_is_logged_or_kept(sandbox, citizen, now, caplog):
    caplog.set_level(logging.DEBUG, "huduma")
    prove(citizen, now)
    assert "90000002" not in caplog.text
    assert "90000002" not in str(Lookup.objects.values())


def test_only_the_allowed_facts_leave_the_connector(sandbox, citizen, now):
    facts = exchange.look_up(actor=citizen, register="crs-notifications", key={"slip": "BN-0001"}, now=now)
    assert facts["child_name"] == "Pendo Asha Mfano"
    assert set(facts) == {
        "child_name", "born_on", "sex", "place", "county", "mother_name", "mother_id", "father_name", "father_id",
    }  # fmt: skip


def test_nobody_asks_anonymously(now):
    with pytest.raises(NotPermitted):
        exchange.look_up(actor=dataclasses.replace(ANONYMOUS), register="iprs", key={}, now=now)
