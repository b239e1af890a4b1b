"""The menu on every page of the desk. `{% load desk %}`"""

from django import template
from django.template.context import RequestContext
from django.utils.functional import Promise

from huduma.channels.desk.menu import entries_for

register = template.Library()


@register.simple_tag(takes_context=True)
def menu(context: RequestContext) -> list[tuple[str, Promise]]:
    """The entries for the roles of whoever is signed in: address and words."""
    return entries_for(context["request"].actor)
