"""Where the proxy controllers find the pipeline: `lifespan` puts it into the application's state."""

from litestar.types import Scope

from app.gateway.pipeline import Pipeline

STATE_KEY = "pipeline"


def pipeline_of(scope: Scope) -> Pipeline:
    pipeline: Pipeline = scope["litestar_app"].state[STATE_KEY]
    return pipeline
