"""Routing rules of other gateways, to rules of ours: what could be mapped, and what could not and why.

`bifrost` (CEL; its grammar is in `cel`), `portkey` (queries in JSON), `litellm` (tags). Nothing is guessed: a condition
of which one part has no counterpart is not imported at all, since dropping the part would let more requests through.
"""
