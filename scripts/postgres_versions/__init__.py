"""Tests and demonstration on every major version of PostgreSQL that pgazure supports."""
