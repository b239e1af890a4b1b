"""Payments under every fault at once: `make chaos-payments`.

People pay on a real installation of its own (web, workers, sandbox, embedded PostgreSQL) while gateways misbehave in every way
that the sandbox knows, web and workers are killed, and the database is crashed. Then the books of both sides are compared.

`python -m tests.chaos.hall` does the same to a busy hour in a centre: people take tickets, clerks call them, and none is lost or
called twice.
"""
