"""The Integrated Population Registration System: SOAP 1.1, credentials in the body.

Shape after five independent clients; proven against the sandbox's stand-in only.
"""

from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

import zeep
from requests import RequestException, Session
from requests.adapters import HTTPAdapter
from zeep.exceptions import Error as ZeepError
from zeep.transports import Transport

from huduma.contexts.exchange.providers.base import Connector, Down, Facts, Missing

READ_SECONDS = 10
NOT_FOUND = "ISB-105"


class Iprs(Connector):
    """Asks by ID number and the serial number printed on the card."""

    allowed: ClassVar = ("id_number", "surname", "first_name", "other_names", "birth_date", "sex", "died_on")
    confidence: ClassVar = "client-proven"

    def __init__(self, wsdl_url: str, user: str, password: str) -> None:
        self._wsdl_url, self._user, self._password = wsdl_url, user, password

    @cached_property
    def _service(self) -> Any:
        session = Session()
        session.mount("http://", HTTPAdapter(max_retries=0))
        transport = Transport(session=session, timeout=READ_SECONDS, operation_timeout=READ_SECONDS)
        return zeep.Client(self._wsdl_url, transport=transport).service

    def ask(self, key: dict[str, str]) -> Facts:
        """Return a person. `key`: id_number, serial_number."""
        try:
            answer = self._service.GetDataByIdCard(
                log=self._user,
                id_number=key["id_number"],
                serial_number=key["serial_number"],
                **{"pass": self._password},
            )
        except (RequestException, ZeepError, OSError) as error:
            raise Down(type(error).__name__) from None  # the original carries the envelope, and with it the password
        if answer.ErrorOcurred:
            if answer.ErrorCode == NOT_FOUND:
                raise Missing
            raise Down(answer.ErrorCode)
        return {
            "id_number": answer.ID_Number,
            "surname": _name(answer.Surname),
            "first_name": _name(answer.First_Name),
            "other_names": _name(answer.Other_Name),
            "birth_date": _date(answer.Date_of_Birth),
            "sex": answer.Gender if answer.Gender in ("F", "M") else "",
            "died_on": _date(answer.Date_of_Death),
        }


def _name(text: str | None) -> str:
    return (text or "").strip().title()


def _date(text: str | None) -> str | None:
    """`9/30/1992 12:00:00 AM` (month first) → `1992-09-30`."""
    if not text:
        return None
    return datetime.strptime(text.split()[0], "%m/%d/%Y").date().isoformat()  # noqa: DTZ007 -- a date has no zone
