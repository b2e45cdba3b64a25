"""Decisions of the facade as plain functions: packing, splitting, retrying, pacing. No I/O, no clock, no randomness."""
