"""All of the admin API under `/api/admin`: closed to strangers unless a route says otherwise (`auth.OPEN`)."""

from litestar import Router

from app.api.admin.api_keys import ApiKeyController
from app.api.admin.auth import require_admin
from app.api.admin.logs import LogController
from app.api.admin.models import ModelController
from app.api.admin.providers import ProviderController
from app.api.admin.request import AdminRequest, refuse_options, require_json, require_known_parameters
from app.api.admin.revisions import RevisionController
from app.api.admin.rules import RuleController
from app.api.admin.session import SessionController
from app.api.admin.setup import SetupController
from app.api.admin.stats import StatController
from app.api.admin.system import SystemController
from app.api.admin.targets import TargetController
from app.api.admin.tokens import TokenController
from app.api.errors import stamp_answers
from app.api.transaction import close_transactions

MAX_BODY_BYTES = 1024 * 1024


def admin_router() -> Router:
    return Router(
        "/api/admin",
        route_handlers=[
            SetupController,
            SessionController,
            TokenController,
            ProviderController,
            ModelController,
            TargetController,
            ApiKeyController,
            RevisionController,
            RuleController,
            LogController,
            StatController,
            SystemController,
        ],
        guards=[require_admin, refuse_options, require_json, require_known_parameters],
        request_class=AdminRequest,
        request_max_body_size=MAX_BODY_BYTES,
        middleware=[stamp_answers, close_transactions],
    )
