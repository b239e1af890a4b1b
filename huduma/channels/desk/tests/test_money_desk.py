"""The money's desk over HTTP: who sees which money, statements, batches, reports, and the auditor's trail."""

import html
import io
import re
from datetime import timedelta

import openpyxl
import pypdf
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from huduma.channels.desk.payments import gateways
from huduma.channels.desk.settlement import words
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.contexts.settlement import public as settlement
from huduma.contexts.settlement.models import Batch, Explanation, StatementLine
from huduma.foundation import access, references
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal.event import Event
from huduma.foundation.money import plain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pressed_twice")]


@pytest.fixture
def at_desk(client, staff, enter_desk):
    """Signs somebody in at the desk, and answers with their client."""

    def enter(name, role, body=None):
        enter_desk(client, staff(name, role, body))
        return client

    return enter


@pytest.fixture
def yesterday(db):
    """Money that was collected yesterday for two bodies."""
    now = timezone.now()
    for body, cents in (("CRS", 105_000), ("DCI", 20_000)):
        payments.transfer(
            kind="collection", legs={"gateway:mpesa": cents, f"body:{body}:1420201": -cents}, payment_id=None,
            currency="KES", now=now - timedelta(days=1),
        )  # fmt: skip


def upload(client, text, source="mpesa"):
    return client.post(
        reverse("desk:statements"), {"source": source, "file": SimpleUploadedFile("statement.csv", text.encode())}
    )


def mpesa(receipt, amount="1050.00", reference=""):
    at = timezone.localtime()
    head = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,A/C No."
    return f"{head}\r\n{receipt},{at:%Y-%m-%d %H:%M:%S},x,Completed,{amount},,{reference}\r\n"


def test_a_bodys_accountant_sees_their_body_alone_and_no_entry_that_is_refused(at_desk, yesterday):
    client = at_desk("Asha", "accountant", "CRS")
    page = client.get(reverse("desk:collections")).content.decode()
    assert "1,050.00" in page
    assert "200.00" not in page
    menu = re.findall(r'href="([^"]+)"', page.split("<nav", 1)[1].split("</nav>", 1)[0])
    assert menu
    assert {client.get(address).status_code for address in menu} == {200}
    for name in ("gateways", "statements", "checks"):
        assert client.get(reverse(f"desk:{name}")).status_code == 403
    assert client.get(reverse("desk:ledger_account", args=["body:DCI:1420201"])).status_code == 404
    assert client.get(reverse("desk:ledger_account", args=["gateway:mpesa"])).status_code == 404
    assert client.get(reverse("desk:ledger_account", args=["body:CRS:1420201"])).status_code == 200


def test_an_officer_sees_no_money(at_desk):
    client = at_desk("Otieno", "officer", "CRS")
    for name in ("collections", "revenue", "audit", "bank_accounts"):
        assert client.get(reverse(f"desk:{name}")).status_code == 403


