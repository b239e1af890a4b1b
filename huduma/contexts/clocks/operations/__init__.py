"""Keeping the time of cases.

`start_clocks` and `follow_case` run in the transaction that moves a case, under its lock. The sweep finds clocks whose next turn
has come; it never takes a case's lock while it holds a clock's, so it cannot stand in the way of an officer.
"""

from huduma.contexts.clocks.operations.cases import follow_case, start_clocks
from huduma.contexts.clocks.operations.recomputing import recompute
from huduma.contexts.clocks.operations.sweeping import lapse, sweep

__all__ = ["follow_case", "lapse", "recompute", "start_clocks", "sweep"]
