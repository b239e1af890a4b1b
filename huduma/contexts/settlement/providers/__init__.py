"""Files of gateways and banks, read and written."""
