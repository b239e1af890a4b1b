"""Benchmarks: each prints its figure beside the limit or a peer measured in the same run."""
