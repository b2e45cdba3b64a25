"""What a pipeline is: its source, its steps and its budget, in Python or TOML, and checked."""
