"""How values look on a page. `{% load ui %}`

Filters: money_cents, money, plain, masked_phone, shillings, kenya_date, kenya_datetime, kenya_day, duration, office_duration,
phone, reference, pick, pairs.
Tags: switch_language_url, other_language, other_language_name.
"""

from datetime import date, datetime
from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from huduma.foundation import money as moneys
from huduma.foundation import phone as phones
from huduma.foundation import references, translated

register = template.Library()
HOUR = 3600
OFFICE_DAY = 9 * HOUR
OTHER = {"en": ("sw", "Kiswahili"), "sw": ("en", "English")}


@register.filter
def money_cents(cents: int) -> str:
    """`KSh 1,050.00`"""
    return moneys.format_cents(cents)


@register.filter
def money(cents: int, currency: str = "KES") -> str:
    """`US$ 1,050.00`: the same in a currency."""
    return moneys.format_cents(cents, currency)


@register.filter
def plain(cents: int) -> str:
    """`1,050.00`: for a column of figures whose head names the currency."""
    return moneys.plain(cents)


@register.filter
def masked_phone(e164: str) -> str:
    """`07•• ••• 678`: a number that somebody else may not read."""
    return phones.mask(e164)


@register.filter
def shillings(amount: int) -> str:
    """The same from whole shillings."""
    return moneys.format_cents(int(amount) * 100)


@register.filter
def pairs(named: dict[str, Any]) -> list[tuple[str, Any]]:
    """Names with their values. Templates would take `.items` for the value of that name, where one is called so."""
    return list(named.items())


@register.filter
def kenya_date(value: date | str | None) -> str:
    """`23 November 2026`"""
    if isinstance(value, str):
        value = date.fromisoformat(value)
    return date_format(value, "j F Y") if value else ""


@register.filter
def kenya_datetime(value: datetime | None) -> str:
    """`23 November 2026, 14:05`"""
    return date_format(timezone.localtime(value), "j F Y, H:i") if value else ""


@register.filter
def kenya_day(value: datetime | None) -> str:
    """The day of a moment: `23 November 2026`"""
    return date_format(timezone.localtime(value), "j F Y") if value else ""


@register.filter
def duration(seconds: int | None) -> str:
    """A length of time in the unit that people would use: `40 minutes`, `5 hours`, `12 days`"""
    if seconds is None:
        return ""
    if seconds < 2 * HOUR:
        return _counted(seconds / 60, gettext("%(n)s minute"), gettext("%(n)s minutes"))
    if seconds < 48 * HOUR:
        return _counted(seconds / HOUR, gettext("%(n)s hour"), gettext("%(n)s hours"))
    return _counted(seconds / (24 * HOUR), gettext("%(n)s day"), gettext("%(n)s days"))


@register.filter
def office_duration(seconds: int | None) -> str:
    """The same of opening time; a working day has nine hours: `40 working minutes`, `5 working hours`, `3 working days`"""
    if seconds is None:
        return ""
    if seconds < 2 * HOUR:
        return _counted(seconds / 60, gettext("%(n)s working minute"), gettext("%(n)s working minutes"))
    if seconds < 2 * OFFICE_DAY:
        return _counted(seconds / HOUR, gettext("%(n)s working hour"), gettext("%(n)s working hours"))
    return _counted(seconds / OFFICE_DAY, gettext("%(n)s working day"), gettext("%(n)s working days"))


def _counted(value: float, one: str, many: str) -> str:
    number = max(1, round(value)) if value else 0
    return (one if number == 1 else many) % {"n": number}


@register.filter
def phone(e164: str) -> str:
    """`0712 345 678`"""
    return phones.display(e164)


@register.filter
def reference(value: str) -> str:
    """`HB 7K3M 9Q2X C`"""
    return references.display(value)


@register.filter
def pick(text: Any) -> str:
    """The text of a translated value in the page's language."""
    return translated.pick(text) if text else ""


def _language() -> str:
    return translation.get_language() or "en"


@register.simple_tag(takes_context=True)
def switch_language_url(context: RequestContext) -> str:
    """This page in the other language, with its query."""
    request = context.get("request")
    path: str = request.get_full_path() if request else "/"
    language = _language()
    if path.startswith(f"/{language}/"):
        return f"/{OTHER[language][0]}/" + path[len(language) + 2 :]
    return f"/{OTHER[language][0]}/"


@register.simple_tag
def other_language() -> str:
    """The code of the other language."""
    return OTHER[_language()][0]


@register.simple_tag
def other_language_name() -> str:
    """Its own name for itself."""
    return OTHER[_language()][1]
