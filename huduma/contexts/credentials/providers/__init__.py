"""How documents are set and signed."""
