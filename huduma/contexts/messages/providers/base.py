"""The socket of SMS companies."""

from abc import ABC, abstractmethod
from typing import ClassVar

from huduma.foundation.sockets import Registry


class Refused(Exception):
    """The company certainly did not take the message: another one may."""


class Uncertain(Exception):
    """The company may have taken the message: the line broke after it was handed over."""


class SmsProvider(ABC):
    """An SMS company. `confidence` says how far the adapter is proven."""

    confidence: ClassVar[str]

    @abstractmethod
    def send(self, *, to: str, text: str) -> str:
        """Hand over one message (E.164 number) and return the company's id for it. Raises Refused, Uncertain."""


sms_providers: Registry[SmsProvider] = Registry("SMS company")
