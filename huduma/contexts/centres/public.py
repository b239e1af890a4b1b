"""The front door of centres."""

from huduma.contexts.centres.models import Centre
from huduma.contexts.centres.operations import load_centres
from huduma.contexts.centres.queries import list_centres

__all__ = ["Centre", "list_centres", "load_centres"]
