"""The stand-ins, driven over real connections by clients that are not ours where there are any."""

import base64
import json
import queue
import re
import smtplib
import threading
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import httpx
import pytest
import zeep

from sandbox.phone import totp_code
from sandbox.sms import twilio_signature


class Receiver(ThreadingHTTPServer):
    """A real server that takes callbacks; `next()` waits for one."""

    def __init__(self) -> None:
        self.taken: queue.Queue[tuple[str, dict[str, str], bytes]] = queue.Queue()
        super().__init__(("127.0.0.1", 0), Taker)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def next(self) -> tuple[str, dict[str, str], bytes]:
        return self.taken.get(timeout=15)

    def next_result(self) -> tuple[str, dict[str, object]]:
        path, _, body = self.next()
        return path, json.loads(body)["Body"]["stkCallback"]


class Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.put(
            (self.path, dict(self.headers), body)
        )  # before the answer, so that the order is the caller's
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver():
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fault(sandbox: httpx.Client, system: str, kind: str, **options: object) -> None:
    sandbox.post(f"/_control/{system}", json={"fault": kind, **options}).raise_for_status()


def pay(sandbox: httpx.Client, headers: dict[str, str], url: str, action: str = "pay", **changes: object) -> str:
    checkout = push(sandbox, headers, CallBackURL=url, **changes).json()["CheckoutRequestID"]
    answered = {"checkout_request_id": checkout, "action": action, "pin": "1234"}
    assert sandbox.post("/phone/api/answer", json=answered).json() == {"answered": True}
    return checkout


def authorised(sandbox: httpx.Client) -> dict[str, str]:
    answer = sandbox.get("/daraja/oauth/v1/generate?grant_type=client_credentials", auth=("key", "secret"))
    assert answer.json()["expires_in"] == "3599"
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def push(sandbox: httpx.Client, headers: dict[str, str], **changes: object) -> httpx.Response:
    password = base64.b64encode(b"174379test-passkey20260102030405").decode()
    body = {
        "BusinessShortCode": "174379", "Password": password, "Timestamp": "20260102030405", "TransactionType": "CustomerPayBillOnline",
        "Amount": 200, "PartyA": "254700000002", "PhoneNumber": "254700000002", "PartyB": "174379",
        "CallBackURL": "http://127.0.0.1:9/nowhere", "AccountReference": "HBTEST", "TransactionDesc": "test", **changes,
    }  # fmt: skip
    return sandbox.post("/daraja/mpesa/stkpush/v1/processrequest", json=body, headers=headers)


def query(sandbox: httpx.Client, headers: dict[str, str], checkout: str) -> httpx.Response:
    return sandbox.post("/daraja/mpesa/stkpushquery/v1/query", json={"CheckoutRequestID": checkout}, headers=headers)


def test_daraja_from_prompt_to_result(sandbox):
    headers = authorised(sandbox)
    accepted = push(sandbox, headers).json()
    assert accepted["ResponseCode"] == "0"
    checkout = accepted["CheckoutRequestID"]
    assert query(sandbox, headers, checkout).status_code == 500  # still open: an error envelope
    assert push(sandbox, headers).json()["errorCode"] == "500.001.1001"  # another prompt is active
    answered = {"checkout_request_id": checkout, "action": "pay", "pin": "1234"}
    assert sandbox.post("/phone/api/answer", json=answered).json() == {"answered": True}
    assert sandbox.post("/phone/api/answer", json=answered).json() == {"answered": False}
    assert query(sandbox, headers, checkout).json()["ResultCode"] == "0"
    assert sandbox.get("/phone/api/0700000002").json()["balance"] == 49_800


def test_daraja_refuses_as_documented(sandbox):
    headers = authorised(sandbox)
    assert push(sandbox, {"Authorization": "Bearer old"}).status_code == 404
    assert push(sandbox, headers, Amount=0).json()["errorMessage"] == "Bad Request - Invalid Amount"
    second = authorised(sandbox)
    assert push(sandbox, headers).status_code == 404  # a new token voids the one before
    assert push(sandbox, second).status_code == 200


