"""Paying a bill by each method, on the sandbox's phone, page or branch, or at a till; and what is said while nobody knows."""

import re
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from config import standins
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment
from huduma.contexts.payments.operations import collection
from huduma.contexts.payments.providers.base import READ_SECONDS
from huduma.contexts.places.models import PublicBody
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.browser
PHONE = "+254700000003"
WORDS = {
    "en": {
        "reference": "Reference of the bill", "show": "Show the bill", "phone": "Phone number that pays", "pay": "Pay now",
        "look": "Look at your phone", "go_on": "Go on to pay", "page": "Go to the page of", "received": "Payment received",
        "unknown": "We do not know yet", "failed": "The last try did not go through", "again": "Do not pay again",
    },
    "sw": {
        "reference": "Nambari ya bili", "show": "Onyesha bili", "phone": "Nambari ya simu inayolipa", "pay": "Lipa sasa",
        "look": "Angalia simu yako", "go_on": "Endelea kulipa", "page": "Nenda kwenye ukurasa wa", "received": "Malipo yamepokelewa",
        "unknown": "Bado hatujui", "failed": "Jaribio la mwisho halikufaulu", "again": "Usilipe tena",
    },
}  # fmt: skip


@pytest.fixture
def bill(server, sandbox):
    """A bill of KSh 1,200; gateways know where to send their news."""
    cache.clear()
    addresses = {f"{code}.{what}": payments.standing_url(code) for code, what in standins.NOTICES.items()}
    sandbox.post("/_control/addresses", json=addresses).raise_for_status()
    operations.register()
    line = {"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 120000, "body_code": "CRS"}
    return payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None,
        description={"en": "Example fee", "sw": "Ada ya mfano"}, lines=[line], now=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def plain(browser):
    """A browser without scripts."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def show(page, server, bill, language):
    """Find the bill by its reference, as whoever was given it does."""
    say = WORDS[language]
    page.goto(f"{server}/{language}/pay/")
    page.get_by_label(say["reference"]).fill(bill.reference.lower())
    page.get_by_role("button", name=say["show"]).click()
    expect(page).to_have_url(re.compile(f"/pay/{bill.reference}/$"))


def choose(page, way, language):
    page.locator(f"#way-{way}").check()
    page.get_by_label(WORDS[language]["phone"]).fill("0700 000 003")
    page.get_by_role("button", name=WORDS[language]["pay"]).click()


def on_the_phone(page, language):
    """Answer the prompt on the sandbox's handset."""
    page.goto(f"{django_settings.SANDBOX_URL}/phone/?phone={PHONE.replace('+', '%2B')}&lang={language}")
    page.locator("input[name=pin]").fill("1234")
    page.locator("button[value=pay]").click()


def at_the_gateway(page, way, bill, language):
    """Pay on the gateway's page, by the phone's menu, or at a branch."""
    base = django_settings.SANDBOX_URL
    if way == "ecitizen":
        page.locator("#phone").select_option(PHONE)
        page.locator("#pin").fill("1234")
    elif way == "card":
        page.locator("#card").fill("4242 4242 4242 4242")
    elif way == "paybill":
        page.goto(f"{base}/phone/pay?lang={language}")
        page.locator("#phone").select_option(PHONE)
        page.locator("#account").fill(bill.reference)
        page.locator("#amount").fill("1200")
        page.locator("#pin").fill("1234")
    else:
        page.goto(f"{base}/bank/?lang={language}")
        page.locator("#bank").select_option(way)
        page.locator("#reference").fill(bill.reference)
        page.locator("#amount").fill("1200")
        page.locator("#phone").fill(PHONE)
    page.locator("main form button").first.click()


def until_settled(bill, drain_jobs, page):
    deadline = time.monotonic() + 60
    while True:
        drain_jobs()
        bill.refresh_from_db()
        if bill.state == "settled":
            return
        assert time.monotonic() < deadline, list(bill.payments.values_list("gateway", "state", "reason"))
        page.wait_for_timeout(50)


@pytest.mark.parametrize(
    ("way", "language", "scripts"),
    [
        ("mpesa", "sw", False), ("airtel", "en", True), ("ecitizen", "sw", True), ("card", "en", False),
        ("paybill", "en", False), ("kcb", "sw", False), ("equity", "en", False),
    ],
)  # fmt: skip
def test_a_bill_is_paid(server, bill, page, plain, drain_jobs, sound_in_both, way, language, scripts):
    say, payer = WORDS[language], page if scripts else plain
    show(payer, server, bill, language)
    address = payer.url
    if way in ("mpesa", "airtel"):
        choose(payer, way, language)
        payer.get_by_role("heading", name=say["look"]).wait_for()
        drain_jobs()
        on_the_phone(payer, language)
    else:
        if way in ("ecitizen", "card"):
            choose(payer, way, language)
            payer.get_by_role("heading", name=say["go_on"]).wait_for()
            drain_jobs()
            payer.reload()
            if scripts:
                sound_in_both(payer)
            payer.get_by_role("link", name=say["page"]).click()
        at_the_gateway(payer, way, bill, language)
    until_settled(bill, drain_jobs, payer)
    if way in ("ecitizen", "card"):  # the gateway sent the payer back to us
        expect(payer).to_have_url(address)
        payer.reload()
    else:
        payer.goto(address)
    payer.get_by_role("heading", name=say["received"]).wait_for()
    expect(payer.locator("input[name=way]")).to_have_count(0)
    if scripts:
        sound_in_both(payer)


def test_what_was_given_up_and_comes_late_counts(
    server, bill, page, plain, drain_jobs, sandbox, sound_in_both, monkeypatch
):
    patience = "huduma.contexts.payments.providers.daraja.line.READ_SECONDS"
    monkeypatch.setattr(patience, 1.0)
    sandbox.post("/_control/daraja", json={"fault": "timeout", "seconds": 1.5}).raise_for_status()
    show(page, server, bill, "en")
    address = page.url
    choose(page, "mpesa", "en")
    page.get_by_role("heading", name=WORDS["en"]["look"]).wait_for()
    drain_jobs()  # the line breaks after the prompt was ordered
    monkeypatch.setattr(patience, READ_SECONDS)
    page.get_by_role("heading", name=WORDS["en"]["unknown"]).wait_for()
    sound_in_both(page)
    expect(page.get_by_text(WORDS["en"]["again"])).to_be_visible()
    expect(page.locator("input[name=way]")).to_have_count(0)
    plain.goto(address.replace("/en/", "/sw/"))
    expect(plain.get_by_text(WORDS["sw"]["again"])).to_be_visible()
    payment = Payment.objects.get()
    Payment.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    operations.query(payment.id)
    page.get_by_role("heading", name=WORDS["en"]["failed"]).wait_for()  # the page renewed itself
    sound_in_both(page)
    on_the_phone(plain, "sw")
    until_settled(bill, drain_jobs, page)
    page.reload()
    page.get_by_role("heading", name=WORDS["en"]["received"]).wait_for()
    assert not payments.refunds_of(bill.id)


@pytest.fixture
def desk(server, browser, enter_desk_in_browser):
    """Opens a browser in which a member of staff with a role is signed in at the desk."""
    opened, now = [], timezone.now()

    def enter(name, role, body):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name.lower()}@example.org", password="correct-horse-battery", first_name=name,
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=server)
        enter_desk_in_browser(context, server, account)
        opened.append(context)
        return context.new_page()

    yield enter
    for context in opened:
        context.close()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_two_persons_explain_what_no_gateway_can(server, bill, page, desk, drain_jobs, sound_in_both):
    payment = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone=PHONE, now=timezone.now())
    for state in ("pushing", "unknown"):
        Payment.objects.filter(id=payment.id).update(state=state)
    collection._to_a_person(payment.id, timezone.now())
    show(page, server, bill, "en")
    expect(page.get_by_text("An officer is looking into it.")).to_be_visible()
    expect(page.locator("input[name=way]")).to_have_count(0)
    sound_in_both(page)

    one, other = desk("Asha", "accountant", None), desk("Baraka", "accountant", None)
    one.goto("/en/desk/gateways/")
    one.get_by_text("proven against our own stand-in only").first.wait_for()
    sound_in_both(one)
    one.get_by_role("link", name="Payments that wait for a person").click()
    sound_in_both(one)
    one.get_by_role("link", name="HB").first.click()
    sound_in_both(one)
    one.get_by_label("The money came").check()
    one.get_by_label("Reason", exact=True).fill("On the statement of 25 November, line 12")
    press(one, "Propose")  # without the receipt
    expect(one.get_by_label("Reason", exact=True)).to_have_value("On the statement of 25 November, line 12")
    one.locator("#receipt-error").wait_for()
    one.get_by_label("Receipt number").fill("SMFANO0001")
    press(one, "Propose")
    one.get_by_role("button", name="Take the proposal back").wait_for()
    expect(one.get_by_role("button", name="Agree")).to_have_count(0)
    other.goto(one.url)
    sound_in_both(other)
    press(other, "Agree")
    other.get_by_text("Your decision is recorded.").wait_for()
    page.get_by_role("heading", name=WORDS["en"]["received"]).wait_for()  # the payer's page renewed itself


