"""`manage.py demo_answers`: questions and answers, and ready answers, for the sandbox."""

from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.contexts.knowledge import public as knowledge
from huduma.foundation.access import Actor, Grant

ANSWERS = Path(__file__).with_suffix(".yaml")


class Command(BaseCommand):
    """Let an agent of the sandbox write them and the Secretariat review and publish; again changes nothing."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("These answers were reviewed by fictional staff: they exist in the sandbox only.")
        now, answers = timezone.now(), yaml.safe_load(ANSWERS.read_text(encoding="utf-8"))
        author, reviewer = _actor("agent"), _actor("secretariat")
        known = {one.article_id for one in knowledge.list_articles_for(author)}
        new = [one for one in answers["articles"] if one["code"] not in known]
        for one in new:
            version = knowledge.draft_article(
                actor=author, code=one["code"], title=one["title"], text=one["text"], is_public=one["public"],
                services=one["services"], is_new=True, now=now,
            )  # fmt: skip
            knowledge.submit_version(actor=author, version_id=version.id, now=now)
            knowledge.review_version(actor=reviewer, version_id=version.id, now=now)
            knowledge.publish_version(actor=reviewer, version_id=version.id, now=now)
        ready = {one.code for one in inbox.list_canned()}
        for one in answers["ready"]:
            if one["code"] not in ready:
                inbox.write_canned(
                    actor=author, code=one["code"], title_en=one["title"]["en"], title_sw=one["title"]["sw"],
                    text_en=one["text"]["en"].strip(), text_sw=one["text"]["sw"].strip(),
                )  # fmt: skip
        self.stdout.write(f"{len(new)} demo answers")


def _actor(role: str) -> Actor:
    account = identity.list_staff(roles=[role], body_code=None)[0]
    return Actor(
        kind="person",
        channel="desk",
        account_id=account.account_id,
        purpose="casework",
        grants=frozenset({Grant(role)}),
    )
