"""Libraries that identity plugs into."""
