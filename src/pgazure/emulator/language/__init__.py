"""Azure AI Language: texts and conversations, at once and as jobs, in every version of its API."""
