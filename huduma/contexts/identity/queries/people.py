"""Reading identities. Personal data is read only through functions that say who asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from huduma.contexts.identity.events import PersonViewed
from huduma.contexts.identity.models import (
    FULL_NAME,
    Account,
    Mandate,
    Merge,
    NumberChange,
    Organisation,
    Person,
    Representation,
    RoleGrant,
)
from huduma.foundation import references
from huduma.foundation.access import ASSISTED, Actor, Grant, NotFound, NotPermitted
from huduma.foundation.journal import public as journal

REPRESENTATION_LINK = "representation"
#: How long an officer may serve a person after taking their consent: a long morning at a counter.
ASSISTING_FOR = timedelta(hours=4)


@dataclass(frozen=True)
class Contact:
    """How a person is reached: E.164 phone, verified e-mail address, language."""

    phone: str | None
    email: str | None
    language: str


#: Where officers act as such: at the desk, and on a visit.
STAFF_CHANNELS = ("desk", "outreach")


def actor_for(
    account: Account,
    *,
    channel: str,
    purpose: str,
    second_factor: bool = False,
    assisting: UUID | None = None,
    acting_for: UUID | None = None,
) -> Actor:
    """Return the actor that a signed-in account is.

    A staff role counts in the channels of staff only, and only after a second factor: in every other channel an officer is a
    citizen like any other. `assisting`: the person whom an officer serves at a counter, honoured while `may_assist` says so.
    `acting_for`: the organisation whose business a citizen does, honoured on the day only while the mandate is in force.
    """
    grants: frozenset[Grant] = frozenset()
    today, on_behalf_of = timezone.localdate(), None
    if channel in STAFF_CHANNELS and second_factor:
        grants = _grants(account.id, today)
    helps = second_factor and assisting is not None and may_assist(account.id, assisting, now=timezone.now())
    if helps:
        on_behalf_of = assisting
    elif (
        acting_for is not None
        and channel not in STAFF_CHANNELS
        and may_act_for(account.person_id, acting_for, on=today)
    ):
        on_behalf_of = acting_for
    return Actor(
        kind="person",
        channel="desk" if helps and channel not in STAFF_CHANNELS else channel,
        account_id=account.id,
        person_id=account.person_id,
        grants=grants,
        on_behalf_of=on_behalf_of,
        purpose=ASSISTED if helps else purpose,
    )


def may_assist(account_id: UUID, person_id: UUID, *, now: datetime) -> bool:
    """Whether an officer has lately taken this person's consent to be served at the counter."""
    taken = journal.entries_concerning(person_id, acts=("identity.person.assisted",), limit=20)
    return any(entry.actor_account_id == account_id and now - entry.at < ASSISTING_FOR for entry in taken)


#: How long a colleague has to confirm: the person stands at the counter.
CONFIRM_WITHIN = timedelta(hours=1)


def get_number_change_for(actor: Actor, reference: str, *, now: datetime, lock: bool = False) -> NumberChange:
    """Return a move to another number that waits for a second person, to staff who know its reference.

    Raises NotPermitted unless the actor is an officer or supervisor; NotFound (unknown, settled, or asked longer than an hour ago).
    """
    actor.require_role("officer", "supervisor")
    waiting = NumberChange.objects.select_related("person").filter(state="asked", asked_at__gt=now - CONFIRM_WITHIN)
    if lock:
        waiting = waiting.select_for_update(of=("self",))
    change = waiting.filter(reference=references.normalise(reference) or "").first()
    if change is None:
        raise NotFound
    return change


def has_second_factor(account_id: UUID) -> bool:
    """Whether an account has an authenticator app."""
    return Authenticator.objects.filter(user_id=account_id, type=Authenticator.Type.TOTP).exists()


def is_staff(account_id: UUID) -> bool:
    """Whether an account holds a role today."""
    return bool(_grants(account_id, timezone.localdate()))


def _grants(account_id: UUID, today: date) -> frozenset[Grant]:
    held = RoleGrant.objects.filter(
        Q(to_on__isnull=True) | Q(to_on__gte=today), account_id=account_id, from_on__lte=today
    )
    return frozenset(Grant(role, body) for role, body in held.values_list("role", "body_id"))


def may_act_for(person_id: UUID | None, organisation_id: UUID, *, on: date) -> bool:
    """Whether a person holds a mandate for an organisation on a date."""
    if person_id is None:
        return False
    in_force = Q(to_on__isnull=True) | Q(to_on__gte=on)
    return Mandate.objects.filter(
        in_force, person_id=person_id, organisation_id=organisation_id, from_on__lte=on
    ).exists()


def _in_force(on: date) -> "QuerySet[Representation]":
    return Representation.objects.filter(state="given", from_on__lte=on, to_on__gte=on)


def may_represent(representative_id: UUID | None, person_id: UUID, service_code: str, *, on: date) -> bool:
    """Whether a person may apply for another one for a service on a date."""
    if representative_id is None:
        return False
    held = _in_force(on).filter(representative_id=representative_id, person_id=person_id)
    return any(not row.services or service_code in row.services for row in held)


