"""What the platform can carry, measured beside the limit of the machine or a peer in the same run: `make bench`.

To add a topic, write `bench/topics/<name>.py` with a docstring that says what is measured and at what size, and
`measure(url)`, which prints its lines, each figure beside its limit or peer. It is found by itself. It gets the address
of a durable PostgreSQL of its own run, with Django set up, migrated and the catalogue loaded, and leaves behind what
does not disturb the others (else it makes a database of its own). `rates`, `pgbench` and `citizens` have the shared pieces.
`make bench TOPICS="submit pages"` runs only those named.
"""
