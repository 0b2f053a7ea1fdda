"""Benchmarks: one file a row of the performance plan; each prints a table and can write JSON."""
