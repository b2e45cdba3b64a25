"""Fixtures live in one module per family; this is their list."""

pytest_plugins = ["fix_memory", "fix_pg", "fix_emulator", "fix_pipeline", "fix_functions", "fix_surface"]
