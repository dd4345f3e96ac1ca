"""The built-in pretend provider: both dialects, plain and streamed, with faults chosen by model name.

It stands in for a vendor in `serve --demo` and `llm-gateway mock-upstream`. It shares no code with the gateway, so that
a mistake there can't hide behind the same mistake here.
"""
