"""Running one case: tokens that move over the steps of a process, as BPMN 2.0 says (chapter 13, execution semantics).

A case's state is its tokens and its facts, nothing of the way that it came: it does not grow with the age of a case. A token
stands at a step; a token inside a sub-process, an instance of an activity done several times, an event on the border of an
activity and an event that an event-based gateway waits for hang on the token of that activity or gateway (`parent`).

Nothing here knows a database, a clock or an officer: what a service task or a decision does is asked of `Hooks`.
Nothing here knows a database, a clock or an officer: what a service task or a decision does is asked of `Hooks`.
"""

from huduma.contexts.process.providers.engine.movement import EndlessProcess, Hooks, Standstill
from huduma.contexts.process.providers.engine.run import Run
from huduma.contexts.process.providers.engine.tokens import Token, Wait

__all__ = ["EndlessProcess", "Hooks", "Run", "Standstill", "Token", "Wait"]
