"""What applications do when something happened elsewhere, and how applicants hear of each turn.

A package may word a notice better than the platform (`messages.yaml`, by status); without one, the words here are sent.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.applications import queries
from huduma.contexts.applications.models import Agreement, Application
from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.contexts.payments import public as payments
from huduma.contexts.process import public as process
from huduma.foundation import links, money, references
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick

# Each fits one or two SMS; the reason of an officer is on the page, not in an SMS that others may read.
NOTICES = {
    "waiting_payment": gettext_noop("Huduma: we have your application %(reference)s. Pay %(amount)s here: %(link)s"),
    "in_review": gettext_noop("Huduma: an officer now checks your application %(reference)s. Follow it here: %(link)s"),
    "waiting_agreement": gettext_noop(
        "Huduma: we have your application %(reference)s and asked those who must agree. See who is awaited: %(link)s"
    ),
    "applications.agreement.declined": gettext_noop(
        "Huduma: somebody did not agree to your application %(reference)s. The reason and what you can do: %(link)s"
    ),
    "waiting_visit": gettext_noop("Huduma: application %(reference)s needs you in person. What to bring: %(link)s"),
    "waiting_correction": gettext_noop("Huduma: application %(reference)s needs a correction from you: %(link)s"),
    "issued": gettext_noop("Huduma: your document for application %(reference)s is ready: %(link)s"),
    "rejected": gettext_noop("Huduma: application %(reference)s was not approved. The reason is here: %(link)s"),
    "withdrawn": gettext_noop("Huduma: application %(reference)s was withdrawn, as you asked."),
    "payments.bill.settled": gettext_noop("Huduma: we received %(amount)s for application %(reference)s. Thank you."),
    "payments.payment.failed": gettext_noop(
        "Huduma: the payment for application %(reference)s did not go through. Nothing was taken. Try again: %(link)s"
    ),
    "credentials.credential.revoked": gettext_noop(
        "Huduma: the document of application %(reference)s was declared void. The reason is here: %(link)s"
    ),
    "clocks.clock.lapsed": gettext_noop(
        "Huduma: the law’s time for application %(reference)s is over. What this means and how to appeal: %(link)s"
    ),
}
ASKED = gettext_noop(
    "Huduma: %(applicant)s asks you to agree to an application: %(service)s. Read it and answer here: %(link)s"
)
REPRESENT = gettext_noop("Huduma: %(name)s asks to apply for you. Read what for, and say yes or no: %(link)s")
REPRESENTED = {
    "given": gettext_noop("Huduma: %(representative)s may now apply for %(person)s: %(link)s"),
    "declined": gettext_noop("Huduma: the person whom you asked does not let you apply for them: %(link)s"),
    "ended": gettext_noop("Huduma: %(representative)s may no longer apply for %(person)s: %(link)s"),
}
SUBJECT = gettext_noop("%(service)s: news of application %(reference)s")


@journal.handles("payments.bill.settled")
def on_settled(entry: journal.Entry) -> None:
    """Let a paid case go on."""
    process.deliver_message(actor=SYSTEM, case_id=UUID(entry.facts["payable_id"]), name="bill-settled", now=entry.at)


@journal.handles("applications.bill.not_needed")
def on_nothing_to_pay(entry: journal.Entry) -> None:
    """Let a case that costs nothing go on as if it were paid."""
    process.deliver_message(
        actor=SYSTEM, case_id=UUID(entry.facts["application_id"]), name="bill-settled", now=entry.at
    )


@journal.handles("credentials.credential.issued")
def on_issued(entry: journal.Entry) -> None:
    """Let a case whose document is signed go on."""
    process.deliver_message(
        actor=SYSTEM, case_id=UUID(entry.facts["issued_for"]), name="credential-issued", now=entry.at
    )


@journal.handles("centres.appointment.attended", "centres.appointment.missed")
def on_visit(entry: journal.Entry) -> None:
    """Let a case that required a visit go on; a process that did not is not waiting, and nothing changes."""
    if entry.facts.get("case_id"):
        name = f"appointment-{entry.act.rpartition('.')[2]}"
        process.deliver_message(actor=SYSTEM, case_id=UUID(entry.facts["case_id"]), name=name, now=entry.at)


@journal.handles("applications.status.changed")
def on_status(entry: journal.Entry) -> None:
    """Tell the applicant of a turn."""
    _tell(entry, UUID(entry.facts["application_id"]), entry.facts["status"])


@journal.handles("applications.notice.ordered")
def on_notice(entry: journal.Entry) -> None:
    """Send what a step of the process sends."""
    _tell(entry, UUID(entry.facts["application_id"]), entry.facts["notice"])


@journal.handles("payments.bill.settled", "payments.payment.failed")
def on_payment(entry: journal.Entry) -> None:
    """Tell the applicant what became of a payment."""
    waived = entry.act == "payments.bill.settled" and entry.facts["payment_id"] is None  # the waiver is told by itself
    if entry.facts["payable_id"] is not None and not waived:  # else money for no bill of ours
        _tell(entry, UUID(entry.facts["payable_id"]), entry.act)


@journal.handles("credentials.credential.revoked")
def on_revoked(entry: journal.Entry) -> None:
    """Tell the holder that a document is void."""
    _tell(entry, UUID(entry.facts["issued_for"]), entry.act)


@journal.handles("clocks.clock.lapsed")
def on_lapsed(entry: journal.Entry) -> None:
    """Tell the applicant what the law makes of no answer; where the case did not move, officers see to it first."""
    if entry.facts["moved"]:
        _tell(entry, UUID(entry.facts["case_id"]), entry.act)


@journal.handles("applications.agreement.asked")
def on_agreement_asked(entry: journal.Entry) -> None:
    """Send somebody who has to agree the link under which they answer."""
    row = Agreement.objects.select_related("application__person").filter(id=entry.facts["agreement_id"]).first()
    if row is None or row.state != "asked":
        return
    account = identity.find_account_by_phone(row.phone)
    language = account.language if account else identity.contact_of(row.application.person_id).language
    with override(language):
        text = gettext(ASKED) % {
            "applicant": row.application.person.full_name,
            "service": pick(queries.service_name(row.application), language),
            "link": f"{settings.PUBLIC_URL}/{language}/agree/{links.token(queries.AGREEMENT_LINK, row.id)}/",
        }
    messages.send(
        actor=SYSTEM, kind="applications.agreement", language=language, text=text, to_phone=row.phone,
        dedupe_key=f"sms:{entry.id}", about=row.application_id, secret=True, now=entry.at,
    )  # fmt: skip


@journal.handles("applications.agreement.answered")
def on_agreement_answered(entry: journal.Entry) -> None:
    """Tell the applicant that somebody did not agree."""
    if entry.facts["state"] == "declined":
        _tell(entry, UUID(entry.facts["application_id"]), "applications.agreement.declined")


@journal.handles("identity.representation.asked")
def on_representation_asked(entry: journal.Entry) -> None:
    """Send an adult who is asked to let somebody apply for them the link under which they answer."""
    row = identity.get_representation(UUID(entry.facts["representation_id"]))
    if row.state != "asked":
        return
    account = identity.find_account_by_phone(row.phone)
    language = account.language if account else identity.contact_of(row.representative_id).language
    with override(language):
        text = gettext(REPRESENT) % {
            "name": row.representative.full_name,
            "link": f"{settings.PUBLIC_URL}/{language}/m/{links.token(identity.REPRESENTATION_LINK, row.id)}/",
        }
    messages.send(
        actor=SYSTEM, kind="applications.representation", language=language, text=text, to_phone=row.phone,
        dedupe_key=f"sms:{entry.id}", about=row.id, secret=True, now=entry.at,
    )  # fmt: skip


@journal.handles("identity.representation.changed")
def on_representation_changed(entry: journal.Entry) -> None:
    """Tell the one who did not do it that a mandate was given, declined or ended."""
    row = identity.get_representation(UUID(entry.facts["representation_id"]))
    for person_id in (row.representative_id, row.person_id):
        if person_id is None or person_id == entry.actor_person_id:
            continue
        contact = identity.contact_of(person_id)
        if contact.phone and row.person is not None:
            with override(contact.language):
                text = gettext(REPRESENTED[entry.facts["state"]]) % {
                    "representative": row.representative.full_name, "person": row.person.full_name,
                    "link": f"{settings.PUBLIC_URL}/{contact.language}/account/people/",
                }  # fmt: skip
            messages.send(
                actor=SYSTEM, kind="applications.representation", language=contact.language, text=text,
                to_phone=contact.phone, dedupe_key=f"sms:{entry.id}:{person_id}", about=row.id, now=entry.at,
            )  # fmt: skip


def _tell(entry: journal.Entry, application_id: UUID, turn: str) -> None:
    application = Application.objects.filter(id=application_id).first()
    if application is None:
        return
    if turn not in NOTICES and turn not in queries.package_of(application.version_id).get("messages", {}):
        return
    _write(entry, application, turn, application.person_id, "")
    if application.representative_id and identity.may_represent(
        application.representative_id, application.person_id, application.service_code, on=timezone.localdate(entry.at)
    ):
        _write(entry, application, turn, application.representative_id, ":representative")


def _write(entry: journal.Entry, application: Application, turn: str, person_id: UUID, mark: str) -> None:
    contact = identity.contact_of(person_id)
    about: dict[str, Any] = {
        "actor": SYSTEM, "kind": f"applications.{turn}", "language": contact.language, "about": application.id,
        "now": entry.at,
    }  # fmt: skip
    with override(contact.language):
        text, subject = _words(application, turn, contact.language)
        if contact.phone:
            messages.send(text=text, to_phone=contact.phone, dedupe_key=f"sms:{entry.id}{mark}", **about)
        if contact.email:
            key = f"email:{entry.id}{mark}"
            messages.send(text=text, subject=subject, to_email=contact.email, dedupe_key=key, **about)


def _words(application: Application, turn: str, language: str) -> tuple[str, str]:
    """Return the text and the subject of a notice, in the active language."""
    package = queries.package_of(application.version_id)
    bills = payments.bills_for_payable(application.id)
    values = {
        "reference": references.display(application.reference or ""),
        "service": pick(package["service"]["name"], language),
        "amount": money.format_cents(sum(bill.total_cents for bill in bills), bills[0].currency if bills else "KES"),
        "link": f"{settings.PUBLIC_URL}/{language}/a/{application.reference}/",
    }
    own = package.get("messages", {}).get(turn)
    if own is None:
        return gettext(NOTICES[turn]) % values, gettext(SUBJECT) % values
    subject = pick(own["subject"], language).format(**values) if "subject" in own else gettext(SUBJECT) % values
    return pick(own["sms"], language).format(**values), subject
