"""Faults on order: what there is, when it strikes, and what it does to an answer."""
