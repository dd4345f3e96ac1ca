"""A million requests through a real gateway, and what is left of them: `just soak`. Begins in `__main__.py`."""