def test_wrong_pin_and_unreachable_phone(sandbox):
    headers = authorised(sandbox)
    checkout = push(sandbox, headers).json()["CheckoutRequestID"]
    sandbox.post("/phone/api/answer", json={"checkout_request_id": checkout, "action": "pay", "pin": "0000"})
    assert query(sandbox, headers, checkout).json()["ResultCode"] == "2001"
    unreachable = push(sandbox, headers, PhoneNumber="254700000008").json()["CheckoutRequestID"]
    assert query(sandbox, headers, unreachable).json()["ResultCode"] == "1037"


def test_iprs_is_read_by_a_standard_soap_client(sandbox):
    service = zeep.Client(f"{sandbox.base_url}/iprs/IPRSServerwcf?wsdl").service
    assert service.Login(log="x", **{"pass": "y"}) is True
    person = service.GetDataByIdCard(log="x", id_number="90000002", serial_number="200000002", **{"pass": "y"})
    assert (person.First_Name, person.Date_of_Birth, person.ErrorOcurred) == ("ASHA", "9/30/1992 12:00:00 AM", False)
    missing = service.GetDataByIdCard(log="x", id_number="90000002", serial_number="1", **{"pass": "y"})
    assert (missing.ErrorCode, missing.ErrorOcurred) == ("ISB-105", True)


def test_mail_is_kept(sandbox, smtp_address):
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Habari", "a@huduma.example", "b@huduma.example"
    message.set_content("Karibu")
    with smtplib.SMTP(*smtp_address) as smtp:
        smtp.send_message(message)
    assert [m["subject"] for m in sandbox.get("/_control/mail").json()] == ["Habari"]


def test_the_phone_page_shows_messages_as_links_and_escapes_them(sandbox):
    sandbox.post(
        "/africastalking/version1/messaging",
        data={"to": "+254700000002", "message": "<b>See</b> http://127.0.0.1/x", "username": "sandbox"},
        headers={"apiKey": "k"},
    )
    page = sandbox.get("/phone/?phone=0700000002&lang=sw").text
    assert "&lt;b&gt;" in page
    assert '<a href="http://127.0.0.1/x">' in page
    assert "Simu ya majaribio" in page


def test_a_success_is_called_back_with_the_documented_metadata(sandbox, receiver):
    checkout = pay(sandbox, authorised(sandbox), f"{receiver.url}/paid")
    path, result = receiver.next_result()
    items = {item["Name"]: item for item in result["CallbackMetadata"]["Item"]}
    assert (path, result["CheckoutRequestID"], result["ResultCode"]) == ("/paid", checkout, 0)
    assert items["Amount"]["Value"] == 200.0
    assert items["PhoneNumber"]["Value"] == 254700000002
    assert "Value" not in items["Balance"]


def test_a_refusal_is_called_back_without_metadata(sandbox, receiver):
    pay(sandbox, authorised(sandbox), receiver.url, action="decline")
    _, result = receiver.next_result()
    assert (result["ResultCode"], "CallbackMetadata" in result) == (1032, False)


def test_callbacks_double_change_sums_turn_to_text_and_overtake_each_other(sandbox, receiver):
    headers = authorised(sandbox)
    for kind in ("duplicate", "wrong_amount", "text_numbers", "delay"):
        fault(sandbox, "daraja", kind, seconds=0.05)
    pay(sandbox, headers, receiver.url)
    first, second = receiver.next_result(), receiver.next_result()
    assert first == second
    assert (first[1]["ResultCode"], first[1]["CallbackMetadata"]["Item"][0]["Value"]) == ("0", "1.0")
    fault(sandbox, "daraja", "reorder")
    pay(sandbox, headers, f"{receiver.url}/early")
    pay(sandbox, headers, f"{receiver.url}/late")
    assert [receiver.next_result()[0], receiver.next_result()[0]] == ["/late", "/early"]


