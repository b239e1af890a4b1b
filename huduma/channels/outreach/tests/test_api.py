"""What a tablet and the server say to each other."""

import base64
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from huduma.contexts.identity.models import Account
from huduma.contexts.outreach import public as outreach
from huduma.contexts.outreach.models import Device, HeldFile, Piece, Record
from huduma.foundation import references
from huduma.foundation.files.models import StoredFile
from huduma.foundation.files.public import EICAR
from tests.an_outreach import API, application, photo, record, register, ticket

pytestmark = pytest.mark.django_db


def body(answer):
    return answer.json()


def test_a_tablet_is_registered_in_its_officers_session_and_its_token_is_not_kept(client, visit, officer, enter_desk):
    asked = {"data": json.dumps({"name": "Tablet 1", "visit": str(visit.id)}), "content_type": "application/json"}
    assert client.post(f"{API}devices/", **asked).status_code == 403
    enter_desk(client, Account.objects.get(id=officer.account_id))
    given = client.post(f"{API}devices/", **asked)
    assert given.status_code == 201
    assert not Device.objects.filter(token_digest__contains=body(given)["token"]).exists()
    client.logout()
    pack = client.get(f"{API}visits/{visit.id}/pack/", headers={"Authorization": f"Bearer {body(given)['token']}"})
    assert body(pack)["officer"] == "Rehema Mfano"
    other = client.get(f"{API}visits/{visit.id}/pack/", headers={"Authorization": "Bearer another"})
    assert (other.status_code, body(other)["code"]) == (401, "UnknownDevice")


def test_only_who_goes_on_the_visit_registers_a_tablet(visit, team):
    with pytest.raises(outreach.NotOfVisit):
        outreach.register_device(actor=team("juma"), visit_id=visit.id, name="x", now=timezone.now())


def test_the_pack_has_forms_charters_and_numbers_and_nobody_in_it(tablet):
    pack = body(tablet.pack())
    service = pack["services"][0]
    questions = [one for page in service["form"]["pages"] for one in page["questions"]]
    assert [one["name"] for one in questions] == ["purpose", "country", "county", "agreed", "photo"]
    assert questions[0]["required"]
    assert questions[4]["upload"] == {"accept": ["jpeg", "png"], "max_bytes": 5_000_000, "max_files": 2}
    assert service["fee_minor"] == 105_000
    assert pack["blocks"]["tickets"] == [{"prefix": "VA", "first": 1, "last": 600}]
    assert pack["blocks"]["receipts"][0]["prefix"] == f"R{tablet.device.code}-"
    assert all(references.normalise(one) == one for one in pack["blocks"]["references"])
    assert pack["counties"] == [{"code": "047", "name": "Nairobi City"}]


