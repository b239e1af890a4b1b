"""Scheduled and deferred work of re-engineering."""

from uuid import UUID

from django.utils import timezone

from huduma.contexts.reengineering import operations
from huduma.foundation import jobs


@jobs.every("30 23 * * *", name="reengineering.measure")
def measure(timestamp: int) -> None:
    """Count how cases went, at half past two in the night in Kenya."""
    operations.measure_lately(now=timezone.now())


@jobs.job(name="reengineering.measure_service", attempts=3)
def measure_service(service_code: str) -> None:
    """Count how the cases of a service went, as somebody asked."""
    operations.measure_service(service_code=service_code, now=timezone.now())


@jobs.job(name="reengineering.simulate", attempts=3)
def simulate(simulation_id: str) -> None:
    """Run a simulation that somebody asked for."""
    operations.run_simulation(simulation_id=UUID(simulation_id), clock=timezone.now)
