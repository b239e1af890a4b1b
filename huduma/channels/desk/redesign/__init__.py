"""Redesigning processes: how each version went, two side by side, a redesign tried before it is published, and what came of it."""

from huduma.channels.desk.redesign import innovations, measures, simulations

urlpatterns = [*innovations.urlpatterns, *simulations.urlpatterns, *measures.urlpatterns]
