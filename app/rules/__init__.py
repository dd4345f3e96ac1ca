"""The rule language. `engine` is the door; the files belong together like this:

text to tree    parser, build, limits, literals, words   faults: syntax, habits, phrases, recovery
meaning         check, resolve, calls, comparisons, memberships, fields, networks, patterns
                what is wrong: report, diagnostics, doubts
evaluation      context, members, content, values: one request     evaluate: the reference
                compile, conditions, operands, pycode, cost: code   fused, sharing, fold, finite: for a whole model
                deferred: compiled later
why             trace, recording, mismatches
for authors     format, spelling   in_words, wordings   rows, legacy_json, field_names   importers/
                complete, offers, choices, place, hover, reading, tokens
a rule set      analysis/   rule_test, sample
past requests   recorded, recalled, outlines, unknown, replay
log filters     log_search, searchable, to_sql, sql
"""
