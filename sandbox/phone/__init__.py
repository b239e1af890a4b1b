"""The sandbox phone: a handset in the browser that receives SMS, shows the payment prompt and takes a PIN. Works without JavaScript."""

from starlette.routing import Route

from sandbox import airtel
from sandbox.phone.calls import call, call_api
from sandbox.phone.codes import totp, totp_code
from sandbox.phone.handset import handset_api, mail, phone
from sandbox.phone.payments import answer, answer_api, pay, pay_api

__all__ = ["routes", "totp_code"]

routes = [
    Route("/phone/", phone, name="phone"),
    Route("/phone/call", call, methods=["POST"]),
    Route("/phone/api/call", call_api, methods=["POST"]),
    Route("/phone/answer", answer, methods=["POST"]),
    Route("/phone/mail", mail),
    Route("/phone/totp", totp),
    Route("/phone/api/answer", answer_api, methods=["POST"]),
    Route("/phone/pay", pay, methods=["GET", "POST"]),
    Route("/phone/api/pay", pay_api, methods=["POST"]),
    Route("/phone/api/airtel", airtel.answer_api, methods=["POST"]),
    Route("/phone/api/{number}", handset_api),
]