def test_a_bad_statement_is_refused_with_its_line_and_what_was_chosen_stays(at_desk):
    client = at_desk("Asha", "accountant")
    answer = upload(client, mpesa("NLJ7RT61SV", "oops"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "line 2: &#x27;oops&#x27; is not an amount" in page
    assert '<option value="mpesa" selected>' in page
    assert upload(client, mpesa("A"), "").status_code == 422
    assert client.post(reverse("desk:statements"), {"source": "mpesa"}).status_code == 422


def test_a_statement_is_taken_and_its_open_line_explained_by_two(client, at_desk, paid, staff, enter_desk):
    paid("RCPT000001")
    client = at_desk("Asha", "accountant")
    taken = upload(client, mpesa("RCPT00000X"))
    line = StatementLine.objects.get()
    page = client.get(taken.url).content.decode()
    assert "0 % matched or explained" in page
    assert "RCPT000001" in page
    address = reverse("desk:explain_line", args=[line.statement_id, line.id])
    assert client.post(address, {"kind": "write-off", "reason": ""}).status_code == 422
    client.post(address, {"kind": "write-off", "reason": "The phone company cannot say"})
    assert "Take the proposal back" in client.get(taken.url).content.decode()
    enter_desk(client, staff("Baraka", "accountant", None))
    client.post(address, {"answer": "yes"})
    assert Explanation.objects.get().state == "accepted"
    assert "100 % matched or explained" in client.get(taken.url).content.decode()


def test_an_auditor_reads_and_changes_nothing(at_desk, yesterday, paid, bank_account):
    paid("RCPT000001")
    bank_account()
    client = at_desk("Mkaguzi", "auditor")
    for name in ("collections", "statements", "checks", "revenue", "bank_accounts", "audit"):
        page = client.get(reverse(f"desk:{name}"))
        assert page.status_code == 200
        assert b'method="post" enctype' not in page.content
    assert client.post(reverse("desk:propose_batch"), {"body": "CRS"}).status_code == 403
    assert upload(client, mpesa("A")).status_code == 403


def test_money_is_proposed_by_one_and_approved_by_another(at_desk, client, yesterday, bank_account, staff, enter_desk):
    bank_account()
    client = at_desk("Asha", "accountant", "CRS")
    proposed = client.post(reverse("desk:propose_batch"), {"body": "CRS", "currency": "KES"})
    batch = Batch.objects.get()
    assert proposed.url == reverse("desk:batch", args=[batch.id])
    assert "a second person approves" in client.get(proposed.url).content.decode()
    client.post(reverse("desk:decide_batch", args=[batch.id]), {"answer": "yes"})
    batch.refresh_from_db()
    assert batch.state == "proposed"
    enter_desk(client, staff("Mhasibu", "accounting_officer", "CRS"))
    client.post(reverse("desk:decide_batch", args=[batch.id]), {"answer": "yes"})
    batch.refresh_from_db()
    assert batch.state == "approved"
    advice = client.get(reverse("desk:remittance_advice", args=[batch.id, "CRS"]), {"as": "pdf"})
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(advice.content)).pages)
    assert "1,050.00" in text
    assert "HUD0000001-00001" in text
    assert client.get(reverse("desk:remittance_advice", args=[batch.id, "DCI"]), {"as": "pdf"}).status_code == 404


def cells(page):
    """The figures of the page's table, row by row."""
    table = page.split("<tbody>", 1)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [re.findall(r'<td class="sum">(?:<strong>)?([^<]+)<', row) for row in rows]


@pytest.mark.parametrize("span", ["month", "quarter"])
def test_screen_paper_and_workbook_show_the_same_figures(at_desk, yesterday, span):
    client = at_desk("Mkaguzi", "auditor")
    day = timezone.localdate() - timedelta(days=1)
    asked = {"day": day.isoformat(), "span": span}
    shown = cells(client.get(reverse("desk:revenue"), asked).content.decode())
    assert shown[-1] == ["0.00", "1,250.00", "0.00", "0.00", "1,250.00"]
    sheet = openpyxl.load_workbook(
        io.BytesIO(client.get(reverse("desk:revenue"), {**asked, "as": "xlsx"}).content)
    ).active
    numbers = [[value for value in row if isinstance(value, int | float)] for row in sheet.iter_rows(values_only=True)]
    written = [[plain(round(value * 100)) for value in row] for row in numbers if row]
    assert written == shown
    paper = client.get(reverse("desk:revenue"), {**asked, "as": "pdf"}).content
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(paper)).pages)
    printed = re.findall(r"-?[\d,]+\.\d\d", text)
    assert printed == [figure for row in shown for figure in row]


def test_an_auditor_follows_a_payment_to_its_bytes_and_its_approvals(
    at_desk, paid, bank_account, accountant, second, client, staff, enter_desk
):  # fmt: skip
    bill = paid("RCPT000001")
    payments.receive_callback(
        address="simu", token=payments.standing_token("mpesa"), headers={}, now=timezone.now(),
        body=b'{"TransID": "RCPT000001", "TransAmount": "1050.00", "BillRefNumber": "x", "TransTime": "20261123100000", "MSISDN": "2547"}',
    )  # fmt: skip
    bank_account()
    now = timezone.now() + timedelta(seconds=1)
    batch = settlement.propose_batch(actor=accountant, body_code="CRS", before=now, currency="KES", now=now)
    settlement.decide_batch(actor=second, batch_id=batch.id, approve=True, now=now)
    client = at_desk("Mkaguzi", "auditor")
    upload_client = accountant
    settlement.take_statement(
        actor=upload_client, source="mpesa", name="november.csv", file=io.BytesIO(mpesa("RCPT000001").encode()),
        now=timezone.now(),
    )  # fmt: skip
    found = client.get(reverse("desk:audit"), {"q": bill.reference})
    page = client.get(found.url).content.decode()
    for wanted in (
        "TransAmount",
        "body:CRS:1420201",
        "november.csv",
        "by its receipt",
        batch.message_id,
        "The hand-over: ",
    ):
        assert wanted in page
    account = client.get(reverse("desk:ledger_account", args=["body:CRS:1420201"])).content.decode()
    assert "RCPT000001" in account
    enter_desk(client, staff("Asha", "accountant", "CRS"))
    page = client.get(found.url).content.decode()
    assert "TransAmount" not in page
    enter_desk(client, staff("Duma", "accountant", "DCI"))
    assert client.get(found.url).status_code == 404
    assert client.get(reverse("desk:audit"), {"q": "RCPT000001"}).status_code == 422