def test_a_lost_callback_leaves_the_query(sandbox, receiver):
    headers = authorised(sandbox)
    fault(sandbox, "daraja", "lose")
    lost = pay(sandbox, headers, f"{receiver.url}/lost")
    pay(sandbox, headers, f"{receiver.url}/next")
    assert receiver.next_result()[0] == "/next"
    assert query(sandbox, headers, lost).json()["ResultCode"] == "0"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Amount", "abc"), ("Amount", 1.5), ("Amount", -1), ("PhoneNumber", "0700000002"), ("CallBackURL", "nowhere"),
        ("Timestamp", ""), ("TransactionType", "Gift"), ("BusinessShortCode", "x"),
    ],
)  # fmt: skip
def test_each_bad_field_is_named(sandbox, field, value):
    refused = push(sandbox, authorised(sandbox), **{field: value})
    assert (refused.status_code, refused.json()["errorMessage"]) == (400, f"Bad Request - Invalid {field}")


def test_daraja_takes_no_other_payload_and_can_be_down(sandbox):
    headers = authorised(sandbox)
    for path in ("stkpush/v1/processrequest", "stkpushquery/v1/query"):
        for body in (b"not json", b"[]"):
            refused = sandbox.post(f"/daraja/mpesa/{path}", content=body, headers=headers)
            assert (refused.status_code, refused.json()["errorCode"]) == (400, "400.002.05")
    fault(sandbox, "daraja", "down")
    assert push(sandbox, headers).status_code == 503
    assert push(sandbox, headers, BusinessShortCode="600000").json()["errorMessage"] == "Wrong credentials"


def test_too_little_money(sandbox):
    headers = authorised(sandbox)
    checkout = pay(sandbox, headers, "http://127.0.0.1:9/nowhere", Amount=50_001)
    assert query(sandbox, headers, checkout).json()["ResultCode"] == "1"


def text_by_at(sandbox: httpx.Client, to: str) -> list[dict[str, object]]:
    form = {"to": to, "message": "Habari", "username": "sandbox"}
    answer = sandbox.post("/africastalking/version1/messaging", data=form, headers={"apiKey": "k"})
    assert answer.status_code == 201
    return answer.json()["SMSMessageData"]["Recipients"]


def test_africastalking_answers_for_each_number_and_reports_delivery(sandbox, receiver):
    sandbox.post("/_control/report_url", json={"url": receiver.url}).raise_for_status()
    fault(sandbox, "africastalking", "undelivered")
    sent = text_by_at(sandbox, "+254700000001,+254700000002,12")
    assert [recipient["statusCode"] for recipient in sent] == [101, 101, 403]
    reports = [dict(parse_qsl(receiver.next()[2].decode())) for _ in range(2)]
    assert [(r["id"], r["status"]) for r in reports] == [
        (sent[0]["messageId"], "Failed"),
        (sent[1]["messageId"], "Success"),
    ]
    kept = sandbox.get("/_control/messages", params={"phone": "+254700000001"}).json()
    assert [message["text"] for message in kept] == ["Habari"]
    assert len(sandbox.get("/_control/messages").json()) == 2


def test_twilio_signs_its_callbacks_with_the_token_of_the_caller(sandbox, receiver):
    form = {"To": "+254700000002", "From": "HUDUMA", "Body": "Habari", "StatusCallback": f"{receiver.url}/status"}
    fault(sandbox, "twilio", "duplicate")
    url = "/twilio/2010-04-01/Accounts/AC1/Messages.json"
    sid = sandbox.post(url, data=form, auth=("AC1", "secret")).json()["sid"]
    seen = []
    for _ in range(4):
        _, headers, body = receiver.next()
        fields = dict(parse_qsl(body.decode()))
        assert headers["X-Twilio-Signature"] == twilio_signature(form["StatusCallback"], fields, "secret")
        assert fields["MessageSid"] == sid
        seen.append(fields["MessageStatus"])
    assert seen == ["sent", "delivered"] * 2
    assert sandbox.post(url, data=form, auth=("AC2", "secret")).json()["code"] == 20003
    assert sandbox.post(url, data=form | {"To": "12"}, auth=("AC1", "secret")).json()["code"] == 21211


