"""The pack: what a tablet takes to a place without a network. No person is in it but the officers of the visit."""

from dataclasses import dataclass
from typing import Any

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.outreach import rules
from huduma.contexts.outreach.models import Device, Record
from huduma.contexts.places import public as places

#: Of a service's charter, what an officer tells people.
CHARTER = (
    "description", "requirements", "fee_kes", "fees", "turnaround", "confidence", "documents", "eligibility", "legal_basis",
)  # fmt: skip
QUESTION = ("label", "hint", "error", "autocomplete", "prefill", "not_after", "not_before", "item", "fields")


@dataclass(frozen=True)
class Pack:
    """What a tablet takes with it, as JSON."""

    content: dict[str, Any]


def pack_of(device: Device) -> Pack:
    """Return the pack of a device, whose numbers were given to it."""
    visit = device.visit
    names = identity.staff_names(set(visit.staff.values_list("account_id", flat=True)))
    ranges: dict[str, list[dict[str, Any]]] = {"ticket": [], "receipt": []}
    prefixes = {"ticket": device.letters, "receipt": rules.receipt_prefix(device.code)}
    for one in device.ranges.all():
        ranges[one.kind].append({"prefix": prefixes[one.kind], "first": one.first, "last": one.last})
    used = Record.objects.filter(device=device, kind__in=("application", "void")).values("number")
    references = device.references.exclude(value__in=used).order_by("value").values_list("value", flat=True)
    return Pack(
        {
            "visit": {
                "id": str(visit.id), "reference": visit.reference, "place": visit.place, "ward": visit.ward,
                "county": {"code": visit.county_id, "name": visit.county.name},
                "date": visit.starts_at.date().isoformat(), "opens": visit.starts_at.isoformat(),
                "closes": visit.ends_at.isoformat(), "staff": sorted(names.values()), "state": visit.state,
            },
            "officer": names.get(device.account_id, ""),
            "services": [_service(code) for code in visit.services],
            "counties": [{"code": one.code, "name": one.name} for one in places.list_counties()],
            "blocks": {"tickets": ranges["ticket"], "receipts": ranges["receipt"], "references": list(references)},
            "limits": {
                "piece_bytes": rules.PIECE_BYTES, "record_bytes": rules.RECORDS_BYTES, "records": rules.MOST_RECORDS,
                "photo_bytes": rules.PHOTO_BYTES,
            },
            "valid_until": device.expires_at.isoformat(),
        }
    )  # fmt: skip


def _service(code: str) -> dict[str, Any]:
    service = catalogue.get_service(code)
    version = service.current_version
    form = version.part("form") if version else None
    content = version.part("service") if version else service.content
    return {
        "code": code,
        "version": str(version.id) if version else None,
        "name": service.name,
        "charter": {name: content[name] for name in CHARTER if name in content},
        "form": {"pages": _pages(form), "lookup": form.get("lookup"), "applicant": form["applicant"]} if form else None,
        "photos": _photos(form) if form else [],
        "fee_minor": int(content["fee_kes"] * 100) if isinstance(content.get("fee_kes"), int | float) else None,
        "currency": "KES",
    }


def _pages(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **{name: page[name] for name in ("id", "title", "intro") if name in page},
            "condition": page.get("show_if"),
            "questions": [_question(form["schema"], form["ui"], name) for name in page["fields"]],
        }
        for page in form["pages"]
    ]


def _question(schema: dict[str, Any], ui: dict[str, Any], name: str) -> dict[str, Any]:
    asked = ui[name]
    found = {key: asked[key] for key in QUESTION if key in asked}
    found |= {
        "name": name,
        "type": asked["widget"],
        "help": asked.get("hint"),
        "required": name in schema.get("required", []),
        "enum": asked.get("options"),
        "condition": asked.get("show_if"),
        "schema": schema["properties"].get(name, {}),
    }
    if asked["widget"] == "upload":
        found["upload"] = _limits(asked)
    if asked["widget"] == "group":
        inside = found["schema"]["items"]
        found["questions"] = [_question(inside, asked["questions"], one) for one in asked["fields"]]
    return found


def _photos(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, **_limits(ui)} for name, ui in form["ui"].items() if ui["widget"] == "upload"]


def _limits(ui: dict[str, Any]) -> dict[str, Any]:
    said = ui.get("upload", {})
    return {
        "accept": said.get("accept", ["pdf", "jpeg", "png"]),
        "max_bytes": min(int(said.get("max_mb", 5) * 1_000_000), rules.PHOTO_BYTES),
        "max_files": said.get("max_files", 1),
    }
