"""The order to the bank: ISO 20022 pain.001.001.09, one payment for each body's part. Shape-checked before it leaves.

The bank's own profile is not public: `assumed`.
"""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from huduma.foundation.money import decimal_text

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


@dataclass(frozen=True)
class Order:
    """One credit transfer."""

    end_to_end: str
    cents: int
    name: str
    bic: str
    account: str
    text: str


@dataclass(frozen=True)
class Debtor:
    """Whose account is debited."""

    name: str
    bic: str
    account: str


def build(*, message_id: str, made_at: datetime, currency: str, debtor: Debtor, orders: list[Order]) -> bytes:
    """Return the message. Its control sum and count are those of the orders."""
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # None is the default
    message = _add(root, "CstmrCdtTrfInitn")
    total = decimal_text(sum(order.cents for order in orders))
    head = _add(message, "GrpHdr")
    for name, value in (
        ("MsgId", message_id), ("CreDtTm", made_at.isoformat(timespec="seconds")), ("NbOfTxs", str(len(orders))), ("CtrlSum", total),
    ):  # fmt: skip
        _add(head, name, value)
    _add(_add(head, "InitgPty"), "Nm", debtor.name)
    group = _add(message, "PmtInf")
    for name, value in (
        ("PmtInfId", message_id), ("PmtMtd", "TRF"), ("BtchBookg", "false"), ("NbOfTxs", str(len(orders))), ("CtrlSum", total),
    ):  # fmt: skip
        _add(group, name, value)
    _add(_add(group, "ReqdExctnDt"), "Dt", made_at.date().isoformat())
    _add(_add(group, "Dbtr"), "Nm", debtor.name)
    _account(_add(group, "DbtrAcct"), debtor.account)
    _add(_add(_add(group, "DbtrAgt"), "FinInstnId"), "BICFI", debtor.bic)
    for order in orders:
        one = _add(group, "CdtTrfTxInf")
        _add(_add(one, "PmtId"), "EndToEndId", order.end_to_end)
        _add(_add(one, "Amt"), "InstdAmt", decimal_text(order.cents)).set("Ccy", currency)
        _add(_add(_add(one, "CdtrAgt"), "FinInstnId"), "BICFI", order.bic)
        _add(_add(one, "Cdtr"), "Nm", order.name[:70])
        _account(_add(one, "CdtrAcct"), order.account)
        _add(_add(one, "RmtInf"), "Ustrd", order.text[:140])
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = text
    return element


def _account(parent: etree._Element, number: str) -> None:
    _add(_add(_add(parent, "Id"), "Othr"), "Id", number)
