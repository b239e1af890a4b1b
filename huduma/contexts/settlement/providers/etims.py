"""KRA's eTIMS (OSCU by GavaConnect): the tax invoice of a body that is a taxpayer, and its credit note (receipt type R, which names
the number of the invoice). Written to clients and the portal's documents.

An invoice's number is ours and runs without gaps for each branch: a second sending of one is known by it.
Whoever holds an invoice reads it at KRA under an address made of the PIN, the branch and the signature: its QR code.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

import httpx

from huduma.foundation import http
from huduma.foundation.money import decimal_text

READ_SECONDS = 30.0
#: The law's categories of tax and their rates in per cent: A exempt, B standard, C zero-rated, D not taxable, E reduced.
CATEGORIES = ("A", "B", "C", "D", "E")
DUPLICATE = 994
#: Why a sale is credited (KRA's code class 32): the money was refunded.
REFUNDED = "06"


class NotIssued(Exception):
    """The invoice was not taken; the text says what was answered. Sending it again is safe."""


@dataclass(frozen=True)
class Branch:
    """Who issues: the taxpayer's PIN, the branch, and the key of its device."""

    tin: str
    branch: str
    key: str


@dataclass(frozen=True)
class Item:
    """One line: its name, its tax category, and what was paid for it in shillings, tax included."""

    name: str
    category: str
    cents: int


@dataclass(frozen=True)
class Signed:
    """What KRA's unit answers: with it the invoice can be checked."""

    receipt_number: str
    signature: str
    internal_data: str


class Etims:
    """The service, at one address."""

    confidence: ClassVar[str] = "self-proven"
    proof: ClassVar = "Written to client code and the portal's documents. Proven against our stand-in only."
    unknowns: ClassVar = (
        "No device of KRA was there: what its unit checks beyond its documents is not known.",
        "A credit note gives “refund” (06) of KRA's list of reasons; whether its unit wants another one for some is not known.",
        "The address of the QR code is that of known receipts; the sandbox has its own.",
    )

    def __init__(self, *, base_url: str, key: str, secret: str, rates: dict[str, str], receipt_url: str) -> None:
        self._base_url, self._key, self._secret, self._receipt_url = base_url, key, secret, receipt_url
        self._rates = {category: Decimal(rates.get(category, "0")) for category in CATEGORIES}

    def initialise(self, *, tin: str, branch: str, serial: str) -> str:
        """Enrol a device, which is possible once, and return its key. Raises NotIssued."""
        body = {"tin": tin, "bhfId": branch, "dvcSrlNo": serial}
        code, answer = self._post("initialize", body, Branch(tin, branch, ""))
        try:
            return str(answer["data"]["info"]["cmcKey"])
        except (KeyError, TypeError):
            raise NotIssued(f"initialise {code}") from None

    def issue(self, branch: Branch, *, number: int, items: list[Item], at: datetime, credits: int = 0) -> Signed:
        """Send a sale, or the credit of the sale with the number `credits`; one that was sent before is looked up. Raises NotIssued."""
        code, answer = self._post("sendSalesTransaction", self._sale(number, items, at, credits), branch)
        if code == DUPLICATE:
            code, answer = self._post("selectSalesTransactions", {"invcNo": number}, branch)
        if code != 0:
            raise NotIssued(f"{code} {answer.get('resultMsg', '')}"[:120])
        try:
            data = answer["data"]
            return Signed(str(data.get("rcptNo") or data["curRcptNo"]), str(data["rcptSign"]), str(data["intrlData"]))
        except (KeyError, TypeError):
            raise NotIssued("an answer without its signature") from None

    def receipt_address(self, branch: Branch, signature: str) -> str:
        """Return where KRA shows a signed invoice to anybody: what its QR code says."""
        return f"{self._receipt_url}{branch.tin}{branch.branch}{signature}"

    def tax_cents(self, category: str, cents: int) -> int:
        """Return the tax that is in an amount."""
        return int(self._tax(Item("", category, cents)) * 100)

    def _tax(self, item: Item) -> Decimal:
        rate, gross = self._rates[item.category], Decimal(item.cents) / 100
        return (gross * rate / (100 + rate)).quantize(Decimal("0.01"), ROUND_HALF_UP)

    def _sale(self, number: int, items: list[Item], at: datetime, credits: int = 0) -> dict[str, Any]:
        sums: dict[str, Any] = {}
        for category in CATEGORIES:
            own = [item for item in items if item.category == category]
            tax, gross = sum(map(self._tax, own), Decimal(0)), Decimal(sum(item.cents for item in own)) / 100
            sums |= {
                f"taxblAmt{category}": str(gross - tax),
                f"taxRt{category}": str(self._rates[category]),
                f"taxAmt{category}": str(tax),
            }
        tax, gross = sum(map(self._tax, items), Decimal(0)), Decimal(sum(item.cents for item in items)) / 100
        moment = f"{at:%Y%m%d%H%M%S}"
        return {
            "invcNo": number, "orgInvcNo": credits, "custTin": None, "custNm": None, "salesTyCd": "N", "rcptTyCd": "R" if credits else "S",
            "pmtTyCd": "06",
            "salesSttsCd": "02", "cfmDt": moment, "salesDt": moment[:8], "stockRlsDt": None,
            "rfdDt": moment if credits else None, "rfdRsnCd": REFUNDED if credits else None, "totItemCnt": len(items), **sums,
            "totTaxblAmt": str(gross - tax), "totTaxAmt": str(tax), "totAmt": str(gross), "prchrAcptcYn": "N", "remark": None,
            "regrId": "huduma", "regrNm": "Huduma", "modrId": "huduma", "modrNm": "Huduma",
            "receipt": {"rcptPbctDt": moment, "prchrAcptcYn": "N"},
            "itemList": [
                {
                    "itemSeq": place, "itemCd": "KE3NTXU0000001", "itemClsCd": "99000000", "itemNm": item.name[:200], "pkgUnitCd": "NT",
                    "pkg": 1, "qtyUnitCd": "U", "qty": 1, "prc": decimal_text(item.cents), "splyAmt": decimal_text(item.cents),
                    "dcRt": 0, "dcAmt": 0, "taxTyCd": item.category, "taxblAmt": str(Decimal(item.cents) / 100 - self._tax(item)),
                    "taxAmt": str(self._tax(item)), "totAmt": decimal_text(item.cents),
                }
                for place, item in enumerate(items, 1)
            ],
        }  # fmt: skip

    def _post(self, path: str, body: dict[str, Any], branch: Branch) -> tuple[int, dict[str, Any]]:
        """Return the code (0, 00, 000 and 0000 all mean success) and the answer."""
        try:
            with http.client(READ_SECONDS) as client:
                headers = {
                    "tin": branch.tin,
                    "bhfId": branch.branch,
                    "cmcKey": branch.key,
                    "Authorization": f"Bearer {self._token(client)}",
                }
                answer = http.request(client, "POST", f"{self._base_url}/{path}", json=body, headers=headers).json()
            content = answer.get("body", answer)
            return int(content["resultCd"]), content
        except (http.Unavailable, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotIssued(f"{type(error).__name__}: {error}"[:120]) from None

    def _token(self, client: httpx.Client) -> str:
        answer = http.request(client, "GET", f"{self._base_url}/v1/token/generate", auth=(self._key, self._secret))
        return str(answer.json()["access_token"])
