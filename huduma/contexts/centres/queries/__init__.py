"""Reading centres, appointments, queues and documents to collect: one module for each."""

from huduma.contexts.centres.queries import collection, paper, places, queue, visits

__all__ = ["collection", "paper", "places", "queue", "visits"]
