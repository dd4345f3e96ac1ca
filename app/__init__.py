"""LLM Gateway: one address for OpenAI and Anthropic clients; short expressions decide which provider answers."""

__version__ = "0.1.0"
