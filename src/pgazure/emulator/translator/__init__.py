"""Azure AI Translator: version 3.0 and those after it."""
