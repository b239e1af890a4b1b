"""Reading centres, appointments, queues and documents to collect: one module for each."""

from huduma.contexts.centres.queries import collection, places, queue, visits

__all__ = ["collection", "places", "queue", "visits"]
