"""The hot path: a client request through admission, rules, attempts and relay. Knows no database, no web framework."""
