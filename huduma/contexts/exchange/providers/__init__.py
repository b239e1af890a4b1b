"""Connectors, one module each."""
