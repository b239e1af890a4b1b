"""Questions as a page shows them."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from huduma.contexts.applications import public as applications
from huduma.contexts.places import public as places


@dataclass(frozen=True)
class Field:
    """A question as the page shows it."""

    name: str
    ui: dict[str, Any]
    value: Any
    error: str
    required: bool
    options: list[tuple[str, Any]]
    files: list[applications.Upload]
    entries: list[applications.Entry]

    @property
    def parts(self) -> list[tuple[str, Any, str, str]]:
        """The three inputs of a date: name, label, value, and how a browser may fill it in."""
        year, month, day = [*str(self.value or "").split("-"), "", "", ""][:3]
        return [
            ("day", gettext("Day"), day.lstrip("0"), ""),
            ("month", gettext("Month"), month.lstrip("0"), ""),
            ("year", gettext("Year"), year.lstrip("0"), "year"),
        ]

    @property
    def chosen(self) -> list[str]:
        """The choices made, where several may be."""
        return self.value if isinstance(self.value, list) else []

    @property
    def accept(self) -> str:
        """The kinds of file for the file chooser."""
        kinds = self.ui.get("upload", {}).get("accept", [])
        return ",".join(f".{kind}" for kind in [*kinds, *(["jpg"] if "jpeg" in kinds else [])])

    @property
    def kinds(self) -> str:
        """The same in words."""
        upload = self.ui.get("upload", {})
        *first, last = (kind.upper() for kind in upload.get("accept") or ("pdf", "jpeg", "png"))
        named = gettext("%(some)s or %(last)s") % {"some": ", ".join(first), "last": last} if first else last
        return gettext("%(kinds)s, up to %(size)s MB each") % {"kinds": named, "size": upload.get("max_mb", 5)}


def fields_of(
    questions: list[applications.Question], errors: dict[str, str], application: applications.Application
) -> list[Field]:
    """Return questions as a page shows them."""
    counties = [(county.code, county.name) for county in places.list_counties()]
    today = timezone.localdate()
    return [
        Field(
            name=question.name,
            ui=question.ui,
            value=question.value,
            error=errors.get(question.name, ""),
            required=question.required,
            options=counties
            if question.ui["widget"] == "county"
            else [(option["value"], option["label"]) for option in question.ui.get("options", [])],
            files=question.files,
            entries=applications.entries_of(application, question.name, today)
            if question.ui["widget"] == "group"
            else [],
        )
        for question in questions
    ]
