"""SMS companies, one module each."""