def list_represented_for(actor: Actor, service_code: str) -> list[Person]:
    """Return the people for whom the actor may apply for a service today, by name."""
    held = _in_force(timezone.localdate()).filter(representative_id=actor.person_id).select_related("person")
    found = [row.person for row in held if row.person and (not row.services or service_code in row.services)]
    return sorted(found, key=lambda person: person.full_name)


def list_representations_for(actor: Actor) -> tuple[list[Representation], list[Representation]]:
    """Return the mandates that the actor has or asked for, and those that others have or had from them, newest first."""
    rows = Representation.objects.select_related("representative", "person").order_by("-asked_at", "-id")
    if actor.person_id is None:
        return [], []
    mine, theirs = rows.filter(representative_id=actor.person_id), rows.filter(person_id=actor.person_id)
    return list(mine[:100]), list(theirs[:100])


def get_representation(representation_id: UUID) -> Representation:
    """Return a mandate or the request for one, for the platform's own notices and for a link. Raises NotFound."""
    found = Representation.objects.select_related("representative", "person").filter(id=representation_id).first()
    if found is None:
        raise NotFound
    return found


def get_person_for(actor: Actor, person_id: UUID, *, now: datetime | None = None) -> Person:
    """Return a person's record to the person, to staff (which is journalled), or to the system. Raises NotFound."""
    if actor.kind != "system" and actor.person_id != person_id:
        if not actor.is_staff:
            raise NotFound
        journal.record(actor=actor, event=PersonViewed(person_id=person_id), now=now or timezone.now())
    try:
        return Person.objects.get(id=person_id)
    except Person.DoesNotExist:
        raise NotFound from None


def records_of(person_id: UUID) -> list[UUID]:
    """Return the ids under which a human being is in the journal: the record that goes on, then those merged into it."""
    found = [person_id]
    while (
        merged := Person.objects.filter(merged_into__in=found)
        .exclude(id__in=found)
        .order_by("id")
        .values_list("id", flat=True)
    ):
        found += merged
    return found


def going_on(people: Iterable[Person]) -> list[Person]:
    """Return each record that goes on for the ones found, once, in their order."""
    found: dict[UUID, Person] = {}
    for person in people:
        root = person
        while root.merged_into is not None:
            root = root.merged_into
        found.setdefault(root.id, root)
    return list(found.values())


def contact_of(person_id: UUID) -> Contact:
    """Return how the platform itself reaches a person; for messages only, never for a page."""
    account = Account.objects.filter(person_id=person_id).order_by(F("last_login").desc(nulls_last=True), "id").first()
    if account is None:
        known = Person.objects.filter(Q(id=person_id) | Q(merged_into_id=person_id)).exclude(phone="")
        person = known.order_by(F("merged_into").asc(nulls_first=True)).first()
        return Contact(phone=person.phone if person else None, email=None, language="sw")
    email = account.email if account.email_verified_at else None
    return Contact(phone=account.phone, email=email, language=account.language)


def contacts_of(person_ids: Iterable[UUID]) -> list[Contact]:
    """Return every number under which some records are reached, each once; for messages only."""
    ids = list(person_ids)
    signed_in = Account.objects.filter(person__in=ids, phone__isnull=False).order_by("id")
    found = [Contact(phone=one.phone, email=None, language=one.language) for one in signed_in]
    for phone in Person.objects.filter(id__in=ids).exclude(phone="").order_by("id").values_list("phone", flat=True):
        if phone not in {one.phone for one in found}:
            found.append(Contact(phone=phone, email=None, language="sw"))
    return found


def account_contact_of(account_id: UUID) -> Contact:
    """Return how the platform itself reaches the owner of a citizen's account; for messages only."""
    account = Account.objects.get(id=account_id)
    return Contact(
        phone=account.phone, email=account.email if account.email_verified_at else None, language=account.language
    )


def list_people(person_ids: Iterable[UUID]) -> list[Person]:
    """Return people by id, for a context that has asked who may see them and journals it."""
    return list(Person.objects.filter(id__in=list(person_ids)))


def list_people_by_phone(phone: str) -> list[Person]:
    """Return whose number (E.164) this is, by account or as an officer wrote it down; see `list_people`."""
    owners = [owner for owner in Account.objects.filter(phone=phone).values_list("person_id", flat=True) if owner]
    found = Person.objects.filter(Q(id__in=owners) | Q(phone=phone))  # by two indexes; a join would read everybody
    return going_on(found[:10])


def list_people_by_email(email: str) -> list[Person]:
    """Return whose verified address this is; see `list_people`."""
    found = Person.objects.filter(account__email__iexact=email, account__email_verified_at__isnull=False)
    return going_on(found[:10])


def list_people_by_id_number(id_number: str) -> list[Person]:
    """Return who has an ID number; see `list_people`."""
    joined = Merge.objects.filter(id_number=id_number, state="joined").values("merged_id")
    return going_on(Person.objects.filter(Q(id_number=id_number) | Q(id__in=joined)))


