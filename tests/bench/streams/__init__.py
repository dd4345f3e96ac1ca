"""10,000 open streams through a real gateway, then slow readers: `just streams`. Begins in `__main__.py`."""
