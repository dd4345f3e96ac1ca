"""Where the proxy controllers find the pipeline: `lifespan` puts it into the application's state."""

from typing import Any

from app.common.errors import AuthUnavailable
from app.gateway.pipeline import Pipeline

STATE_KEY = "pipeline"


def pipeline_of(scope: Any) -> Pipeline:
    """:raises AuthUnavailable: the database has not answered since the start, so no key is known yet."""
    pipeline: Pipeline | None = scope["litestar_app"].state.get(STATE_KEY)
    if pipeline is None:
        raise AuthUnavailable(
            "The gateway is starting: its database does not answer yet. Try again.", retry_after=2.0
        )
    return pipeline
