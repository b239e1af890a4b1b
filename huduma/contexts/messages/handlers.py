"""What people hear when somebody changed how they sign in."""

from uuid import UUID

from django.utils.translation import gettext, override

from huduma.contexts.identity import public as identity
from huduma.contexts.messages.operations import send
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal


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
