"""What a record has to look like, how its numbers are written, and the rules by which conflicts are declared. No framework."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import jsonschema_rs

from huduma.foundation import identifiers
from huduma.foundation import phone as phones

#: So many tickets, receipts and references a tablet takes with it at once.
BLOCK = 600
PIECE_BYTES = 262_144
PHOTO_BYTES = 5_000_000
RECORDS_BYTES = 1_000_000
MOST_RECORDS = 100
#: A token lives so long after its visit, so that a tablet that found no network in the village can still sync.
TOKEN_DAYS = 7
#: A smaller number of people is not told: it would say more about them than about the visit.
LEAST_TOLD = 5
AGE_BANDS = ("0-17", "18-34", "35-59", "60+")
SEXES = ("F", "M", "X")

_TEXT = {"type": "string", "maxLength": 200}
_NUMBER = {"type": "string", "pattern": "^[A-Z0-9-]{4,11}$"}
_UUID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time"}
_PHONE = {"type": "string", "maxLength": 20}
_SEX = {"enum": ["", *SEXES, None]}


def _record(required: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties, "additionalProperties": False}


_ONE_FILE = {"anyOf": [_record("file", {"file": _UUID}), {"type": "null"}]}
#: What the body of each kind of record has to be (JSON Schema 2020-12).
SCHEMAS: dict[str, dict[str, Any]] = {
    "ticket": _record(
        "number service outcome called_at finished_at",
        {
            "number": _NUMBER,
            "service": {"type": "string", "maxLength": 60},
            "priority": {"enum": ["", "elderly", "disability", "pregnant", "infant", None]},
            "language": {"enum": ["en", "sw"]},
            "phone": {"anyOf": [_PHONE, {"type": "null"}]},
            "sex": _SEX,
            "age_band": {"enum": ["", *AGE_BANDS, None]},
            "outcome": {"enum": ["done", "not-done"]},
            "called_at": _TIME,
            "finished_at": _TIME,
        },
    ),
    "application": _record(
        "reference service version person consent answers",
        {
            "reference": _NUMBER,
            "service": {"type": "string", "maxLength": 60},
            "version": {"type": ["string", "integer"]},
            "person": _record(
                "first_name last_name",
                {
                    "id_number": {"anyOf": [{"type": "string", "maxLength": 14}, {"type": "null"}]},
                    "first_name": {"type": "string", "minLength": 1, "maxLength": 100},
                    "other_names": {"type": "string", "maxLength": 100},
                    "last_name": {"type": "string", "minLength": 1, "maxLength": 100},
                    "birth_date": {"anyOf": [{"type": "string", "format": "date"}, {"enum": ["", None]}]},
                    "sex": _SEX,
                    "phone": {"anyOf": [_PHONE, {"type": "null"}]},
                },
            ),
            "consent": _record("text at", {"text": {"type": "string", "maxLength": 2000}, "at": _TIME}),
            "answers": {"type": "object", "maxProperties": 400},
            "files": {
                "type": "array",
                "maxItems": 40,
                "items": _record(
                    "id question bytes sha256",
                    {
                        "id": _UUID,
                        "question": {"type": "string", "maxLength": 60},
                        "name": _TEXT,
                        "type": _TEXT,
                        "bytes": {"type": "integer", "minimum": 1},
                        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                    },
                ),
            },
            "signature": _ONE_FILE,
            "card": _ONE_FILE,
            "witness": _TEXT,
            "ticket": {"anyOf": [_UUID, {"type": "null"}]},
        },
    ),
    "receipt": _record(
        "number reference amount_minor currency at",
        {
            "number": _NUMBER,
            "application": {"anyOf": [_UUID, {"type": "null"}]},
            "reference": _NUMBER,
            "amount_minor": {"type": "integer", "minimum": 1, "maximum": 1_000_000_000},
            "currency": {"const": "KES"},
            "payer_name": _TEXT,
            "phone": {"anyOf": [_PHONE, {"type": "null"}]},
            "at": _TIME,
        },
    ),
    "void": _record(
        "number reason", {"number": _NUMBER, "reason": {"type": "string", "minLength": 1, "maxLength": 400}}
    ),
}
ENVELOPE = {
    "type": "object",
    "required": ["id", "kind", "made_at", "body"],
    "properties": {"id": _UUID, "kind": {"enum": list(SCHEMAS)}, "made_at": _TIME, "body": {"type": "object"}},
}


@lru_cache
def _validator(kind: str) -> Any:
    schema = SCHEMAS[kind] if kind else ENVELOPE
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def fault(record: Any) -> str | None:
    """Return what is wrong with a record as it was sent, as `where: what`, or None."""
    try:
        if b"\\u0000" in json.dumps(record, ensure_ascii=False, allow_nan=False).encode():
            return "text"
    except (ValueError, RecursionError):  # half a character, or a number without end
        return "text"
    for kind in ("", None):
        validator = _validator(record["kind"] if kind is None else kind)
        for error in validator.iter_errors(record["body"] if kind is None else record):
            return f"{'/'.join(str(part) for part in error.instance_path) or 'record'}: {error.schema_path[-1]}"
    person = record["body"].get("person") or {}
    try:  # the formats of JSON Schema know the year 0 and the 61st second
        date.fromisoformat(person.get("birth_date") or "2000-01-01")
        for moment in (record["made_at"], *(record["body"].get(name) for name in ("called_at", "finished_at", "at"))):
            datetime.fromisoformat((moment or "2000-01-01T00:00:00Z").upper())
    except ValueError:
        return "date: format"
    try:
        for said in (record["body"].get("phone"), person.get("phone")):
            phones.parse(said or "0700000000")
        identifiers.id_number(person.get("id_number") or "000000")
    except phones.InvalidPhone:
        return "phone: format"
    except identifiers.InvalidIdentifier:
        return "person/id_number: format"
    return None


def digest(record: dict[str, Any]) -> str:
    """Return the digest by which two sendings of a record are known as the same."""
    said = {name: record[name] for name in ("kind", "made_at", "body")}
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def uses(kind: str, body: dict[str, Any], visit_reference: str) -> str:
    """Return the number that a record uses up, as no other record of any visit writes it."""
    number: str = body["reference"] if kind == "application" else body["number"]
    return f"{visit_reference}{number}" if is_ticket(number) else number


def is_ticket(number: str) -> bool:
    """Whether a number is a ticket's: two or three letters that begin with V, and digits."""
    return number.startswith("V") and "-" not in number


