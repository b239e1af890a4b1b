"""Statements in five formats: taken whole or not at all, once, and matched line by line."""

import io
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import public as settlement
from huduma.contexts.settlement.models import StatementLine
from huduma.foundation.access import NotPermitted

pytestmark = pytest.mark.django_db
HEAD = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,A/C No.\r\n"


def mpesa(*rows: str) -> bytes:
    return ("Short Code:,174379\r\n" + HEAD + "".join(f"{row}\r\n" for row in rows)).encode()


def row(receipt, reference="", amount="1050.00", at=None, out=""):
    moment = timezone.localtime(at or timezone.now())
    return f"{receipt},{moment:%Y-%m-%d %H:%M:%S},Pay Bill,Completed,{amount},{out},{reference}"


def take(actor, content, source="mpesa", name="statement"):
    return settlement.take_statement(
        actor=actor, source=source, name=name, file=io.BytesIO(content), now=timezone.now()
    )


def lines(statement):
    return {one.key: (one.state, one.rule) for one in StatementLine.objects.filter(statement=statement)}


def mt940(bill, receipt="FT26327AB", account="KCBLKENX/1100000001", closing="1050,00"):
    day = timezone.localdate()
    return (
        f":20:S1\r\n:25:{account}\r\n:28C:1/1\r\n:60F:C{day:%y%m%d}KES0,00\r\n:61:{day:%y%m%d%m%d}C1050,00NTRF{bill.reference}//{receipt}\r\n"
        f":86:Deposit\r\n:62F:C{day:%y%m%d}KES{closing}\r\n-"
    ).encode()