def test_a_shilling_is_followed_from_the_schedule_of_fees_to_the_banks_line_and_from_there_back(
    at_desk, bank_account, accountant, second
):  # fmt: skip
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / "birth-cert-copy", now=timezone.now())
    version = catalogue.get_service("birth-cert-copy").current_version
    (entry,) = catalogue.schedule(version.part("service"), timezone.localdate())
    line = {
        "code": "fee", "description": entry["name"], "amount_cents": 20_000, "body_code": "CRS", "revenue_code": "1420201",
        "legal_notice": entry["legal_notice"],
    }  # fmt: skip
    bill = payments.raise_bill(
        actor=SYSTEM, payable_id=version.id, purpose="fee", payer_person_id=None, description=entry["name"], lines=[line],
        terms={"schedule": str(version.id)}, now=timezone.now(),
    )  # fmt: skip
    payments.take_stated(
        gateway="mpesa", receipt="RCPT000001", reference=bill.reference, amount_cents=20_000, currency="KES",
        since=timezone.now(),
    )  # fmt: skip
    bank_account()
    now = timezone.now() + timedelta(seconds=1)
    batch = settlement.propose_batch(actor=accountant, body_code="CRS", before=now, currency="KES", now=now)
    settlement.decide_batch(actor=second, batch_id=batch.id, approve=True, now=now)
    day, order = timezone.localdate(), batch.remittances.get().end_to_end
    of_bank = (
        f":20:S1\r\n:25:{settings.SETTLEMENT_ACCOUNT['account']}\r\n:28C:1/1\r\n:60F:C{day:%y%m%d}KES500,00\r\n"
        f":61:{day:%y%m%d%m%d}D200,00NTRF{order}//BK1\r\n:86:Order\r\n:62F:C{day:%y%m%d}KES300,00\r\n-"
    )
    for source, text in (("mpesa", mpesa("RCPT000001", "200.00")), ("bank", of_bank)):
        settlement.take_statement(
            actor=accountant, source=source, name=f"{source}.txt", file=io.BytesIO(text.encode()), now=timezone.now()
        )
    client = at_desk("Mkaguzi", "auditor")

    def leads(page, *names):  # by links alone
        text = client.get(page, follow=True).content.decode()
        found = {
            name: next((link for link in re.findall(r'href="([^"]+)"', text) if name in link), "") for name in names
        }
        assert all(found.values()), found
        return text, [html.unescape(link) for link in found.values()]

    by_bill = f"{reverse('desk:audit')}?q={bill.reference}"
    text, (schedule, *proofs) = leads(by_bill, "/audit/charters/", "/audit/lines/", "/batches/")
    assert html.escape(entry["legal_notice"]) in text
    of_version = client.get(schedule).content.decode()
    assert all(one in of_version for one in ("KSh 200.00", html.escape(entry["legal_notice"]), version.digest))
    text, (back,) = leads(proofs[0], "/audit/payments/")
    assert ("RCPT000001" in text, client.get(back).status_code) == (True, 200)
    _, (banks,) = leads(proofs[1], "/audit/lines/")

    for number in ("BK1", order, batch.message_id):  # back: from what stands on the bank's paper
        page, steps = f"{reverse('desk:audit')}?q={number}", ["/batches/", "/audit/accounts/", "/audit/payments/"]
        for step in steps[number == batch.message_id :]:
            _, (page,) = leads(page, step)
        assert references.display(bill.reference) in client.get(page).content.decode()
    assert client.get(banks).status_code == 200
    for one in StatementLine.objects.all():
        assert (
            f"/audit/lines/{one.id}/" in client.get(reverse("desk:statement", args=[one.statement_id])).content.decode()
        )
    at_desk("Hesabu", "accountant", "CRS")
    assert (client.get(banks).status_code, client.get(schedule).status_code) == (403, 200)


