"""M-Pesa Daraja: the gateway, its line, and the reading of what it sends."""

from huduma.contexts.payments.providers.daraja.gateway import Daraja
from huduma.contexts.payments.providers.daraja.line import Line

__all__ = ["Daraja", "Line"]
