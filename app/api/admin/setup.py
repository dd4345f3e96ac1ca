"""First start: the one-time setup token makes the first administrator."""

from litestar import Response, get, post
from litestar.controller import Controller
from litestar.params import JSONBody

from app.api.admin.auth import OPEN, OPEN_SECURITY, AnyRequest
from app.api.admin.schemas.auth import Session, SetupCreate, SetupState
from app.api.admin.schemas.problem import problems
from app.api.admin.session import new_session
from app.api.state import services_of


class SetupController(Controller):
    path = "/setup"
    tags = ("Authentication",)

    @get(summary="Does the gateway wait for its first administrator?", opt=OPEN, security=OPEN_SECURITY)
    async def get_setup(self, request: AnyRequest) -> SetupState:
        return SetupState(required=await services_of(request).auth.needs_setup())

    @post(
        summary="Make the first administrator and log in",
        opt=OPEN,
        security=OPEN_SECURITY,
        responses=problems(403, 404),
    )
    async def set_up(self, request: AnyRequest, data: JSONBody[SetupCreate]) -> Response[Session]:
        session = await services_of(request).auth.set_up(data.token, data.name, data.password)
        return new_session(request, session)
