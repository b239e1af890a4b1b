"""The front door of the catalogue."""

from huduma.contexts.catalogue.models import Service, ServiceVersion
from huduma.contexts.catalogue.operations import FaultyPackages, check_packages, load_packages
from huduma.contexts.catalogue.providers.folder import register_check
from huduma.contexts.catalogue.queries import (
    SearchResult,
    count_by_body,
    count_by_life_event,
    get_service,
    get_version,
    list_at_centres,
    list_services,
    search,
)

__all__ = [
    "FaultyPackages",
    "SearchResult",
    "Service",
    "ServiceVersion",
    "check_packages",
    "count_by_body",
    "count_by_life_event",
    "get_service",
    "get_version",
    "list_at_centres",
    "list_services",
    "load_packages",
    "register_check",
    "search",
]
