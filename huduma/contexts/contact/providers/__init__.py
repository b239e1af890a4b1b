"""Where higher contexts plug in."""
