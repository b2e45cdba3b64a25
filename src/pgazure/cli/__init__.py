"""The command line: a command opens, calls one library function and prints."""