def test_the_same_numbers_are_given_again_and_more_when_less_than_a_fifth_is_left(tablet, monkeypatch):
    monkeypatch.setattr("huduma.contexts.outreach.rules.BLOCK", 5)
    first = tablet.pack()
    assert body(tablet.pack())["blocks"] == body(first)["blocks"]
    assert tablet.pack(HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    tablet.send(*(ticket(f"VA00{n}") for n in range(1, 6)))
    ranges = body(tablet.pack())["blocks"]["tickets"]
    assert [(one["first"], one["last"]) for one in ranges] == [(1, 5), (6, 10)]


def test_two_tablets_share_no_number(client, visit, officer, tablet):
    other = register(client, visit, officer, "Tablet 2")
    mine, theirs = (body(one.pack())["blocks"] for one in (tablet, other))
    assert mine["tickets"][0]["prefix"] == "VA"
    assert theirs["tickets"][0]["prefix"] == "VB"
    assert mine["receipts"][0]["prefix"] != theirs["receipts"][0]["prefix"]
    assert not set(mine["references"]) & set(theirs["references"])


def test_a_record_sent_again_is_kept_once_and_another_with_its_id_is_refused(tablet):
    one = ticket("VA001")
    assert tablet.send(one)[0]["state"] in ("stored", "done")
    assert tablet.send(one, one)[1]["state"] in ("stored", "done")
    assert Record.objects.count() == 1
    other = tablet.send({**one, "body": {**one["body"], "number": "VA002"}})[0]
    assert other["state"] == "refused"
    assert "Another record" in other["message"]
    assert Record.objects.get().body["number"] == "VA001"


def test_another_officers_tablet_neither_reads_nor_takes_over_a_record(client, visit, plan, team, supervisor, tablet):
    one = ticket("VA001")
    tablet.send(one)
    juma = team("juma")
    later = timezone.now() + timedelta(days=1)
    other_visit = plan(staff=[juma.account_id], starts_at=later, ends_at=later + timedelta(hours=2))
    other = register(client, other_visit, juma)
    assert other.states(one) == []
    assert other.send(one)[0]["state"] == "refused"
    assert other.call("GET", f"visits/{visit.id}/pack/").status_code == 404


@pytest.mark.parametrize(
    "spoilt",
    [
        "text", {"id": "x"}, {"kind": "nonsense"}, {"made_at": "yesterday"}, {"body": {"number": "VA001"}},
        {"body": {"number": "VA001", "reason": "a\0b"}, "kind": "void"},
        {"body": {"number": "VA001", "reason": "\ud800"}, "kind": "void"},
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused_alone(tablet, spoilt):
    good = ticket("VA009")
    bad = {**ticket("VA001"), **spoilt} if isinstance(spoilt, dict) else spoilt
    assert [one["state"] for one in tablet.send(bad, good)] == ["refused", "stored"]
    assert Record.objects.count() == 1


def test_days_that_never_were_and_endless_numbers_do_not_keep_the_others_on_the_tablet(tablet):
    sent = [
        application("HA00000000A", person={"birth_date": "0000-01-01"}), ticket("VA001", called_at="2026-06-30T23:59:60Z"),
        {**ticket("VA002"), "made_at": "0000-01-01T00:00:00Z"}, application("HA00000001A", answers={"purpose": "ENDLESS"}),
        ticket("VA003"),
    ]  # fmt: skip
    said = json.dumps({"records": sent}).replace('"ENDLESS"', "1e999")
    results = body(tablet.call("POST", "records/", data=said, content_type="application/json"))["results"]
    assert [one["state"] for one in results] == ["refused"] * 4 + ["stored"]


def test_too_much_at_once_is_refused_whole(tablet):
    assert tablet.send(*(ticket("VA001") for _ in range(101))).status_code == 413
    assert tablet.call("POST", "records/", data="[" * 9, content_type="application/json").status_code == 400
    assert tablet.call("POST", "records/", data=" " * 1_000_001, content_type="application/json").status_code == 413
    assert Record.objects.count() == 0


def test_what_cannot_be_read_is_never_a_fault_of_the_server(client, tablet, visit, officer, enter_desk):
    def b64(text):
        return base64.b64encode(text.encode()).decode()

    one = "01980000-0000-7000-8000-000000000001"
    known = f"id {b64(one)},record {b64(one)},sha256 {b64('a' * 64)}"
    for metadata, length, version, status in (
        ("", "10", "1.0.0", 400), ("id \xe9", "10", "1.0.0", 400), ("id /w==", "10", "1.0.0", 400),
        (f"id {b64('x')}", "10", "1.0.0", 400), (known, "\xb2", "1.0.0", 400), (known, "-1", "1.0.0", 400),
        (known, "0", "1.0.0", 413), (known, "10", "0.2.2", 412), (known, "10", "1.0.0", 201),
    ):  # fmt: skip
        headers = {"HTTP_UPLOAD_METADATA": metadata, "HTTP_UPLOAD_LENGTH": length, "HTTP_TUS_RESUMABLE": version}
        assert tablet.call("POST", "files/", **headers).status_code == status, headers
    for offset, checksum, status in (("", "", 400), ("\xb2", "", 400), ("0", "md5 x", 400), ("0", "sha256 \xe9", 460)):
        headers = {"HTTP_UPLOAD_OFFSET": offset, "HTTP_UPLOAD_CHECKSUM": checksum}
        said = {"data": b"12345", "content_type": "application/offset+octet-stream"}
        assert tablet.call("PATCH", f"files/{one}/", **headers, **said).status_code == status, headers
    for path in ("records/", "records/states/"):
        for said in (b"\xff", b"[]", b"null", b'{"records": {}, "ids": {}}', b'{"records": NaN}', b"[" * 5000):
            assert tablet.call("POST", path, data=said, content_type="application/json").status_code == 400, said
    enter_desk(client, Account.objects.get(id=officer.account_id))
    for name in ("a\0b", "\ud800", ["x"], ""):
        said = json.dumps({"name": name, "visit": str(visit.id)})
        assert client.post(f"{API}devices/", data=said, content_type="application/json").status_code == 201, name
    assert (
        client.post(f"{API}devices/", data='{"visit": "\\u0000"}', content_type="application/json").status_code == 400
    )


def test_a_clock_that_is_wrong_dates_nothing_before_the_tablet_or_after_now(tablet):
    early, late = ticket("VA001"), ticket("VA002")
    early["made_at"], late["made_at"] = "2001-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00"
    tablet.send(early, late)
    made = {one.number[-5:]: one.made_at for one in Record.objects.all()}
    assert made["VA001"] == tablet.device.registered_at
    assert made["VA002"] <= timezone.now()


def test_a_file_comes_in_pieces_and_goes_on_where_it_was_broken_off(tablet, picture):
    content = picture(noise=1000)
    form = application("HA00000000A", content)
    file = form["body"]["files"][0]
    assert tablet.send(form)[0]["state"] == "stored"
    first = tablet.announce(file, form)
    assert first["Location"] == tablet.announce(file, form)["Location"] == f"{API}files/{file['id']}/"
    assert tablet.patch(file, 0, content[:400])["Upload-Offset"] == "400"
    assert tablet.patch(file, 800, content[800:]).status_code == 409
    assert tablet.patch(file, 0, content[:400]).status_code == 409
    assert tablet.offset(file) == 400
    assert tablet.patch(file, 400, content[400:800], checksum="AAAA").status_code == 460
    assert tablet.offset(file) == 400
    assert Record.objects.get().state == "waiting"
    assert tablet.patch(file, 400, content[400:]).status_code == 204
    assert bytes(StoredFile.objects.get().content) == content
    assert not Piece.objects.exists()
    assert Record.objects.get().state == "ready"


def test_files_may_come_before_their_record(tablet, picture):
    content = picture()
    form = application("HA00000000A", content)
    tablet.upload(form["body"]["files"][0], form, content)
    assert tablet.send(form)[0]["state"] == "stored"
    assert Record.objects.get().state == "ready"


def test_a_whole_that_is_not_what_was_announced_begins_anew(tablet, picture):
    content = picture()
    form = application("HA00000000A", content)
    file = form["body"]["files"][0]
    tablet.announce(file, form)
    assert tablet.patch(file, 0, b"x" * len(content)).status_code == 460
    assert tablet.offset(file) == 0
    assert tablet.patch(file, 0, content).status_code == 204


def test_a_harmful_file_refuses_its_record_with_a_reason(tablet, picture):
    content = picture() + EICAR
    form = application("HA00000000A", content)
    tablet.send(form)
    tablet.upload(form["body"]["files"][0], form, content)
    told = tablet.send(form)[0]
    assert (told["state"], told["message"][:13]) == ("refused", "This file may")
    assert not StoredFile.objects.exists()


def test_nobody_else_adds_to_a_file_and_no_file_is_too_long(client, visit, officer, tablet, picture):
    content = picture()
    form = application("HA00000000A", content)
    file = form["body"]["files"][0]
    tablet.announce(file, form)
    other = register(client, visit, officer, "Tablet 2")
    assert other.patch(file, 0, content).status_code == 404
    assert other.announce(file, form).status_code == 409
    assert tablet.announce({**photo(content), "bytes": 5_000_001}, form).status_code == 413
    assert tablet.patch(file, 0, content + b"more").status_code == 413
    assert HeldFile.objects.get().offset == 0


def test_a_lost_tablet_is_told_to_erase_itself_and_brings_nothing_more(tablet, officer, supervisor):
    outreach.report_lost(actor=supervisor, device_id=tablet.device.id, now=timezone.now())
    for answer in (
        tablet.pack(),
        tablet.send(ticket("VA001")),
        tablet.call("HEAD", "files/" + "0" * 8 + "-0000-0000-0000-" + "0" * 12 + "/"),
    ):
        assert answer.status_code == 410
    assert body(tablet.pack())["wipe"] is True
    assert not Record.objects.exists()
    assert Device.objects.get().told_at is not None
    assert tablet.call("POST", "devices/wiped/").status_code == 204
    assert Device.objects.get().wiped_at is not None


def test_a_lost_tablet_erases_itself_whether_or_not_its_officer_still_works_here(tablet, officer, supervisor):
    Account.objects.filter(id=officer.account_id).update(is_active=False)
    assert tablet.pack().status_code == 401
    outreach.report_lost(actor=supervisor, device_id=tablet.device.id, now=timezone.now())
    assert body(tablet.pack())["wipe"] is True
    assert tablet.call("POST", "devices/wiped/").status_code == 204
    assert Device.objects.get().wiped_at is not None


def test_a_token_ends_a_week_after_the_visit(tablet):
    Device.objects.update(expires_at=timezone.now())
    assert tablet.pack().status_code == 401


def test_the_supervisor_sees_what_a_tablet_still_holds(tablet):
    tablet.send(ticket("VA001"), HTTP_HUDUMA_UNSYNCED="7")
    assert Device.objects.get().unsynced == 7


def test_refusals_speak_the_language_of_the_tablet(tablet):
    told = tablet.call("GET", "records/?ids=nonsense", HTTP_ACCEPT_LANGUAGE="sw")
    assert told.status_code == 400
    assert "Rekodi hii" in body(told)["message"]


def test_a_void_names_the_number_that_it_uses_up(tablet):
    tablet.send(record("void", number="VA003", reason="Written twice"))
    assert Record.objects.get().number == f"{tablet.device.visit.reference}VA003"
