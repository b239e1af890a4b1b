"""Fixtures: an outreach team with officers, a visit of today in a real clock, a tablet that speaks to the server."""

import base64
import hashlib
import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres.models import Centre
from huduma.contexts.identity import public as identity
from huduma.contexts.outreach import public as outreach
from huduma.contexts.places.models import County, PublicBody
from huduma.contexts.workforce import public as workforce
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM
from tests.pictures import png

API = "/outreach/api/"


@pytest.fixture
def team(db):
    """The vehicle HM01, and a function that makes an officer who is posted to it."""
    County.objects.create(code="047", name="Nairobi City", headquarters="Nairobi")
    PublicBody.objects.create(code="DCI", name_en="DCI", name_sw="DCI", kind="department", level="national")
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / "police-clearance", now=timezone.now())
    Centre.objects.create(
        code="HM01", name="Huduma Mashinani Mfano", kind="vehicle", status="operational", county_id="047"
    )

    def make(name, role="officer", posted=True):
        now = timezone.now()
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name}@example.org", password="correct-horse-battery", first_name=name.title(),
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code="DCI", now=now)
        if posted:
            workforce.post_staff(
                actor=SYSTEM, account_id=account.id, place_code="HM01", from_on=timezone.localdate(now), now=now
            )
        return identity.actor_for(account, channel="outreach", purpose="casework", second_factor=True)

    return make


@pytest.fixture
def officer(team):
    """Rehema goes on the visit."""
    return team("rehema")


@pytest.fixture
def supervisor(team):
    """Salim plans it."""
    return team("salim", role="supervisor")


@pytest.fixture
def plan(officer, supervisor):
    """Plans a visit that has begun an hour ago; `facts` change it."""

    def make(**facts):
        now = timezone.now()
        said = {
            "site_code": "HM01", "body_code": "DCI", "place": "Mfano Market", "county_code": "047",
            "starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=6), "services": ["police-clearance"],
            "staff": [officer.account_id], "now": now,
        }  # fmt: skip
        return outreach.plan_visit(actor=supervisor, **{**said, **facts})

    return make


@pytest.fixture
def visit(plan):
    """A visit of today, in Nairobi."""
    return plan()


class Tablet:
    """A tablet as the server knows it: what it was given, and the calls that it makes."""

    def __init__(self, client, device, token):
        self.client, self.device, self.token = client, device, token
        self.blocks = None

    def call(self, method, path, **more):
        return self.client.generic(method, API + path, HTTP_AUTHORIZATION=f"Bearer {self.token}", **more)

    def pack(self, **more):
        return self.call("GET", f"visits/{self.device.visit_id}/pack/", **more)

    def send(self, *records, **more):
        answer = self.call(
            "POST", "records/", data=json.dumps({"records": records}), content_type="application/json", **more
        )
        return answer.json()["results"] if answer.status_code == 200 else answer

    def states(self, *records):
        asked = ",".join(one["id"] for one in records)
        return [one["state"] for one in self.call("GET", f"records/?ids={asked}").json()["results"]]

    def announce(self, file, record):
        pairs = {"id": file["id"], "sha256": file["sha256"], "type": file["type"], "record": record["id"]}
        said = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items())
        more = {"HTTP_UPLOAD_LENGTH": str(file["bytes"]), "HTTP_UPLOAD_METADATA": said, "HTTP_TUS_RESUMABLE": "1.0.0"}
        return self.call("POST", "files/", **more)

    def patch(self, file, offset, content, checksum=None):
        sum_ = base64.b64encode(hashlib.sha256(content).digest()).decode() if checksum is None else checksum
        return self.call(
            "PATCH", f"files/{file['id']}/", data=content, content_type="application/offset+octet-stream",
            HTTP_UPLOAD_OFFSET=str(offset), HTTP_UPLOAD_CHECKSUM=f"sha256 {sum_}", HTTP_TUS_RESUMABLE="1.0.0",
        )  # fmt: skip

    def offset(self, file):
        return int(self.call("HEAD", f"files/{file['id']}/")["Upload-Offset"])

    def upload(self, file, record, content):
        assert self.announce(file, record).status_code == 201
        assert self.patch(file, 0, content).status_code == 204


def record(kind, **body):
    """A record as a tablet makes it."""
    return {"id": str(ids.uuid7()), "kind": kind, "made_at": timezone.now().isoformat(), "body": body}


def ticket(number, **more):
    """A person was served."""
    at = timezone.now().isoformat()
    said = {"service": "police-clearance", "language": "sw", "outcome": "done", "called_at": at, "finished_at": at}
    return record("ticket", number=number, **{**said, **more})


def photo(content, question="photo"):
    """A file as a record names it."""
    return {
        "id": str(ids.uuid7()), "question": question, "name": "photo.png", "type": "image/png", "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip


def application(reference, content=None, person=None, **more):
    """An application for a police clearance, with its photo where there is one."""
    version = catalogue.get_service("police-clearance").current_version_id
    said = {
        "reference": reference, "service": "police-clearance", "version": str(version),
        "person": {"id_number": "91000001", "first_name": "Asha", "last_name": "Mfano", "sex": "F", **(person or {})},
        "consent": {"text": "I agree", "at": timezone.now().isoformat()},
        "answers": {"purpose": "work", "county": "047", "agreed": True},
        "files": [photo(content)] if content else [],
    }  # fmt: skip
    return record("application", **{**said, **more})


@pytest.fixture
def picture():
    """A small sound picture, different for each number."""
    return png


@pytest.fixture
def tablet(client, visit, officer):
    """A tablet of Rehema's on the visit."""
    return register(client, visit, officer)


def register(client, visit, officer, name="Tablet 1"):
    """Bind another tablet."""
    device, token = outreach.register_device(actor=officer, visit_id=visit.id, name=name, now=timezone.now())
    return Tablet(client, device, token)
