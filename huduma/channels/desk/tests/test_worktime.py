"""The working calendar at the desk."""

import pytest

from huduma.contexts.identity import public as identity
from huduma.contexts.places.models import PublicBody
from huduma.foundation.access import SYSTEM
from huduma.foundation.worktime.models import SpecialDay

pytestmark = pytest.mark.django_db
URL = "/en/desk/working-days/"


@pytest.fixture
def enter(client, enter_desk, now):
    """Signs in a member of staff with a role everywhere."""

    PublicBody.objects.create(code="CRS", name_en="CRS", name_sw="CRS", kind="department", level="national")

    def make(role):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{role}@example.org", password="correct-horse-battery", first_name="Neema",
            surname="Mfano", now=now,
        )  # fmt: skip
        body = None if role == "administrator" else "CRS"
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        enter_desk(client, account)

    return make


def test_an_administrator_enters_a_holiday_and_takes_it_back(client, enter):
    enter("administrator")
    typed = {"day": "24", "month": "11", "year": "2026", "is_working": "no", "reason": "Gazette Notice (example)"}
    assert client.post(URL, typed).status_code == 302
    page = client.get(URL, {"year": 2026}).content.decode()
    assert "24 November 2026" in page
    assert "Gazette Notice (example)" in page
    assert "Christmas" in page
    assert client.post(f"{URL}clear/", {"date": "2026-11-24"}).status_code == 302
    assert not SpecialDay.objects.exists()


def test_typing_is_kept_where_something_is_wrong(client, enter):
    enter("administrator")
    answer = client.post(URL, {"day": "31", "month": "11", "year": "2026", "reason": "Typed with care"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Write a real date" in page
    assert "Choose whether offices work" in page
    assert "Typed with care" in page
    answer = client.post(URL, {"day": "24", "month": "11", "year": "2026", "is_working": "no", "reason": ""})
    assert "the gazette notice and its date" in answer.content.decode()
    assert client.post(f"{URL}clear/", {"date": "soon"}).status_code == 404


def test_officers_read_but_do_not_write(client, enter):
    enter("officer")
    page = client.get(URL, {"year": "9999999"}).content.decode()
    assert "Make a day special" not in page
    typed = {"day": "24", "month": "11", "year": "2026", "is_working": "no", "reason": "x"}
    assert client.post(URL, typed).status_code == 403
    assert client.post(f"{URL}clear/", {"date": "2026-11-24"}).status_code == 403
