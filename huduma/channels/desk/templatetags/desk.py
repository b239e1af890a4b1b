"""The menu on every page of the desk, and the names of ways to pay. `{% load desk %}`"""

from django import template
from django.template.context import RequestContext
from django.utils.functional import Promise

from huduma.channels.desk.menu import entries_for
from huduma.contexts.payments import public as payments
from huduma.foundation.translated import pick

register = template.Library()


@register.simple_tag(takes_context=True)
def menu(context: RequestContext) -> list[tuple[str, Promise]]:
    """The entries for the roles of whoever is signed in: address and words."""
    return entries_for(context["request"].actor)


@register.filter
def way(code: str) -> str:
    """The name of a way to pay, by its gateway's code."""
    plug = dict(payments.gateways.items()).get(code)
    return pick(plug.name) if plug else code
