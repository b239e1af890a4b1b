"""Pure decisions of planning: what to expect, how many counters that needs, and who works when."""

from huduma.contexts.planning.rules import demand, erlang, rota

__all__ = ["demand", "erlang", "rota"]
