"""E-mail addresses that are shown to be one's own, organisations one may act for, and people served at a counter."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import EmailCode, Mandate, Person
from huduma.contexts.identity.operations import CODE_TRIES, CODES_PER_HOUR, EMAIL_CODE_LIFE
from huduma.foundation.access import ANONYMOUS, SYSTEM, NotPermitted
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db
ADDRESS = "asha@example.org"


@pytest.fixture
def citizen(now):
    """Makes the actor of a citizen."""

    def make(number=2):
        account = identity.open_account(actor=ANONYMOUS, phone=f"+2547000000{number:02}", language="en", now=now)
        return identity.actor_for(account, channel="portal", purpose="self-service")

    return make


@pytest.fixture
def proven(citizen, now):
    """Makes the actor of a citizen who proved who she is."""

    def make(number=2):
        facts = identity.IdentityFacts(
            id_number=f"900000{number:02}", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
        )
        identity.record_identity_proof(actor=citizen(number), facts=facts, by="iprs", now=now)
        return citizen(number)

    return make


def wrong(code):
    return "000000" if code != "000000" else "111111"


def test_the_code_gives_the_address_to_the_account_once(citizen, now):
    asha = citizen()
    code = identity.issue_email_code(actor=asha, email=" Asha@Example.org ", now=now)
    assert identity.get_account_for(asha).email is None
    assert identity.confirm_email(actor=asha, code=code, now=now).email == ADDRESS
    assert identity.get_account_for(asha).email_verified_at == now
    with pytest.raises(identity.WrongCode):
        identity.confirm_email(actor=asha, code=code, now=now)
    changes = journal.entries_concerning(asha.account_id, acts=["identity.account.contact_changed"])
    assert [e.facts["what"] for e in changes] == ["email"]
    assert ADDRESS not in str([e.facts for e in journal.entries_concerning(asha.account_id)])


def test_an_old_a_late_and_a_strangers_code_are_wrong(citizen, now):
    asha, other = citizen(2), citizen(3)
    old = identity.issue_email_code(actor=asha, email="old@example.org", now=now)
    new = identity.issue_email_code(actor=asha, email=ADDRESS, now=now)
    if old != new:
        with pytest.raises(identity.WrongCode):
            identity.confirm_email(actor=asha, code=old, now=now)
    with pytest.raises(identity.WrongCode):
        identity.confirm_email(actor=other, code=new, now=now)
    with pytest.raises(identity.WrongCode):
        identity.confirm_email(actor=asha, code=new, now=now + EMAIL_CODE_LIFE + timedelta(seconds=1))
    assert identity.confirm_email(actor=asha, code=new, now=now + EMAIL_CODE_LIFE).email == ADDRESS


def test_wrong_tries_void_the_code(citizen, now):
    asha = citizen()
    code = identity.issue_email_code(actor=asha, email=ADDRESS, now=now)
    for _ in range(CODE_TRIES):
        with pytest.raises(identity.WrongCode):
            identity.confirm_email(actor=asha, code=wrong(code), now=now)
    with pytest.raises(identity.WrongCode):
        identity.confirm_email(actor=asha, code=code, now=now)


def test_codes_are_limited_for_an_account_and_for_an_address(citizen, now):
    asha, other = citizen(2), citizen(3)
    for _ in range(CODES_PER_HOUR):
        identity.issue_email_code(actor=asha, email=ADDRESS, now=now)
    with pytest.raises(identity.TooManyCodes):
        identity.issue_email_code(actor=asha, email="another@example.org", now=now)
    with pytest.raises(identity.TooManyCodes):
        identity.issue_email_code(actor=other, email=ADDRESS, now=now)
    assert identity.issue_email_code(actor=asha, email=ADDRESS, now=now + timedelta(hours=2))


def test_the_code_is_kept_as_a_digest_only(citizen, now):
    code = identity.issue_email_code(actor=citizen(), email=ADDRESS, now=now)
    kept = EmailCode.objects.get()
    assert code not in kept.digest
    assert len(kept.digest) == 64


def test_an_address_belongs_to_one_account(citizen, now):
    asha, other = citizen(2), citizen(3)
    codes = [identity.issue_email_code(actor=who, email=ADDRESS, now=now) for who in (asha, other)]
    identity.confirm_email(actor=asha, code=codes[0], now=now)
    with pytest.raises(identity.AddressTaken):
        identity.confirm_email(actor=other, code=codes[1], now=now)
    identity.change_contact(actor=asha, verified_email="", now=now)
    fresh = identity.issue_email_code(actor=other, email=ADDRESS, now=now)
    assert identity.confirm_email(actor=other, code=fresh, now=now).email == ADDRESS


def test_staff_keep_the_address_by_which_they_sign_in(now):
    account = identity.open_staff_account(
        actor=SYSTEM, email="neema@crs.example", password="correct-horse-battery", first_name="Neema", surname="Mfano",
        now=now,
    )  # fmt: skip
    neema = identity.actor_for(account, channel="portal", purpose="self-service")
    with pytest.raises(identity.AddressOfStaff):
        identity.issue_email_code(actor=neema, email=ADDRESS, now=now)
    with pytest.raises(identity.AddressOfStaff):
        identity.change_contact(actor=neema, verified_email="", now=now)
    assert identity.change_contact(actor=neema, language="sw", now=now).language == "sw"


def test_nobody_asks_for_an_address_anonymously(now):
    with pytest.raises(NotPermitted):
        identity.issue_email_code(actor=ANONYMOUS, email=ADDRESS, now=now)


def acting(actor, organisation, **more):
    account = identity.get_account_for(actor)
    return identity.actor_for(
        account, channel="portal", purpose="self-service", **{"acting_for": organisation.id, **more}
    )


def test_one_acts_for_an_organisation_while_the_mandate_is_in_force(proven, now):
    asha, stranger = proven(2), proven(3)
    works = identity.register_organisation(
        actor=asha, name="Mfano Works", registration_number="bn/0001", kind="company", now=timezone.now()
    )
    assert works.registration_number == "BN/0001"
    assert acting(asha, works).organisation_id == works.id
    assert acting(asha, works).applicant_id == asha.person_id
    assert identity.organisation_of(acting(asha, works)) == works
    assert acting(stranger, works).on_behalf_of is None
    assert identity.organisation_of(acting(stranger, works)) is None
    account = identity.get_account_for(asha)
    assert identity.actor_for(account, channel="desk", purpose="casework", acting_for=works.id).on_behalf_of is None
    today = timezone.localdate()
    Mandate.objects.update(from_on=today - timedelta(days=9), to_on=today)
    assert acting(asha, works).organisation_id == works.id
    Mandate.objects.update(to_on=today - timedelta(days=1))
    assert acting(asha, works).on_behalf_of is None
    assert identity.list_organisations_for(asha) == []


def test_a_registered_organisation_is_not_taken_over(proven, now):
    asha, stranger = proven(2), proven(3)
    details = {"name": "Mfano Works", "registration_number": "BN-0001", "kind": "company", "now": now}
    works = identity.register_organisation(actor=asha, **details)
    assert identity.register_organisation(actor=asha, **details) == works
    with pytest.raises(identity.OrganisationTaken):
        identity.register_organisation(actor=stranger, **details)


def test_who_is_unknown_registers_no_organisation(citizen, now):
    with pytest.raises(identity.NotProven):
        identity.register_organisation(
            actor=citizen(), name="Mfano Works", registration_number="BN-0001", kind="company", now=now
        )


def test_by_hand_first_and_by_the_register_later(citizen, now):
    facts = identity.IdentityFacts(
        id_number=None, surname="Mfano", first_name="Aysha", other_names="", birth_date=now.date(), sex=""
    )
    by_hand = identity.record_identity_proof(actor=citizen(), facts=facts, by="by-hand", now=now)
    assert (by_hand.verified_by, by_hand.verified_at, by_hand.id_number) == ("by-hand", None, None)
    checked = replace(facts, id_number="90000002", first_name="Asha")
    proven = identity.record_identity_proof(actor=citizen(), facts=checked, by="iprs", now=now)
    assert (proven.id, proven.full_name, proven.verified_by) == (by_hand.id, "Asha Mfano", "iprs")
    with pytest.raises(identity.AlreadyProven):
        identity.record_identity_proof(actor=citizen(), facts=facts, by="by-hand", now=now)


def served(actor, now, **facts):
    known = {"id_number": None, "surname": "Mfano", "first_name": "Bibi", "other_names": "", "birth_date": None}
    return identity.register_assisted_person(
        actor=actor, facts=identity.IdentityFacts(**{**known, "sex": "", **facts}), phone="", consent="by-word", now=now
    )


def test_an_officer_registers_a_person_with_her_consent(officer_actor, citizen_actor, now):
    officer = officer_actor("CRS")
    person = served(officer, now)
    assert person.verified_by == "assisted"
    taken = journal.entries_concerning(person.id, acts=["identity.person.assisted"])
    assert [(e.actor_account_id, e.facts["consent"]) for e in taken] == [(officer.account_id, "by-word")]
    with pytest.raises(NotPermitted):
        served(citizen_actor, now)
    assert Person.objects.count() == 1


def test_a_wrong_digit_opens_no_strangers_affairs(officer_actor, now):
    officer = officer_actor("CRS")
    known = served(officer, now, id_number="90000005", birth_date=now.date())
    assert served(officer, now, id_number="90000005", first_name="BIBI", surname="") == known
    for facts in ({"first_name": "Juma", "surname": "Otieno"}, {"birth_date": now.date() - timedelta(days=1)}):
        with pytest.raises(identity.AnotherName):
            served(officer, now, id_number="90000005", **facts)
    assert len(journal.entries_concerning(known.id, acts=["identity.person.assisted"])) == 2
