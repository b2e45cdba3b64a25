"""The work: what each step does to a text, what it costs, and the workers that claim, call and write."""
