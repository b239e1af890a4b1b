"""What people hear when somebody changed how they sign in, and administrators when work fails."""

from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext, override

from huduma.contexts.identity import public as identity
from huduma.contexts.messages.operations import send
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal


@journal.handles("identity.person.new_number_asked")
def on_new_number_asked(entry: journal.Entry) -> None:
    """Tell the number in use before it is replaced."""
    contact = identity.account_contact_of(UUID(entry.facts["former_account_id"]))
    with override(contact.language):
        text = gettext(
            "Huduma: at a counter, somebody with your ID card asks to move your account to another phone number. "
            "If that is not you, tell any Huduma Centre at once."
        )
    send(
        actor=SYSTEM, kind=entry.act, language=contact.language, text=text, to_phone=contact.phone, dedupe_key=f"{entry.id}",
        now=entry.at,
    )  # fmt: skip


@journal.handles("identity.person.phone_replaced")
def on_phone_replaced(entry: journal.Entry) -> None:
    """Tell the former number, and the new one: whoever lost nothing must hear of it at once."""
    for which in ("former_account_id", "account_id"):
        contact = identity.account_contact_of(UUID(entry.facts[which]))
        with override(contact.language):
            words = {
                "former_account_id": gettext(
                    "Huduma: at a counter, your account was moved to another phone number after your ID card was checked. "
                    "If that was not you, tell any Huduma Centre at once."
                ),
                "account_id": gettext(
                    "Huduma: from now on you sign in with this number. Your old number opens nothing of yours."
                ),
            }[which]
        send(
            actor=SYSTEM, kind=entry.act, language=contact.language, text=words, to_phone=contact.phone,
            dedupe_key=f"{entry.id}:{which}", now=entry.at,
        )  # fmt: skip


@journal.handles("jobs.job.failing")
def on_job_failing(entry: journal.Entry) -> None:
    """Tell administrators of work that fails, of each kind once an hour at most."""
    job, hour = entry.facts["job"], entry.at.strftime("%Y-%m-%d %H")
    for account in identity.list_staff(roles=["administrator"], body_code=None):
        contact = identity.staff_contact_of(account.account_id)
        if not contact.email:
            continue
        with override(contact.language):
            send(
                actor=SYSTEM, kind=entry.act, language=contact.language, to_email=contact.email,
                subject=gettext("Background work fails: %(job)s") % {"job": job},
                text=gettext("The job %(job)s failed %(tries)s times, at last with %(error)s. What failed stands here: %(link)s")
                % {**entry.facts, "link": f"{settings.PUBLIC_URL}/{contact.language}/desk/jobs/"},
                dedupe_key=f"job-failing:{job}:{hour}:{account.account_id}", now=entry.at,
            )  # fmt: skip
