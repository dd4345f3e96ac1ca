"""The gateway against the direct upstream, nginx and a bare pass-through in one run: `just bench`, docs/performance.md.

`cases` what is sent and answered; `native` the upstream and the callers, two small programs in `c`; `targets`
what stands between them; `measure` the measurements; `report` and `chart` what is shown of them.
"""