def list_people_by_name(typed: str) -> list[Person]:
    """Return up to ten people whose name is like the typed one, the most alike first; see `list_people`."""
    typed = " ".join(typed.lower().split())
    alike = Person.objects.annotate(called=FULL_NAME).filter(called__trigram_similar=typed)
    return going_on(alike.annotate(alike=TrigramSimilarity("called", typed)).order_by("-alike", "id")[:10])


def organisations_of(person_id: UUID) -> list[Organisation]:
    """Return the organisations for which a person may act today; see `list_people`."""
    today = timezone.localdate()
    in_force = Q(mandates__to_on__isnull=True) | Q(mandates__to_on__gte=today)
    found = Organisation.objects.filter(in_force, mandates__person_id=person_id, mandates__from_on__lte=today)
    return list(found.distinct().order_by("name"))


def is_proven(actor: Actor) -> bool:
    """Whether the actor's own identity is established."""
    return actor.person_id is not None and is_known(actor.person_id)


def is_known(person_id: UUID) -> bool:
    """Whether a person's identity was established, by a register, by hand, or by an officer."""
    return Person.objects.filter(id=person_id).exclude(verified_by="").exists()


def find_account_by_phone(phone: str) -> Account | None:
    """Return the active account of a number; for sign-in only."""
    return Account.objects.filter(phone=phone, is_active=True).first()


def get_account_for(actor: Actor) -> Account:
    """Return the actor's own account. Raises NotFound when nobody is signed in."""
    account = Account.objects.filter(id=actor.account_id).select_related("person").first() if actor.account_id else None
    if account is None:
        raise NotFound
    return account


def list_organisations_for(actor: Actor) -> list[Organisation]:
    """Return the organisations that the actor may act for today."""
    return organisations_of(actor.person_id) if actor.person_id else []


def organisation_of(actor: Actor) -> Organisation | None:
    """Return the organisation for which the actor acts now."""
    return Organisation.objects.filter(id=actor.organisation_id).first() if actor.organisation_id else None


def get_organisation_for(actor: Actor, organisation_id: UUID) -> Organisation:
    """Return an organisation to those who act for it, to staff and to the system. Raises NotFound."""
    allowed = actor.kind == "system" or actor.is_staff or may_act_for(
        actor.person_id, organisation_id, on=timezone.localdate()
    )  # fmt: skip
    organisation = Organisation.objects.filter(id=organisation_id).first()
    if organisation is None or not allowed:
        raise NotFound
    return organisation


@dataclass(frozen=True)
class Colleague:
    """An officer, as colleagues see them."""

    account_id: UUID
    name: str


def list_colleagues_for(actor: Actor, body_code: str) -> list[Colleague]:
    """Return who works cases of a body, for handing work over. Raises NotPermitted for other bodies' staff."""
    if not actor.has_role("officer", "supervisor", body=body_code):
        raise NotPermitted
    held = RoleGrant.objects.filter(body_id=body_code, to_on__isnull=True, role__in=["officer", "supervisor"])
    accounts = Account.objects.filter(id__in=held.values("account_id"), is_active=True).select_related("person")
    return [Colleague(account.id, staff_name(account)) for account in accounts.order_by("email")]


def list_staff(*, roles: Iterable[str], body_code: str | None) -> list[Colleague]:
    """Return who holds one of these roles today: in a body (or everywhere), or with `body_code` None in any body."""
    today = timezone.localdate()
    held = RoleGrant.objects.filter(
        Q(to_on__isnull=True) | Q(to_on__gte=today), role__in=list(roles), from_on__lte=today
    )
    if body_code is not None:
        held = held.filter(Q(body_id=body_code) | Q(body_id__isnull=True))
    accounts = Account.objects.filter(id__in=held.values("account_id"), is_active=True).select_related("person")
    return [Colleague(account.id, staff_name(account)) for account in accounts.order_by("email")]


def work_addresses(account_ids: Iterable[UUID]) -> list[str]:
    """Return the e-mail addresses of staff, for the platform's own notices about work."""
    addresses = Account.objects.filter(id__in=list(account_ids)).values_list("email", flat=True)
    return [address for address in addresses if address]


def staff_contact_of(account_id: UUID) -> Contact:
    """Return how the platform reaches a member of staff at work: by the address that an administrator entered."""
    account = Account.objects.filter(id=account_id, is_active=True).first()
    return Contact(phone=None, email=account.email if account else None, language=account.language if account else "en")


def staff_names(account_ids: set[UUID]) -> dict[UUID, str]:
    """Return the working names of staff accounts."""
    accounts = Account.objects.filter(id__in=account_ids).select_related("person")
    return {account.id: staff_name(account) for account in accounts}


def staff_name(account: Account) -> str:
    """Return a staff member's working name."""
    return (account.person.full_name if account.person else "") or (account.email or "").split("@")[0]
