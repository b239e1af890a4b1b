"""The stand-ins, driven over real connections by clients that are not ours where there are any."""

import base64
import smtplib
from email.message import EmailMessage

import httpx
import zeep


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
