"""LLM Gateway: one address for OpenAI and Anthropic clients; short expressions decide which provider answers."""

from app import compiled

__version__ = "0.1.0"

compiled.use()
