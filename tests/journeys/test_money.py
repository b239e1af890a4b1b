"""The money's way at the desk: collections, a statement, a batch of two persons, and an auditor who follows one shilling to its bytes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import operations as settlement_operations
from huduma.contexts.settlement.models import Batch
from huduma.foundation.access import SYSTEM

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def person(portal):
    """Opens an account of staff with one role."""

    def make(name, role, body=None):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name.lower()}@example.org", password="correct-horse-battery", first_name=name,
            surname="Mfano", now=timezone.now(),
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=timezone.now())
        return account

    return make


def send_and_confirm(drain_jobs):
    """What a worker does: hand the files over, then fetch the bank's statement."""
    drain_jobs()
    settlement_operations.take_nightly(timezone.now())
    connection.close()


def test_from_collection_to_the_bank_and_back(
    portal, page, person, paid, bank_account, sound_in_both, enter_desk_in_browser, drain_jobs, sandbox, shoot, tmp_path
):  # fmt: skip
    yesterday = timezone.now() - timedelta(days=1)
    bill = paid("RCPT000001", at=yesterday)
    payments.receive_callback(
        address="simu", token=payments.standing_token("mpesa"), headers={"User-Agent": "gateway"}, now=yesterday,
        body=b'{"TransID": "RCPT000001", "TransAmount": "1050.00", "BillRefNumber": "x", "TransTime": "20261123100000", "MSISDN": "2547"}',
    )  # fmt: skip
    bank_account()
    desk = f"{portal}/en/desk"

    def enter(account):
        page.context.clear_cookies()
        enter_desk_in_browser(page.context, portal, account)

    enter(person("Fedha", "accountant"))
    page.goto(f"{desk}/statements/")
    page.get_by_role("button", name="Take the statement").click()
    expect(page.get_by_role("alert").get_by_text("Choose")).to_have_count(1)
    sound_in_both(page)
    at = timezone.localtime(yesterday)
    file = tmp_path / "november.csv"
    file.write_text(
        "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,A/C No.\n"
        f"RCPT000001,{at:%Y-%m-%d %H:%M:%S},Pay Bill,Completed,1050.00,,{bill.reference}\n"
        f"RCPT000002,{at:%Y-%m-%d %H:%M:%S},Charge,Completed,,-23.00,\n"
    )
    page.get_by_label("Whose statement").select_option("mpesa")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Take the statement").click()
    page.get_by_text("50 % matched or explained").wait_for()
    page.get_by_text("Say what it is").click()
    page.get_by_label("A charge of the gateway or bank").check()
    page.get_by_label("Reason").fill("The tariff of November")
    sound_in_both(page)
    shoot(page, "statement")
    page.get_by_text("Say what it is").click()
    page.get_by_label("A charge of the gateway or bank").check()
    page.get_by_label("Reason").fill("The tariff of November")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("Your proposal waits for a second person.").wait_for()

    enter(person("Pili", "accountant"))
    page.reload()
    page.get_by_role("button", name="Agree").click()
    page.get_by_text("100 % matched or explained").wait_for()

    enter(person("Hesabu", "accountant", "CRS"))
    page.goto(f"{desk}/collections/")
    page.get_by_role("cell", name="1,050.00").first.wait_for()
    sound_in_both(page)
    shoot(page, "collections")
    page.get_by_role("button", name="Propose").click()
    page.get_by_text("a second person approves").wait_for()

    enter(person("Mhasibu", "accounting_officer", "CRS"))
    page.reload()
    sound_in_both(page)
    page.get_by_role("button", name="Approve and send to the bank").click()
    page.get_by_text("on its way to the bank").first.wait_for()
    with ThreadPoolExecutor(1) as worker:  # this thread has the browser's event loop
        worker.submit(send_and_confirm, drain_jobs).result()
    page.reload()
    page.get_by_text("confirmed by the bank").first.wait_for()
    assert Batch.objects.get().state == "done"

    enter(person("Mkaguzi", "auditor"))
    page.goto(f"{desk}/collections/")
    page.get_by_role("link", name="Follow a payment").click()
    sound_in_both(page)
    page.get_by_label("Number on the paper").fill(bill.reference)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("heading", name="The way of a payment").wait_for()
    page.locator("details summary").first.click()
    page.get_by_text("TransAmount").wait_for()
    page.get_by_text("On the bank’s statement").wait_for()
    page.get_by_text("Mhasibu Mfano").first.wait_for()
    sound_in_both(page)
    shoot(page, "trace")
    page.get_by_role("link", name="camt053").click()
    page.get_by_role("heading", name="It proves a hand-over").wait_for()
    sound_in_both(page)
    page.get_by_role("link", name="HUDUMA-").click()
    page.get_by_role("heading", name="HUDUMA-").wait_for()
    page.get_by_role("link", name="body:CRS:1420201").click()
    page.get_by_role("link", name="RCPT000001").wait_for()
    sound_in_both(page)
    for address in ("collections/revenue/", "bank-accounts/", "checks/"):
        page.goto(f"{desk}/{address}")
        sound_in_both(page)