def served(kind: str, body: dict[str, Any], on: date) -> dict[str, Any]:
    """Return who was served by a record, for the report: service, sex, age band; a person with a ticket counts by it."""
    if kind == "ticket":
        return {
            "service_code": body["service"], "sex": body.get("sex") or "", "age_band": body.get("age_band") or "",
            "is_person": body["outcome"] == "done",
        }  # fmt: skip
    if kind == "application":
        person = body["person"]
        return {
            "service_code": body["service"], "sex": person.get("sex") or "", "is_person": not body.get("ticket"),
            "age_band": age_band(person["birth_date"], on) if person.get("birth_date") else "",
        }  # fmt: skip
    return {}


def age_band(birth_date: str, on: date) -> str:
    """Return the band in which somebody's age was on a day."""
    born = date.fromisoformat(birth_date)
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return AGE_BANDS[sum(age >= limit for limit in (18, 35, 60))]


def masked(counts: dict[str, int]) -> dict[str, int | None]:
    """Return counts of the parts of a known whole, None for each below LEAST_TOLD.

    One alone could be worked out from the whole, so the next smallest goes with it, or all where the others are nothing.
    """
    small = {name for name, count in counts.items() if 0 < count < LEAST_TOLD}
    others = sorted((count, name) for name, count in counts.items() if count >= LEAST_TOLD)
    if len(small) == 1:
        small = {*small, others[0][1]} if others else set(counts)
    return {name: None if name in small else count for name, count in counts.items()}


def file_ids(body: dict[str, Any]) -> list[str]:
    """Return the files that a record's body names."""
    return [file["id"] for file in body.get("files") or []] + kept_ids(body)


def kept_ids(body: dict[str, Any]) -> list[str]:
    """Return the files that show who asked and that they agreed: the photo of the card and the signature. They stay as they came."""
    return [body[name]["file"] for name in ("card", "signature") if body.get(name)]


def letters(count: int) -> str:
    """Return what begins the tickets of a visit's device, by how many there were before it: VA to VZ, then VAA."""
    first, second = divmod(count, 26)
    return "V" + (chr(64 + first) if first else "") + chr(65 + second)


def receipt_prefix(device_code: str) -> str:
    """Return how the receipt numbers of a device begin."""
    return f"R{device_code}-"


@dataclass(frozen=True)
class Rule:
    """What is declared for one kind of conflict: the choices of the person who decides. `drop` takes nothing over."""

    choices: tuple[str, ...]


#: Conflicts are never guessed. While one waits, the record is kept as it came and nothing of it has any effect; a supervisor of the
#: team decides, who did not take the record in.
CONFLICTS = {
    "another-name": Rule(("as-known", "without-number", "drop")),
    "open-application": Rule(("as-well", "drop")),
    "draft": Rule(("replace", "drop")),
    "files": Rule(("as-draft", "drop")),
    "answers": Rule(("as-draft", "again", "drop")),
    "number-used": Rule(("new-number", "drop")),
    "no-application": Rule(("again", "drop")),
    "cash": Rule(("again", "drop")),
    "refused": Rule(("again", "drop")),
}
#: An application in one of these states is over: another one for the same service is no conflict.
OVER = ("draft", "issued", "rejected", "withdrawn")
