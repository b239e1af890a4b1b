"""Visits to people far from a centre, the tablets that go there, and what the tablets bring back."""

from huduma.contexts.outreach.models.devices import Device, Range, Reference
from huduma.contexts.outreach.models.records import HeldFile, Piece, Record
from huduma.contexts.outreach.models.visits import Cost, Follower, Visit, VisitStaff

__all__ = ["Cost", "Device", "Follower", "HeldFile", "Piece", "Range", "Record", "Reference", "Visit", "VisitStaff"]
