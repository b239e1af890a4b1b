"""One's own bills: several at once, in instalments, and what a stranger with a reference sees."""

import pytest
from django.urls import reverse
from django.utils import timezone

from huduma.contexts.contact.models import Matter
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment
from huduma.contexts.payments.providers.base import Uncertain, gateways
from huduma.contexts.places import public as places
from huduma.foundation import ids, references
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db
PLAN = {"at_most": 3, "every_days": 30, "legal_basis": "LN 1 (example)"}


@pytest.fixture
def somebody(client, now):
    """A citizen who is signed in."""
    account = identity.open_account(actor=SYSTEM, phone="+254700000002", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account.refresh_from_db()
    client.force_login(account)
    return account


@pytest.fixture
def bill(somebody, now):
    """Raises bills of that citizen."""

    def make(cents, name="Fee", **more):
        line = {"code": "fee", "description": {"en": name, "sw": name}, "amount_cents": cents, "body_code": "CRS"}
        return payments.raise_bill(
            actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=somebody.person_id,
            description={"en": name, "sw": name}, lines=[line | {"legal_notice": "LN 1 (example)"}], now=now, **more,
        )  # fmt: skip

    return make


def test_several_bills_are_chosen_and_paid_by_one_payment(client, bill, now):
    one, other, third = bill(20000, "Birth"), bill(30000, "Land"), bill(100, "Left")
    page = client.get("/en/bills/").content.decode()
    assert all(name in page for name in ("Birth", "Land", "KSh 200.00"))
    answer = client.post("/en/bills/", {})
    assert (answer.status_code, "Choose at least one bill" in answer.content.decode()) == (422, True)
    address = client.post("/en/bills/", {"bill": [str(one.id), str(other.id)]}).url
    page = client.get(address).content.decode()
    assert "KSh 500.00" in page
    assert "Birth" in page
    client.post(address, {"way": "mpesa", "phone": "0700000002", "part": "all"})
    payment = payments.running_payment(one)
    assert "Look at your phone" in client.get(f"/en/bills/{one.id}/").content.decode()  # so nobody pays it again
    operations.credit(payment_id=payment.id, total_cents=None, receipt="R1", now=now)
    assert "Each of these bills is paid" in client.get(address).content.decode()
    receipt = client.get(f"/en/bills/{one.id}/receipt/").content.decode()
    assert "R1" in receipt
    page = client.get("/en/bills/").content.decode()
    assert "Paid and cancelled bills" in page
    assert f'value="{third.id}"' in page


def test_something_is_wrong_with_a_bill_and_the_complaint_stays_with_it(client, bill, enter_desk, now):
    places.load_places(actor=SYSTEM)
    one = bill(20000)
    page = client.get(f"/sw/bills/{one.id}/").content.decode()
    assert f'/sw/help/?about={one.id}"' in page
    assert f"?about={one.id}" in client.get(f"/en/help/?about={one.id}").content.decode()
    assert references.display(one.reference) in client.get(f"/en/help/new/complaint/?about={one.id}").content.decode()
    typed = {"text": "I was charged twice.", "about": str(one.id)}
    mine = client.post("/en/help/new/complaint/", typed).url
    assert "I was charged twice." in client.get(f"/en/bills/{one.id}/").content.decode()
    for role, body, opens in (("supervisor", "CRS", True), ("agent", None, False)):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{role}@example.org", password="a-long-password-for-tests", first_name="Neema", surname="Mfano",
            now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        enter_desk(client, account)
        shown = client.get(f"/en/desk/bills/{one.reference}/")
        assert (shown.status_code == 200) == opens
        if opens:
            assert references.display(mine.split("/")[-2]) in shown.content.decode()
    matter = client.get(f"/en/desk/matters/{Matter.objects.get().id}/").content.decode()
    assert (references.display(one.reference) in matter, f"/desk/bills/{one.reference}" in matter) == (True, False)


def test_the_bills_of_others_cannot_be_chosen(client, bill, now):
    strange = payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=ids.uuid7(), now=now,
        description={"en": "X", "sw": "X"},
        lines=[{"code": "fee", "description": {"en": "X", "sw": "X"}, "amount_cents": 1, "body_code": "CRS"}],
    )  # fmt: skip
    assert client.post("/en/bills/", {"bill": [str(bill(100).id), str(strange.id)]}).status_code == 404
    assert client.post("/en/bills/", {"bill": ["x"]}).status_code == 404


def test_a_bill_is_spread_and_the_next_instalment_asked_for(client, bill):
    found = bill(30000, terms={"instalments": PLAN})
    address = f"/en/bills/{found.id}/"
    page = client.get(address).content.decode()
    assert "LN 1 (example)" in page
    client.post(f"{address}instalments/", {"count": "9"})
    assert "does not allow so many" in client.get(address).content.decode()
    client.post(f"{address}instalments/", {"count": "3"})
    assert "The next instalment: KSh 100.00" in client.get(address).content.decode()
    client.post(address, {"way": "mpesa", "phone": "0700000002", "part": "next"})
    assert payments.running_payment(found).amount_cents == 10000


def test_what_each_way_costs_is_said_before_it_is_chosen(client, bill):
    page = client.get(f"/en/bills/{bill(100000, convenience=True).id}/").content.decode()
    assert "KSh 1,050.00 (KSh 50.00 of it for paying this way)" in page


def test_who_mistypes_a_reference_reads_what_to_do(client, bill):
    reference = bill(100).reference
    typed = reference[:3] + ("2" if reference[3] != "2" else "3") + reference[4:]
    answer = client.post("/en/pay/", {"reference": typed})
    assert (answer.status_code, "Check each letter and digit" in answer.content.decode()) == (422, True)
    assert client.post("/en/pay/", {"reference": reference.lower()}).url == f"/en/pay/{reference}/"


def test_too_many_prompts_are_refused_in_words_with_a_way_out(client, bill):
    own = bill(20000)
    for nth in range(10):
        Payment.objects.create(
            bill=own, gateway="mpesa", amount_cents=100, state="failed", reason="cancelled", phone="+254700000002",
            started_at=timezone.now(), checkout_id=f"c{nth}", token=f"t{nth}",
        )  # fmt: skip
    answer = client.post(f"/sw/bills/{own.id}/", {"way": "mpesa", "phone": "0700000002", "part": "all"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Subiri saa moja, andika nambari nyingine, au lipa kwa njia nyingine." in page
    assert 'value="0700 000 002"' in page


def silent(**_):
    raise Uncertain


def test_where_no_code_can_be_drawn_the_picture_says_what_to_do(client, bill, monkeypatch):
    address = reverse("portal:bill_code", args=[bill(20000).reference])
    monkeypatch.setattr(gateways.get("mpesa"), "draw_code", silent)
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "image/svg+xml", "no-store")
    assert "Type the reference instead." in answer.content.decode()
