"""Staff who are signed in, and whose buttons are pressed twice."""

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from huduma.contexts.identity import public as identity
from huduma.contexts.places.models import PublicBody
from huduma.foundation.access import SYSTEM


@pytest.fixture
def staff(now):
    """Opens an account with a role in a body, or everywhere."""

    def make(name, role="officer", body="CRS"):
        if body:
            PublicBody.objects.get_or_create(
                code=body, defaults={"name_en": body, "name_sw": body, "kind": "department", "level": "national"}
            )
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name.lower()}@example.org", password="correct-horse-battery", first_name=name,
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        return account

    return make


@pytest.fixture
def pressed_twice(monkeypatch):
    """Sends every form of a test a second time, as a double click does: it is answered, and nothing more happens."""
    send = Client.post
    money = [one for app in ("payments", "settlement", "files") for one in apps.get_app_config(app).get_models()]

    def done():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM journal_entry WHERE act <> 'access.refused'), (SELECT count(*) FROM procrastinate_jobs)"
            )
            return {one.__name__: list(one.objects.order_by("pk").values()) for one in money}, cursor.fetchone()

    def post(client, path, data=None, **more):
        answer = send(client, path, data, **more)
        before = done()
        for file in (data or {}).values():
            if hasattr(file, "seek"):
                file.seek(0)
        again = send(client, path, data, **more)
        assert again.status_code < 500
        assert done() == before, f"{path} did something when it was sent again"
        return answer

    monkeypatch.setattr(Client, "post", post)