def camt(bill, receipt="FT26327CD", amount="1050.00", closing="1050.00", head="", account="0200000001"):
    day = timezone.localdate()
    balance = (
        '<Bal><Tp><CdOrPrtry><Cd>{}</Cd></CdOrPrtry></Tp><Amt Ccy="KES">{}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )
    return (
        f'<?xml version="1.0"?>{head}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>{balance.format('OPBD', '0.00')}{balance.format('CLBD', closing)}"
        f'<Ntry><Amt Ccy="KES">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>'
        f"<AcctSvcrRef>{receipt}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>{bill.reference}</EndToEndId></Refs></TxDtls></NtryDtls>"
        "</Ntry></Stmt></BkToCstmrStmt></Document>"
    ).encode()


def test_a_line_is_matched_by_receipt_by_likeness_or_waits_for_a_person(accountant, paid, bill):
    one, other = paid("NLJ7RT61SV"), paid("NLJ7RT61SW", 200_000)
    near = f"{other.reference[:-1]}9" if other.reference[-1] != "9" else f"{other.reference[:-1]}8"
    statement = take(
        accountant, mpesa(row("NLJ7RT61SV", one.reference), row("NLJ7RT61XX", near, "2000.00"), row("NLJ7RT61YY", "RENT", "70.00"))
    )  # fmt: skip
    assert lines(statement) == {
        "NLJ7RT61SV": ("matched", "receipt"), "NLJ7RT61XX": ("matched", "near"), "NLJ7RT61YY": ("open", ""),
    }  # fmt: skip
    _, progress = settlement.statement_for(accountant, statement.id)
    assert (progress.matched, progress.open, progress.percent) == (2, 1, 66)


def test_two_payments_that_fit_equally_are_for_a_person(accountant, paid):
    reference = paid("RCPT000001").reference
    paid("RCPT000002")
    statement = take(accountant, mpesa(row("RCPT00000X", "HB")))
    assert lines(statement) == {"RCPT00000X": ("open", "")}
    (waiting,) = settlement.open_lines_for(accountant, statement.id)
    assert {one.receipt for one in waiting.suggestions} == {"RCPT000001", "RCPT000002"}
    assert reference in {one.reference for one in waiting.suggestions}


def test_the_same_file_twice_and_the_same_line_in_another_file_change_nothing(accountant, paid):
    paid("NLJ7RT61SV")
    content = mpesa(row("NLJ7RT61SV"))
    take(accountant, content)
    with pytest.raises(settlement.StatementKnown):
        take(accountant, content)
    again = take(accountant, mpesa(row("NLJ7RT61SV"), row("NLJ7RT61ZZ", "RENT", "5.00")))
    assert (again.lines, again.repeated) == (1, 1)
    assert StatementLine.objects.count() == 2


def test_two_amounts_under_one_receipt_in_one_file_are_refused_and_not_dropped(accountant):
    with pytest.raises(settlement.StatementContradicts) as refused:
        take(accountant, mpesa(row("NLJ7RT61SV"), row("NLJ7RT61SV", amount="1.00")))
    assert refused.value.where == "NLJ7RT61SV"
    twice = take(accountant, mpesa(row("NLJ7RT61SV"), row("NLJ7RT61SV")))
    assert (twice.lines, twice.repeated) == (1, 1)


def bank_lines(*amounts, currency="KES"):
    day = timezone.localdate()
    rows = "".join(f":61:{day:%y%m%d%m%d}{amount}NTRFX//FT1\r\n" for amount in amounts)
    cents = sum(int(one[1:-3]) * (1 if one[0] == "C" else -1) for one in amounts)
    ends = f":60F:C{day:%y%m%d}{currency}0,00\r\n{rows}:62F:C{day:%y%m%d}{currency}{cents},00\r\n-"
    return f":20:S{len(amounts)}\r\n:25:1100000001\r\n:28C:1/1\r\n{ends}".encode()


def test_a_bank_that_gives_one_reference_to_several_movements_loses_none(accountant):
    take(accountant, bank_lines("C900,00"), "kcb")
    grown = take(accountant, bank_lines("C900,00", "D50,00", "D50,00"), "kcb")  # more of the same day
    assert (grown.lines, grown.repeated) == (2, 1)
    assert {one.key: one.amount_cents for one in StatementLine.objects.all()} == {
        "FT1": 90_000, "FT1#2": -5_000, "FT1#3": -5_000,
    }  # fmt: skip


def test_a_bank_line_in_another_currency_than_the_balances_is_refused(accountant, paid):
    bill = paid("FT26327CD", gateway="equity")
    mixed = camt(bill).replace(b'<Ntry><Amt Ccy="KES">', b'<Ntry><Amt Ccy="USD">')
    with pytest.raises(settlement.StatementMalformed) as refused:
        take(accountant, mixed, "equity")
    assert "balances are in KES" in refused.value.where


def test_a_line_that_says_another_amount_than_before_is_refused(accountant, paid):
    paid("NLJ7RT61SV")
    take(accountant, mpesa(row("NLJ7RT61SV")))
    with pytest.raises(settlement.StatementContradicts) as refused:
        take(accountant, mpesa(row("NLJ7RT61SV", amount="1.00")))
    assert refused.value.where == "NLJ7RT61SV"


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"hello", "neither an M-Pesa statement"),
        (mpesa("A,2026-11-23 10:00:00,x,Completed,12.345,,"), "line 3: '12.345' is not an amount"),
        (mpesa("A,yesterday,x,Completed,12.00,,"), "line 3: 'yesterday' is not a date and time"),
        (mpesa("A,2026-11-23 10:00:00,x,Completed,12.00"), "line 3: 5 columns instead of 7"),
        (mpesa("A,2026-11-23 10:00:00,x,Completed,NaN,,"), "line 3: 'NaN' is not an amount"),
        (mpesa("A,2026-11-23 10:00:00,x,Completed,-5.00,,"), "line 3: paid in '-5.00'"),
        (mpesa("A,2026-11-23 10:00:00,x,Completed,5.00,5.00,"), "line 3: paid in '5.00', withdrawn '5.00'"),
        (mpesa("A,0001-01-01 00:00:00,x,Completed,5.00,,"), "line 3: '0001-01-01 00:00:00' is not a date"),
        (mpesa("A,1999-11-23 10:00:00,x,Completed,5.00,,"), "A: no movement of ours can be of 1999-11-23"),
        (mpesa("A,2999-11-23 10:00:00,x,Completed,5.00,,"), "A: no movement of ours can be of 2999-11-23"),
        (b"", "neither an M-Pesa statement"),
        (mpesa("A,2026-11-23 10:00:00,Caf\xe9,Completed,5.00,,").replace(b"\xc3\xa9", b"\xe9"), "not text in UTF-8"),
        (mpesa().decode().encode("utf-16"), "neither an M-Pesa statement"),
        (b'[{"transactionId": "A", "trxDate": "2026-11-23T10:00:00+0300", "amount": "-5"}]', "'-5' is negative"),
        (
            b'[{"payment_reference": [{"payment_reference": "A", "payment_date": "2026-11-23 10:00:00", "amount": "5", "currency": "K"}]}]',
            "A: 'K' is not a currency",
        ),
        (b"[" + b" " * 20_000_001 + b"]", "larger than 20 MB"),
        (b"Receipt No.,Details\r\n", "line 1: no column"),
        (b"\xff\xfe" + HEAD.encode(), "UTF-8"),
        (b'{"Response": [{"amount": "1"}]}', "row 1: no transactionId"),
        (b"[1, 2]", "row 1: not an object"),
        (b":20:x\r\n:25:1100000001\r\n", "no opening"),
        (b"<Document/>", "not a camt.053 statement"),
        (b"<Document", "not well-formed XML"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_whole_with_its_place_and_reason(accountant, content, where):
    with pytest.raises(settlement.StatementMalformed) as refused:
        take(accountant, content)
    assert where in refused.value.where
    assert not StatementLine.objects.exists()


def test_a_file_without_movements_with_a_mark_at_its_start_and_odd_letters_is_taken(accountant):
    empty = take(accountant, b"\xef\xbb\xbf" + mpesa())
    assert (empty.lines, settlement.statement_for(accountant, empty.id)[1].percent) == (0, 100)
    odd = take(accountant, mpesa(row("A\x001", "R\x00", "9.00")))
    assert lines(odd) == {"A1": ("open", "")}
    half = b'[{"transactionId": "B\\ud800", "trxDate": "2026-11-23T10:00:00+0300", "amount": "5"}]'
    assert lines(take(accountant, half)) == {"B?": ("open", "")}
    assert take(accountant, b"\xef\xbb\xbf" + bank_lines("C900,00"), "kcb").lines == 1


def test_one_bad_line_among_good_ones_takes_nothing(accountant, paid):
    paid("NLJ7RT61SV")
    with pytest.raises(settlement.StatementMalformed):
        take(accountant, mpesa(row("NLJ7RT61SV"), "B,2026-11-23 10:00:00,x,Completed,oops,,"))
    assert not settlement.statements_for(accountant)


def test_banks_state_the_same_money_in_two_formats(accountant, paid):
    kcb, equity = paid("FT26327AB", gateway="kcb"), paid("FT26327CD", gateway="equity")
    assert lines(take(accountant, mt940(kcb), "kcb")) == {"FT26327AB": ("matched", "receipt")}
    assert lines(take(accountant, camt(equity), "equity")) == {"FT26327CD": ("matched", "receipt")}


def test_a_banks_balances_and_account_have_to_agree(accountant, paid):
    bill = paid("FT26327AB", gateway="kcb")
    for content, source in ((mt940(bill, closing="1051,00"), "kcb"), (camt(bill, closing="9.00"), "equity")):
        with pytest.raises(settlement.StatementMalformed, match=r".*") as refused:
            take(accountant, content, source)
        assert "closing balance" in refused.value.where
    for content, source in ((mt940(bill), "equity"), (camt(bill), "kcb"), (mpesa(row("A")), "bank")):
        with pytest.raises(settlement.OtherAccount):
            take(accountant, content, source)
    with pytest.raises(settlement.SourceMissing):
        take(accountant, mt940(bill), "")


def test_a_document_type_and_its_entities_are_refused(accountant, paid, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("1050.00")
    head = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]>'
    bill = paid("FT26327CD", gateway="equity")
    with pytest.raises(settlement.StatementMalformed) as refused:
        take(accountant, camt(bill, amount="&x;", head=head), "equity")
    assert "document type" in refused.value.where


def test_the_pull_list_and_pesaflows_status_can_be_uploaded_too(accountant, paid):
    _, theirs = paid("NLJ7RT61SV"), paid("TET6QMYYAK", gateway="ecitizen")
    at = timezone.localtime()
    pulled = {
        "transactionId": "NLJ7RT61SV",
        "trxDate": f"{at:%Y-%m-%dT%H:%M:%S+0300}",
        "amount": "1050.00",
    }
    content = json.dumps({"ResponseCode": "1000", "Response": [[pulled]]}).encode()
    assert lines(take(accountant, content)) == {"NLJ7RT61SV": ("matched", "receipt")}
    part = {
        "payment_reference": "TET6QMYYAK",
        "payment_date": f"{at:%Y-%m-%d %H:%M:%S}",
        "amount": "1050",
        "currency": "KES",
    }
    status = {
        "status": "settled",
        "client_invoice_ref": theirs.reference,
        "invoice_number": "WQ",
        "payment_reference": [part],
    }
    assert lines(take(accountant, json.dumps([status]).encode(), "ecitizen")) == {"TET6QMYYAK": ("matched", "receipt")}


def test_a_person_ties_a_line_to_a_suggested_payment_once(accountant, paid, officer_actor):
    paid("RCPT000001")
    paid("RCPT000002")
    statement = take(accountant, mpesa(row("RCPT00000X"), row("RCPT00000Y")))
    first, second_line = settlement.open_lines_for(accountant, statement.id)
    chosen = first.suggestions[0].id
    now = timezone.now()
    with pytest.raises(settlement.ReasonMissing):
        settlement.explain(
            actor=accountant, line_id=first.line.id, kind="match", reason=" ", cashbook_id=chosen, now=now
        )
    settlement.explain(
        actor=accountant, line_id=first.line.id, kind="match", reason="Same payer", cashbook_id=chosen, now=now
    )
    with pytest.raises(settlement.AmountDiffers):
        settlement.explain(
            actor=accountant, line_id=second_line.line.id, kind="match", reason="x", cashbook_id=chosen, now=now
        )
    with pytest.raises(settlement.AlreadyExplained):
        settlement.explain(actor=accountant, line_id=first.line.id, kind="write-off", reason="x", now=now)
    with pytest.raises(NotPermitted):
        settlement.explain(
            actor=officer_actor("CRS", "accountant"), line_id=second_line.line.id, kind="match", reason="x", now=now
        )


def test_what_moves_money_needs_a_second_person_and_then_the_statement_is_whole(accountant, second):
    statement = take(
        accountant, mpesa(row("CHARGE0001", amount="", out="-23.00"), row("CHARGE0002", amount="", out="-100.00"))
    )
    charge, sweep = (one.line for one in settlement.open_lines_for(accountant, statement.id))
    now = timezone.now()
    settlement.explain(actor=accountant, line_id=charge.id, kind="charge", reason="Tariff", now=now)
    settlement.explain(actor=second, line_id=sweep.id, kind="sweep", reason="To our bank", now=now)
    assert payments.balance_cents("gateway:mpesa") == 0
    with pytest.raises(settlement.SecondPersonNeeded):
        settlement.decide_explanation(actor=accountant, line_id=charge.id, approve=True, now=now)
    settlement.decide_explanation(actor=second, line_id=charge.id, approve=True, now=now)
    settlement.decide_explanation(actor=accountant, line_id=sweep.id, approve=False, now=now)
    settlement.explain(actor=accountant, line_id=sweep.id, kind="sweep", reason="To our bank, slip 7", now=now)
    settlement.decide_explanation(actor=second, line_id=sweep.id, approve=True, now=now)
    assert payments.balance_cents("gateway:mpesa") == -12_300
    assert payments.balance_cents("sweep") == 10_000
    assert payments.trial_balance_cents() == 0
    assert settlement.statement_for(accountant, statement.id)[1].percent == 100


def test_money_that_no_notice_told_of_is_credited_to_its_bill(accountant, second, bill):
    raised = bill()
    statement = take(accountant, mt940(raised), "kcb")
    assert lines(statement) == {"FT26327AB": ("open", "")}
    (waiting,) = settlement.open_lines_for(accountant, statement.id)
    now = timezone.now()
    settlement.explain(actor=accountant, line_id=waiting.line.id, kind="credit", reason="The notice was lost", now=now)
    raised.refresh_from_db()
    assert raised.state == "open"
    settlement.decide_explanation(actor=second, line_id=waiting.line.id, approve=True, now=now)
    raised.refresh_from_db()
    assert raised.state == "settled"
    assert settlement.statement_for(accountant, statement.id)[1].open == 0


def test_a_bodys_reader_sees_only_open_lines_that_name_its_bills(accountant, bill, officer_actor):
    ours, theirs = bill(), bill(body="DCI")
    take(
        accountant,
        mpesa(row("A0001", ours.reference, "9.00"), row("A0002", theirs.reference, "8.00"), row("A0003", "?", "7.00")),
    )
    assert settlement.unmatched_for(accountant)[0] == 3
    count, found = settlement.unmatched_for(officer_actor("CRS", "accountant"))
    assert (count, [one.key for one in found]) == (1, ["A0001"])
    with pytest.raises(NotPermitted):
        settlement.statements_for(officer_actor("CRS", "accountant"))
    with pytest.raises(NotPermitted):
        settlement.unmatched_for(officer_actor("CRS"))


def test_the_bytes_are_kept(accountant):
    content = mpesa(row("A0001", "?", "9.00"))
    statement = take(accountant, content, name="november.csv")
    assert settlement.file_for(accountant, statement.id) == ("november.csv", content)


def test_a_moment_is_read_in_kenyan_time(accountant, paid):
    at = timezone.now() - timedelta(hours=30)
    statement = take(accountant, mpesa(row("A0001", "?", "9.00", at=at)))
    assert abs(StatementLine.objects.get(statement=statement).at - at) < timedelta(seconds=1)
