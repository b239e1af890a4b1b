"""Large forms: saving a page of a form of 100 questions, over HTTP to commit, with every other page answered already.

Ten pages of ten questions, then all hundred on one page. Every save changes each answer of the page, every third question hangs
on one before it, and the limit is 100 ms.
"""

import json
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from django.test import Client
from django.utils import timezone

from bench import citizens, installation
from bench.load import Request, drive, open_form
from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.foundation.access import SYSTEM

QUESTIONS = 100
LIMIT_MS = 100
SAVES = 60
SERVICE: dict[str, Any] = {
    "body": "CRS", "level": "national", "category": "identity", "life_events": ["birth"],
    "description": {"en": "A form of a hundred questions.", "sw": "Fomu ya maswali mia."},
    "requirements": [{"en": "Nothing", "sw": "Hakuna"}], "fee_kes": 0, "turnaround": {"value": 3, "unit": "working_days"},
    "channels": ["web"], "at_huduma": None, "output": {"en": "card", "sw": "kadi"}, "legal_basis": "None",
    "sources": ["https://example.org/"],
    "confidence": {"overall": "estimate", "fee": "estimate", "turnaround": "published", "requirements": "estimate"},
    "fees": [{"code": "fee", "name": {"en": "Fee", "sw": "Ada"}, "amount": 0, "legal_notice": "None"}],
    "retention": {"years": 1, "basis": {"en": "An example.", "sw": "Mfano."}},
    "purposes": [
        {"data": [f"q{n}" for n in range(QUESTIONS)], "purpose": {"en": "An example", "sw": "Mfano"}, "lawful_basis": "consent"}
    ],
}  # fmt: skip
PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:huduma="https://huduma.example/bpmn"
                  id="bench" targetNamespace="https://huduma.example/services/bench">
  <bpmn:process id="bench-process" name="Bench" isExecutable="true">
    <bpmn:startEvent id="submitted" name="Application submitted" huduma:name_sw="Ombi limetumwa"/>
    <bpmn:userTask id="review" name="Review" huduma:name_sw="Kagua" huduma:status="in_review">
      <bpmn:extensionElements><huduma:outcome id="approve" name="Approve" name_sw="Idhinisha"/></bpmn:extensionElements>
    </bpmn:userTask>
    <bpmn:endEvent id="issued" name="Issued" huduma:name_sw="Imetolewa" huduma:status="issued"/>
    <bpmn:sequenceFlow id="to-review" sourceRef="submitted" targetRef="review"/>
    <bpmn:sequenceFlow id="to-end" sourceRef="review" targetRef="issued"/>
  </bpmn:process>
</bpmn:definitions>
"""


def measure(url: str) -> None:
    """Save the last page again and again with one client, in an installation's web server."""
    for count in (10, QUESTIONS):
        code = f"bench-form-{count}"
        _publish(code, count)
        cookies, draft = _draft(code, count)
        address = f"/en/applications/{draft}/pages/p{QUESTIONS // count - 1}/"
        with installation.running(url, "web"):
            first, second = (open_form(installation.PORT, address, cookies, _typed(count, word)) for word in ("A", "B"))
            plans = [[Request(one.path, one.cookies, one.form, one.expect) for one in (first, second)] * (SAVES // 2)]
            drive(installation.PORT, plans, seconds=600, once=True)  # warm
            found = drive(installation.PORT, plans, seconds=600, once=True)
        verdict = "" if found.p99 < LIMIT_MS else "   TOO SLOW"
        print(
            f"form of {QUESTIONS} questions, save a page of {count:3}   p50 {found.p50:5.1f} ms  p99 {found.p99:5.1f} ms"
            f"   limit {LIMIT_MS} ms{verdict}"
        )


def _name(number: int) -> str:
    return f"q{number}"


def _publish(code: str, count: int) -> None:
    """Write and load a package whose pages have `count` questions each."""
    names = [_name(number) for number in range(QUESTIONS)]
    questions: dict[str, Any] = {}
    for number, name in enumerate(names):
        questions[name] = {"label": {"en": f"Question {number}", "sw": f"Swali {number}"}, "widget": "text"}
        if number % 3 == 2:
            before = names[number - 1]
            questions[name]["show_if"] = {"properties": {before: {"minLength": 1}}, "required": [before]}
    pages = [
        {"id": f"p{place}", "title": {"en": f"Page {place}", "sw": f"Ukurasa {place}"}, "fields": names[place * count :][:count]}
        for place in range(QUESTIONS // count)
    ]  # fmt: skip
    answer = {"type": "string", "minLength": 1, "maxLength": 80}
    form = {
        "applicant": "person", "pages": pages, "ui": questions,
        "schema": {"type": "object", "required": names, "properties": dict.fromkeys(names, answer)},
    }  # fmt: skip
    named = {"en": f"A form with pages of {count}", "sw": f"Fomu ya kurasa za maswali {count}"}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / code
        folder.mkdir()
        (folder / "service.yaml").write_text(json.dumps({"code": code, "name": named, **SERVICE}))  # JSON is YAML
        (folder / "form.yaml").write_text(json.dumps(form))
        (folder / "process.bpmn").write_text(PROCESS)
        catalogue.load_packages(actor=SYSTEM, path=folder, now=timezone.now())


def _draft(code: str, count: int) -> tuple[str, UUID]:
    """Return the session of a citizen and a draft in which everything is answered."""
    account, now = citizens.proven(9_500_000 + count), timezone.now()
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    draft = applications.open_application(actor=actor, service_code=code, now=now)
    for page in applications.pages_of(draft):
        applications.save_page(
            actor=actor, application_id=draft.id, page_id=page["id"], typed=lambda name: f"Answer to {name}", now=now
        )
        draft.refresh_from_db()
    browser = Client()
    browser.force_login(account)
    return f"sessionid={browser.cookies['sessionid'].value}", draft.id


def _typed(count: int, word: str) -> dict[str, str]:
    return {_name(number): f"{word} {number}" for number in range(QUESTIONS - count, QUESTIONS)}