def test_iprs_refuses_in_soap(sandbox):
    address = f"{sandbox.base_url}/iprs/IPRSServerwcf"
    service = zeep.Client(f"{address}?wsdl").service
    assert service.Login(log="x") is False
    fault(sandbox, "iprs", "reject")
    refused = service.GetDataByIdCard(log="x", id_number="90000002", **{"pass": "y"})
    assert (refused.ErrorCode, refused.Surname) == ("ISB-114", None)
    envelope = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
    for body in ("<<", envelope.format(""), envelope.format('<Drop xmlns="http://tempuri.org/"/>')):
        answer = sandbox.post("/iprs/IPRSServerwcf", content=body)
        assert (answer.status_code, "<faultcode>s:Client</faultcode>" in answer.text) == (500, True)


def test_birth_notifications(sandbox):
    found = sandbox.get("/crs/notifications/bn-0001").json()
    assert (found["mother_id"], found["mother_name"]) == ("90000002", "Asha Wanjiru Mfano")
    assert sandbox.get("/crs/notifications/BN-9999").status_code == 404
    fault(sandbox, "crs", "down")
    assert sandbox.get("/crs/notifications/BN-0001").status_code == 503


def test_mail_without_subject_or_plain_text_is_shown_and_can_be_refused(sandbox, smtp_address):
    message = EmailMessage()
    message["From"], message["To"] = "a@huduma.example", "b@huduma.example"
    message.set_content("<p>Karibu</p>", subtype="html")
    with smtplib.SMTP(*smtp_address) as smtp:
        smtp.send_message(message)
        assert "&lt;p&gt;Karibu" in sandbox.get("/phone/mail").text
        fault(sandbox, "mail", "reject")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            smtp.send_message(message)
    assert refused.value.smtp_code == 550


def test_the_phone_works_without_scripts(sandbox, receiver):
    assert 'href="?phone=%2B254700000002&amp;lang=sw"' in sandbox.get("/phone/?lang=sw").text
    checkout = push(sandbox, authorised(sandbox), CallBackURL=receiver.url).json()["CheckoutRequestID"]
    page = sandbox.get("/phone/?phone=0700000002").text
    fields = dict(re.findall(r'name="(checkout_request_id|phone)" value="([^"]+)"', page[page.index("prompt") :]))
    assert fields["checkout_request_id"] == checkout
    form = {**fields, "pin": "1234", "action": "pay"}
    after = sandbox.post("/phone/answer?lang=en", data=form, follow_redirects=True).text
    assert "Answered." in after
    assert "49,800" in after
    assert receiver.next_result()[1]["ResultCode"] == 0
    again = sandbox.post("/phone/answer?lang=sw", data=form, follow_redirects=True).text
    assert "limejibiwa awali" in again
    assert sandbox.post("/phone/answer", data=form | {"action": "steal"}).status_code == 400
    assert sandbox.post("/phone/api/answer", json={"action": "pay"}).status_code == 400


def test_a_link_ends_where_the_address_ends(sandbox):
    form = {
        "to": "+254700000002",
        "message": 'Go to "http://h.example/a?b=1&c=2". Or (http://h.example/d).',
        "username": "s",
    }
    sandbox.post("/africastalking/version1/messaging", data=form, headers={"apiKey": "k"})
    page = sandbox.get("/phone/?phone=0700000002").text
    assert re.findall(r'href="(http://h[^"]*)"', page) == ["http://h.example/a?b=1&amp;c=2", "http://h.example/d"]


def test_a_fault_that_does_not_exist_is_refused(sandbox):
    assert sandbox.post("/_control/daraja", json={"fault": "sulk"}).status_code == 400
    assert sandbox.post("/_control/daraja", json={"fault": "delay", "seconds": "x"}).status_code == 400
    assert sandbox.post("/_control/daraja").status_code == 400
    assert sandbox.post("/_control/nobody", json={"fault": "down"}).status_code == 404


def test_codes_of_rfc_6238():
    assert totp_code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59) == "287082"
    assert totp_code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 1111111109) == "081804"
