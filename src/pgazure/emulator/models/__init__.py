"""The small models that answer. Each loads when it is first asked, once per process, and is deterministic."""
