"""Notices: statuses that exist, and words that can be filled in."""

import re
import string
from collections.abc import Iterator

from huduma.contexts.catalogue.providers.package import Package

NOTICE_FIELDS = frozenset({"reference", "service", "link", "amount"})
#: Turns that are told besides the statuses of the process.
TURNS = frozenset({"withdrawn", "payments.bill.settled", "payments.payment.failed", "credentials.credential.revoked"})
STATUS = re.compile(r"huduma:status=\"([^\"]*)\"")
#: What a step sends of its own: `<huduma:with name="notice" value="…"/>`.
NOTICE = re.compile(r'<\w+:with\s+name="notice"\s+value="([a-z0-9_]+)"')


def check_messages(package: Package) -> None:
    """Note notices that no turn of the process sends, and places in them that nothing fills."""
    bpmn = package.parts.get("process_bpmn", "")
    statuses = set(STATUS.findall(bpmn)) | set(NOTICE.findall(bpmn)) | TURNS
    for status, notice in package.parts["messages"].items():
        if bpmn and status not in statuses:
            rule = f"no step of the process has the status {status!r}, and none sends such a notice"
            package.fault("messages", [status], rule, f"use one of {', '.join(sorted(statuses))}")
        for kind, wording in notice.items():
            for language, text in wording.items():
                for name in _placeholders(text):
                    if name not in NOTICE_FIELDS:
                        rule = f"the notice names {{{name}}}, which is not known"
                        package.fault(
                            "messages", [status, kind, language], rule, "use reference, service, link or amount"
                        )


def _placeholders(text: str) -> Iterator[str]:
    try:
        yield from (name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    except ValueError:
        yield "a brace that is not closed"
