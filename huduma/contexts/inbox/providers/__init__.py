"""Channels by which messages come in and go out, one module each."""
