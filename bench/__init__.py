"""Benchmarks: a file each, each against a peer in the same run, printing JSON."""
