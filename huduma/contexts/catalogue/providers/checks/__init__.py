"""What a package has to be beyond its schemas: each question worded, asked, used, and not known already; each fee covered."""

from huduma.contexts.catalogue.providers.checks.charter import check_charter, check_online
from huduma.contexts.catalogue.providers.checks.fees import check_fees, domains
from huduma.contexts.catalogue.providers.checks.form import check_form
from huduma.contexts.catalogue.providers.checks.messages import check_messages
from huduma.contexts.catalogue.providers.package import Package

__all__ = ["check", "domains"]


def check(package: Package) -> None:
    """Note every fault that the parts of a package have together."""
    usable = set(package.parts) - package.wrong
    if "service" in usable and package.is_runnable:
        check_online(package)
    if "form" in usable:
        check_form(package)
        if "service" in usable:
            check_charter(package)
    if "service" in usable and "fees" in package.parts["service"]:
        check_fees(package, package.parts["form"] if "form" in usable else None)
    if "messages" in usable:
        check_messages(package)