def test_cash_at_a_till_from_the_float_to_the_count_of_two(server, bill, desk, drain_jobs, sound_in_both):
    PublicBody.objects.get_or_create(
        code="CRS", defaults={"name_en": "CRS", "name_sw": "CRS", "kind": "department", "level": "national"}
    )
    cashier, colleague = desk("Halima", "officer", "CRS"), desk("Ibrahim", "officer", "CRS")
    cashier.goto("/en/desk/till/")
    cashier.get_by_label("Name of the till or agent").fill("Till by the door")
    cashier.get_by_label("Float: the cash in the till at the start").fill("much")
    press(cashier, "Open the till")
    cashier.get_by_role("link", name="That is not an amount.").click()
    assert cashier.evaluate("document.activeElement.id") == "float"
    sound_in_both(cashier)
    cashier.get_by_label("Name of the till or agent").fill("Till by the door")
    cashier.get_by_label("Float: the cash in the till at the start").fill("1,000")
    press(cashier, "Open the till")
    cashier.get_by_label("Reference of the bill").fill("HB 0000 0000 0")
    cashier.get_by_label("Cash that the person gave").fill("1500")
    press(cashier, "Take the money")
    cashier.get_by_role("link", name="No bill has this reference.").wait_for()
    cashier.get_by_label("Reference of the bill").fill(bill.reference)
    press(cashier, "Take the money")
    cashier.get_by_text("Change: KSh 300.00").wait_for()
    sound_in_both(cashier)
    count = "Cash that you counted, in shillings"
    cashier.get_by_label(count).fill("2150")
    press(cashier, "Keep my count")
    cashier.get_by_text("Your count is kept.").wait_for()
    colleague.goto("/en/desk/till/")
    sound_in_both(colleague)
    colleague.get_by_label(count).fill("2150")
    press(colleague, "Keep my count")
    colleague.get_by_text("Should be in the till").wait_for()
    sound_in_both(colleague)
    press(colleague, "Close the till")
    colleague.get_by_role("link", name="Say why").wait_for()
    colleague.get_by_label("Reason of the difference").fill("Counted twice; a note is missing")
    press(colleague, "Close the till")
    colleague.get_by_text("The till is closed.").wait_for()
    bill.refresh_from_db()
    assert (bill.state, payments.balance_cents("gateway:cash")) == ("settled", 115000)
