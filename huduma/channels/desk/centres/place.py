"""At which centre the one who is signed in works now."""

from django.http import HttpRequest

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import NotFound, NotPermitted
from huduma.foundation.translated import Translated
from huduma.foundation.ui.requests import actor_of


def centre_of(request: HttpRequest) -> centres.Centre:
    """Return the centre that the page names (`?centre=`), or where the officer is posted. Raises NotPermitted.

    Whether they may see it is asked by each query and operation.
    """
    named = request.POST.get("centre") or request.GET.get("centre")
    posted = [code for code in workforce.places_of(actor_of(request)) if code != workforce.CONTACT_CENTRE]
    code = named or next(iter(posted), None)
    if code is None:
        raise NotPermitted
    return centres.get_centre(code)


def service_name(code: str) -> Translated:
    """Return what a service is called; a code that is not in the catalogue stays as it is."""
    try:
        return catalogue.get_service(code).name
    except NotFound:
        return {"en": code}


def service_choices(centre: centres.Centre) -> list[tuple[str, Translated]]:
    """Return the services of a centre for a list to choose from."""
    return [(service.code, service.name) for service, _ in centres.services_at(centre)]
