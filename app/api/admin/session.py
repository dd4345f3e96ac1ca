"""Login, logout, who am I, and the password of the user who is logged in."""

from litestar import Response, delete, get, post, put
from litestar.controller import Controller
from litestar.params import JSONBody

from app.api.admin.auth import (
    OPEN,
    OPEN_SECURITY,
    AnyRequest,
    address_of,
    ended_cookie,
    identity_of,
    session_cookie,
)
from app.api.admin.schemas.auth import PasswordChange, Session, SessionCreate
from app.api.admin.schemas.problem import problems
from app.api.state import services_of
from app.services.admin_auth import Identity, NewSession


class SessionController(Controller):
    path = "/session"
    tags = ("Authentication",)

    @post(
        summary="Log in",
        description="Answers with a session cookie.",
        opt=OPEN,
        security=OPEN_SECURITY,
        responses=problems(401, 429),
    )
    async def log_in(self, request: AnyRequest, data: JSONBody[SessionCreate]) -> Response[Session]:
        session = await services_of(request).auth.log_in(data.name, data.password, address_of(request))
        return new_session(request, session)

    @get(summary="Who am I?")
    async def get_session(self, request: AnyRequest) -> Session:
        return _shape(identity_of(request))

    @delete(
        summary="Log out", description="The cookie is worth nothing from now on. A token is not affected."
    )
    async def log_out(self, request: AnyRequest) -> Response[None]:
        await services_of(request).auth.log_out(identity_of(request))
        return Response(None, cookies=[ended_cookie(request)])

    @put(
        "/password",
        summary="Change the own password",
        description="Ends all sessions of the user and begins a new one.",
        responses=problems(429),
    )
    async def change_password(self, request: AnyRequest, data: JSONBody[PasswordChange]) -> Response[Session]:
        session = await services_of(request).auth.change_password(
            identity_of(request), data.current_password, data.new_password, address_of(request)
        )
        return new_session(request, session)


def new_session(request: AnyRequest, session: NewSession) -> Response[Session]:
    """The answer that carries a session just made."""
    return Response(_shape(session.identity), cookies=[session_cookie(request, session)])


def _shape(identity: Identity) -> Session:
    return Session(identity.actor.kind, identity.actor.name, identity.expires_at)
