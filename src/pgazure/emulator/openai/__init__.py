"""Azure OpenAI: embeddings, chat completions, completions, the Responses API, and the list of models."""
