"""Benchmarks: how fast, against what, on which machine.  RESULTS.md says what came out."""
