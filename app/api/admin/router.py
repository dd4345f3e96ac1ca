"""All of the admin API under `/api/admin`: closed to strangers unless a route says otherwise (`auth.OPEN`)."""

from litestar import Router

from app.api.admin.api_keys import ApiKeyController
from app.api.admin.auth import require_admin
from app.api.admin.log_facets import LogFacetController
from app.api.admin.log_tail import LogTailController
from app.api.admin.logs import LogController
from app.api.admin.models import ModelController
from app.api.admin.named_lists import NamedListController
from app.api.admin.provider_tests import ProviderTestController
from app.api.admin.providers import ProviderController
from app.api.admin.request import AdminRequest, refuse_options, require_json, require_known_parameters
from app.api.admin.revisions import RevisionController
from app.api.admin.rule_analysis import RuleAnalysisController
from app.api.admin.rule_explain import RuleExplainController
from app.api.admin.rule_replay import RuleReplayController
from app.api.admin.rule_tests import RuleTestController
from app.api.admin.rule_texts import RuleTextController
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
            ProviderTestController,
            ModelController,
            TargetController,
            NamedListController,
            RuleTestController,
            ApiKeyController,
            RevisionController,
            RuleController,
            RuleTextController,
            RuleExplainController,
            RuleAnalysisController,
            RuleReplayController,
            LogController,
            LogTailController,
            LogFacetController,
            StatController,
            SystemController,
        ],
        guards=[require_admin, refuse_options, require_json, require_known_parameters],
        request_class=AdminRequest,
        request_max_body_size=MAX_BODY_BYTES,
        middleware=[stamp_answers, close_transactions],
    )
