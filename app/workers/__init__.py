"""Several processes behind one port: the supervisor that starts them, and what they share.

`supervisor` (`entry` runs it) imports next to nothing, so that it stays small; `team` is a worker's side of the
wire between them, `frames` its format, `shared` the memory they have in common, `port` the place they listen at.
"""
