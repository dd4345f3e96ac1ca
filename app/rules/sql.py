"""A condition in SQL, as `to_sql` next door writes it and the repositories put it into their queries."""

import msgspec


class Sql(msgspec.Struct, frozen=True):
    """A condition on rows of `request_log`, with `:name` for each parameter."""

    text: str
    parameters: dict[str, int | str]
