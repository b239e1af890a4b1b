"""Help pages for everybody: found, read with the charter's figures, and asked whether they helped."""

import pytest
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.contexts.knowledge import public as knowledge
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.django_db
SERVICE = "birth-cert-current"
WORDS = {
    "title_en": "What a birth certificate costs", "text_en": "It costs {fee:birth-cert-current}.",
    "title_sw": "Bei ya cheti cha kuzaliwa", "text_sw": "Ni {fee:birth-cert-current}.", "services": SERVICE, "is_public": "1",
}  # fmt: skip


@pytest.fixture
def editor(client, enter_desk, settings, now):
    """Returns a function that enters the desk as somebody of the contact centre."""
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.BASE_DIR / "services" / SERVICE, now=now)

    def enter(name):
        account = identity.Account.objects.filter(email=f"{name.lower()}@example.org").first()
        if account is None:
            account = identity.open_staff_account(
                actor=SYSTEM, email=f"{name.lower()}@example.org", password="a-long-password-for-tests", first_name=name,
                surname="Mfano", now=now,
            )  # fmt: skip
            identity.grant_role(actor=SYSTEM, account_id=account.id, role="agent", body_code=None, now=now)
        enter_desk(client, account)

    return enter


def test_from_the_first_draft_to_a_reader_who_says_that_it_helped(client, editor):
    editor("Neema")
    desk = "/en/desk/knowledge/"
    wrong = client.post(desk + "new/", WORDS | {"code": "cost", "text_en": "It costs KES 350."})
    assert wrong.status_code == 422
    assert "<li>KES 350</li>" in wrong.content.decode()
    assert "It costs KES 350." in wrong.content.decode()
    assert client.post(desk + "new/", WORDS | {"code": "cost"}).status_code == 302
    page = client.get(desk + "cost/versions/").content.decode()
    seen = page.split('name="seen" value="')[1].split('"')[0]
    version = page.split('name="version" value="')[1].split('"')[0]
    changed = WORDS | {"seen": seen, "text_en": "You pay {fee:birth-cert-current}."}
    assert client.post(desk + "cost/write/", changed).status_code == 302
    again = client.post(desk + "cost/write/", changed)  # from the other tab
    assert again.status_code == 422
    assert "You pay {fee:birth-cert-current}." in again.content.decode()
    client.post(desk + "cost/submit/", {"version": version})
    assert client.post(desk + "cost/review/", {"version": version}).status_code == 422
    assert client.get("/en/help/answers/cost/").status_code == 404
    editor("Otieno")
    assert client.post(desk + "cost/return/", {"version": version, "reason": ""}).status_code == 422
    read = client.get(desk + "cost/versions/").content.decode().split('name="seen" value="')[1].split('"')[0]
    old = client.post(desk + "cost/review/", {"version": version, "seen": "2026-01-01T00:00:00+00:00"})
    assert old.status_code == 422
    client.post(desk + "cost/review/", {"version": version, "seen": read})
    assert client.post(desk + "cost/publish/", {"version": version, "valid_from": "never"}).status_code == 422
    assert client.post(desk + "cost/publish/", {"version": version}).status_code == 302
    assert "KSh 200.00" in client.get("/sw/desk/knowledge/cost/").content.decode()
    assert "Bei ya cheti" in client.get("/sw/desk/knowledge/?q=bei").content.decode()
    talk = inbox.write_from_web(
        actor=ANONYMOUS, text="Cheti cha kuzaliwa ni bei gani?", language="sw", now=timezone.now()
    )
    suggested = client.get(f"/en/desk/inbox/{talk.id}/").content.decode()
    assert "?article=cost" in suggested
    filled = client.get(f"/en/desk/inbox/{talk.id}/?article=cost").content.decode()
    assert "Ni KSh 200.00" in filled
    assert "/sw/help/answers/cost/" in filled
    refused = client.post("/en/desk/inbox/ready/", {
        "code": "cost", "title_en": "Cost", "title_sw": "Bei", "text_en": "KES 350", "text_sw": "KES 350",
    })  # fmt: skip
    assert refused.status_code == 422
    client.logout()
    assert "What a birth certificate costs" in client.get(f"/en/services/{SERVICE}/").content.decode()
    assert "Bei ya cheti" in client.get("/sw/help/answers/?q=chetii").content.decode()
    assert "You pay KSh 200.00" in client.get("/en/help/answers/cost/").content.decode()
    thanks = client.post("/en/help/answers/cost/helped/", {"helped": "1"}, follow=True)
    assert "Thank you" in thanks.content.decode()
    assert knowledge.get_article_for(ANONYMOUS, "cost", now=timezone.now()).helped == 1
    assert "cost" in client.get("/en/sitemap.xml").content.decode()


def test_the_public_neither_writes_nor_reads_what_is_internal(client, editor, now):
    assert client.get("/en/desk/knowledge/").status_code != 200
    assert client.post("/en/desk/knowledge/new/", WORDS | {"code": "cost"}).status_code != 200
    assert client.get("/en/help/answers/").status_code == 200
    assert client.get("/sw/help/answers/?q=%00x").status_code in (200, 400, 404)
