"""The hot path: one client request through admission, rules, attempts and relay. Knows no database and no web framework."""
