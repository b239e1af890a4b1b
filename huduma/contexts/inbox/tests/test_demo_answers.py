"""The answers that a fresh sandbox shows: sound, in both languages, with the figures of the charters, and seen by two."""

import re
from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.contexts.inbox.management.commands.demo_answers import ANSWERS
from huduma.contexts.knowledge import public as knowledge
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db
FIELD = re.compile(r"\{[a-z]+:([a-z0-9-]+)\}")


def test_a_fresh_sandbox_answers_with_the_figures_of_its_charters(settings, client):
    now = timezone.now()  # the command is run by hand and has no other clock
    places.load_places(actor=SYSTEM)
    for code in sorted(set(FIELD.findall(ANSWERS.read_text(encoding="utf-8"))) | {"huduma-appointment"}):
        catalogue.load_packages(actor=SYSTEM, path=settings.BASE_DIR / "services" / code, now=now)
    for role in ("agent", "secretariat"):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{role}@huduma.example", password="a-long-password-for-tests", first_name="Mtu",
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=None, now=now)
    for expected in ("10 demo answers\n", "0 demo answers\n"):
        said = StringIO()
        call_command("demo_answers", stdout=said)
        assert said.getvalue() == expected
    known = yaml.safe_load(ANSWERS.read_text(encoding="utf-8"))
    assert [one.code for one in inbox.list_canned()] == sorted(one["code"] for one in known["ready"])
    assert len(knowledge.list_public(now=timezone.now())) == sum(one["public"] for one in known["articles"])
    for article in knowledge.list_public(now=timezone.now()):
        assert article.reviewed_by not in article.authors
        for language in ("en", "sw"):
            text = knowledge.fill(article.text[language], language)
            assert not {"{", "…"} & set(text), text
    assert "1,000" in client.get("/en/help/answers/lost-id-card/").content.decode()
    assert "Nimepoteza" in client.get("/sw/help/answers/").content.decode()
    assert client.get("/en/help/answers/promising-a-date/").status_code == 404
