"""Reading what was measured, simulated and told."""

from uuid import UUID

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.reengineering.models import Innovation, Measurement, Simulation
from huduma.foundation.access import Actor, NotFound, NotPermitted

READERS = ("analyst", "supervisor", "secretariat")


def may_analyse(actor: Actor, service_code: str) -> bool:
    """Whether an actor redesigns a service: analysts and supervisors of its body (of any county for a county's), the Secretariat."""
    service = catalogue.get_service(service_code)
    if actor.kind == "system" or actor.has_role("secretariat"):
        return True
    if service.level == "county":
        return actor.has_role("analyst", "supervisor")
    return actor.has_role("analyst", "supervisor", body=service.body_id)


def require(actor: Actor, service_code: str) -> None:
    """Raise NotPermitted for those who do not redesign a service."""
    if not may_analyse(actor, service_code):
        raise NotPermitted


def list_services_for(actor: Actor) -> list[catalogue.Service]:
    """Return the running services that an actor redesigns, by name. Raises NotPermitted for those who redesign none."""
    if not actor.has_role(*READERS):
        raise NotPermitted
    return [service for service in catalogue.list_services(online=True) if may_analyse(actor, service.code)]


def measurements_for(actor: Actor, service_code: str) -> list[Measurement]:
    """Return the measured versions of a service, newest version first. Raises NotPermitted."""
    require(actor, service_code)
    found = Measurement.objects.filter(service_code=service_code).select_related("version")
    return sorted(found, key=lambda m: -m.version.number)


def get_measurement_for(actor: Actor, service_code: str, number: int) -> Measurement:
    """Return how the cases of a version went, by its number. Raises NotPermitted; NotFound where it was not measured."""
    require(actor, service_code)
    found = Measurement.objects.filter(service_code=service_code, version__number=number).select_related("version")
    if (measured := found.first()) is None:
        raise NotFound
    return measured


def get_simulation_for(actor: Actor, simulation_id: UUID) -> Simulation:
    """Return a simulation. Raises NotFound, NotPermitted."""
    found = Simulation.objects.select_related("version").filter(id=simulation_id).first()
    if found is None:
        raise NotFound
    require(actor, found.service_code)
    return found


def list_simulations_for(actor: Actor, service_code: str, limit: int = 20) -> list[Simulation]:
    """Return the newest simulations of a service. Raises NotPermitted."""
    require(actor, service_code)
    return list(Simulation.objects.filter(service_code=service_code).defer("bpmn").order_by("-asked_at")[:limit])


def list_innovations(limit: int = 100) -> list[Innovation]:
    """Return the innovations that are published, newest first; for everybody."""
    return list(Innovation.objects.filter(published_at__isnull=False).order_by("-published_at")[:limit])


def list_innovations_for(actor: Actor, limit: int = 100) -> list[Innovation]:
    """Return every innovation that was entered, newest first: all bodies learn from them. Raises NotPermitted for others than staff."""
    if not actor.is_staff:
        raise NotPermitted
    return list(Innovation.objects.order_by("-entered_at")[:limit])
