"""Packages over HTTP: uploading, mending, deciding, exporting; and what others do not get."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.catalogue.models import Proposal
from huduma.contexts.catalogue.providers import sources
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db
CODE = "county-sbp"


@pytest.fixture(autouse=True)
def _in_english():
    with override("en"):
        yield


@pytest.fixture
def desk(staff, enter_desk):
    """Signs somebody with a role in a body in and returns the browser."""
    places.load_places(actor=SYSTEM)

    def enter(name, role, body=None):
        client = Client()
        enter_desk(client, staff(name, role, body))
        return client

    return enter


@pytest.fixture
def analyst(desk):
    return desk("Amina", "analyst", "COUNTY")


@pytest.fixture
def secretary(desk):
    return desk("Katibu", "secretariat")


def package(*changes, code=CODE):
    source, _ = sources.from_folder(settings.SERVICES_DIR / code)
    for file, old, new in changes:
        assert old in source[file]
        source[file] = source[file].replace(old, new, 1)
    return sources.to_zip(code, source)


def upload(client, content, proposal=None, body="COUNTY", **more):
    url = reverse("desk:package", args=[proposal.id]) if proposal else reverse("desk:services")
    file = SimpleUploadedFile(f"{CODE}.zip", content, "application/zip")
    return client.post(url, {"package": file, "body": body}, **more)


def act(client, proposal, how, **typed):
    return client.post(reverse(f"desk:{how}_package", args=[proposal.id]), typed)


FAULTY = ("form.yaml", "label: {en: Ward, sw: Wadi}", "label: {en: Ward}")


def test_a_fault_is_shown_with_its_line_and_the_package_stays_a_draft(analyst):
    answer = upload(analyst, package(FAULTY), follow=True)
    shown = answer.content.decode()
    assert "form.yaml:52" in shown
    assert "the Kiswahili is missing" in shown
    assert "label: {en: Ward}" in shown
    proposal = Proposal.objects.get()
    assert act(analyst, proposal, "submit").status_code == 302
    proposal.refresh_from_db()
    assert proposal.state == "draft"
    assert upload(analyst, package(), proposal).url == reverse("desk:package", args=[proposal.id])
    act(analyst, proposal, "submit")
    proposal.refresh_from_db()
    assert proposal.state == "review"


def test_what_is_no_package_is_told_where_it_was_chosen(analyst):
    answer = upload(analyst, b"nonsense")
    assert answer.status_code == 422
    assert "not a .zip file" in answer.content.decode()
    assert analyst.post(reverse("desk:services")).status_code == 422
    assert upload(analyst, package(), body="KRA").status_code == 403
    answer = upload(analyst, package(code="kra-tcc"))
    assert "belongs to another public body" in answer.content.decode()
    assert not Proposal.objects.exists()


def test_the_secretariat_decides_and_what_was_typed_stays(analyst, secretary, desk):
    upload(analyst, package())
    proposal = Proposal.objects.get()
    act(analyst, proposal, "submit")
    assert act(analyst, proposal, "approve").status_code == 403
    assert act(secretary, proposal, "return", reason=" ").status_code == 422
    act(secretary, proposal, "return", reason="Say what a kiosk pays.")
    assert "Say what a kiosk pays." in analyst.get(reverse("desk:package", args=[proposal.id])).content.decode()
    act(analyst, proposal, "submit")
    act(secretary, proposal, "approve")
    answer = act(secretary, proposal, "publish", from_on="yesterday")
    assert answer.status_code == 422
    assert "yesterday" in answer.content.decode()
    day = timezone.localdate() + timedelta(days=3)
    act(secretary, proposal, "publish", from_on=day.isoformat())
    proposal.refresh_from_db()
    assert (proposal.state, proposal.from_on) == ("published", day)
    assert act(secretary, proposal, "approve").status_code == 302  # somebody was quicker: told, and nothing changes
    proposal.refresh_from_db()
    assert proposal.state == "published"


def test_what_a_package_changes_is_shown_against_the_version_in_force(analyst):
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / CODE, now=timezone.now())
    change = ("form.yaml", "label: {en: Ward, sw: Wadi}", "label: {en: Ward or estate, sw: Wadi au mtaa}")
    shown = upload(analyst, package(change), follow=True).content.decode()
    assert "<ins>+     label: {en: Ward or estate, sw: Wadi au mtaa}</ins>" in shown
    assert "<del>-     label: {en: Ward, sw: Wadi}</del>" in shown
    assert "svg" in shown
    assert "Main activity: Workshop or making things, Hotel, food or drink" in shown


def test_versions_are_listed_exported_and_withdrawn(analyst, secretary, desk):
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / CODE, now=timezone.now())
    url = reverse("desk:versions", args=[CODE])
    assert "Withdraw" not in analyst.get(url).content.decode()
    export = analyst.get(reverse("desk:export_version", args=[CODE, 1]))
    assert (export.content, export["Content-Type"]) == (package(), "application/zip")
    assert secretary.post(url, {"reason": ""}).status_code == 422
    assert analyst.post(url, {"reason": "Because."}).status_code == 403
    assert secretary.post(url, {"reason": "Served at the counter again."}).status_code == 302
    assert not catalogue.get_service(CODE).is_online
    assert desk("Afisa", "officer", "CRS").get(url).status_code == 403


def test_another_bodys_package_is_nobodys_business(analyst, desk):
    upload(analyst, package())
    proposal = Proposal.objects.get()
    other = desk("Jirani", "analyst", "KRA")
    for url in ("package", "export_package"):
        assert other.get(reverse(f"desk:{url}", args=[proposal.id])).status_code == 404
    assert upload(other, package(), proposal, body="KRA").status_code == 404
    assert str(proposal.id) not in other.get(reverse("desk:services")).content.decode()
    assert desk("Afisa", "officer", "COUNTY").get(reverse("desk:services")).status_code == 403
    assert (
        "services"
        not in desk("Mzee", "officer", "CRS").get(reverse("desk:worklist")).content.decode().split("<main")[0]
    )


def test_conditions_of_fees_and_eligibility_are_read_in_words(analyst):
    when = "  when: {properties: {activity: {enum: [workshop]}}, required: [activity, ward]}\n"
    change = ("service.yaml", "- code: application_fee\n", f"- code: application_fee\n{when}")
    shown = upload(analyst, package(change), follow=True).content.decode()
    assert "only if Main activity: Workshop or making things; Ward: answered" in shown
    assert "(Age: at least 18)" in shown


def test_drafts_are_told_apart(analyst):
    upload(analyst, package())
    upload(analyst, package(("service.yaml", "  en: ", "  en: [")))
    shown = analyst.get(reverse("desk:services")).content.decode()
    first = Proposal.objects.earliest("drafted_at")
    assert f"<strong>{first.package['service']['name']['en']}</strong>" in shown
    assert "<strong>county-sbp</strong>" in shown or "<strong>?</strong>" in shown, "too faulty to have a name"
    assert shown.count(", Amina") == 2
