"""``python -m pgazure``: the command, where its script is not on the path."""

from pgazure.cli.main import run

run()