def test_the_body_gets_its_advice_by_email_when_the_bank_has_the_order(
    paid, bank_account, accountant, second, staff, drain_jobs, sandbox, mailoutbox
):  # fmt: skip
    paid("RCPT000001")
    bank_account()
    staff("Asha", "accountant", "CRS")
    now = timezone.now() + timedelta(seconds=1)
    batch = settlement.propose_batch(actor=accountant, body_code="CRS", before=now, currency="KES", now=now)
    settlement.decide_batch(actor=second, batch_id=batch.id, approve=True, now=now)
    drain_jobs()
    (mail,) = [one for one in mailoutbox if one.to == ["asha@example.org"]]
    assert batch.message_id in mail.subject
    assert "KSh 1,050.00" in mail.body


def test_every_act_behind_money_has_words_in_both_languages():
    def under(kind):
        return {kind, *(one for below in kind.__subclasses__() for one in under(below))}

    acts = {one.act for one in under(Event) if hasattr(one, "act")}
    behind_money = {act for act in acts if act.startswith(("payments.", "settlement.", "applications."))}
    assert behind_money == set(words.ACTS)
    assert set(words.ROLES) == set(access.ROLES)
    for known in (words.ACTS, words.TRANSFERS, words.ROLES, words.ACTORS, gateways.OUTCOMES):
        for one in known.values():
            with override("en"):
                english = str(one)
            with override("sw"):
                assert str(one) != english


def test_the_trail_of_cash_at_an_agents_till_speaks_in_words_and_names_who_acted(
    at_desk, bill, bank_account, officer_actor
):
    raised, agent, now = bill(), officer_actor("CRS"), timezone.now()
    payments.open_till(actor=agent, till="Agent 7", body_code="CRS", float_cents=0, now=now)
    payment, _ = payments.take_cash(actor=agent, reference=raised.reference, given_cents=110_000, now=now)
    assert (payment.state, payment.till_session.till) == ("succeeded", "Agent 7")
    bank_account()
    later = now + timedelta(seconds=1)
    batch = settlement.propose_batch(
        actor=officer_actor("CRS", "accountant"), body_code="CRS", before=later, currency="KES", now=later
    )
    settlement.decide_batch(
        actor=officer_actor("CRS", "accounting_officer"), batch_id=batch.id, approve=True, now=later
    )
    client, address = at_desk("Mkaguzi", "auditor"), reverse("desk:trace", args=[payment.id])
    for language, said in (
        ("en", ("The bill is paid", "Money that came", "The hand-over: approved", "(accountant, CRS)", "the platform by itself")),
        ("sw", ("Bili imelipwa", "Pesa zilizofika", "Makabidhiano ya pesa: ", "(mhasibu, CRS)", "mfumo wenyewe")),
    ):  # fmt: skip
        page = client.get(address.replace("/en/", f"/{language}/")).content.decode()
        for one in said:
            assert one in page, one
        for code in ("payments.bill", "settlement.batch", "accountant@", "collection,"):
            assert code not in page, code


def test_a_bodys_bank_account_is_changed_by_three_persons_each_once(at_desk, client, staff, enter_desk):
    at = reverse("desk:bank_accounts")
    enter_desk(client, staff("Asha", "accountant", "CRS"))
    client.post(at, {"body": "CRS", "name": "CRS collection", "bic": "KCBLKENX", "account": "1234567890"})
    change = settlement.BankAccount.objects.get()
    assert client.post(at, {"answer": "yes", "change": change.id}).status_code == 422  # whoever proposed
    for name, state in (("Baraka", "seconded"), ("Neema", "approved")):
        enter_desk(client, staff(name, "accountant", "CRS"))
        client.post(at, {"answer": "yes", "change": change.id})
        change.refresh_from_db()
        assert change.state == state
    assert change.active_from - change.approved_at == timedelta(days=1)  # a day to cool off
