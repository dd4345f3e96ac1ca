"""Whatever the document allows or forbids, a live gateway answers as the document says."""

import shutil
import traceback
from collections import Counter
from pathlib import Path

import pytest
import schemathesis
from schemathesis.engine import StopReason, events, from_schema

from app.api.openapi import document
from app.config import Settings
from tests.integration.conftest import ADMIN_TOKEN
from tests.support.databases import sqlite_url
from tests.support.live import serve_in_thread

ENDLESS = "/api/admin/logs/tail"
"""Its answer has no end; its own test reads some of it."""
CONFIG = {
    "seed": 1,
    "suppress-health-check": ["all"],
    "headers": {"Authorization": f"Bearer {ADMIN_TOKEN}"},
    "generation": {"max-examples": 2, "deterministic": True},
    "operations": [
        {
            "include-path": "/api/admin/stats",
            "phases": {"coverage": {"enabled": False}},
        },  # as `/logs`, which has it
        {"include-path": "/api/admin/logs/facets", "phases": {"coverage": {"enabled": False}}},  # the same
        {
            "include-path": "/api/admin/rules/replay",
            "phases": {"coverage": {"enabled": False}},
        },  # a process each
        {"include-path": ENDLESS, "enabled": False},
    ],
    "checks": {
        # A schema can't say everything: a rule must parse, an address must be a public one, `If-Match` must match.
        "positive_data_acceptance": {"expected-statuses": ["2xx", 401, 403, 404, 409, 412, 422, 429]},
        # A text longer than allowed can make a body that is too large.
        "negative_data_rejection": {
            "expected-statuses": [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429]
        },
    },
}


# The gateway's thread uses `random` meanwhile, for which Hypothesis blames the strategy it is drawing from.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
def test_the_gateway_keeps_to_its_document(migrated_sqlite: Path, tmp_path: Path) -> None:
    database = sqlite_url(Path(shutil.copy(migrated_sqlite, tmp_path / "gateway.db")))
    settings = Settings(database_url=database, encryption_key="k" * 40, admin_token=ADMIN_TOKEN)
    faults: list[str] = []
    checks: Counter[str] = Counter()
    with serve_in_thread(settings) as live:
        openapi = document(live.app)
        schema = schemathesis.openapi.from_dict(openapi, config=schemathesis.Config.from_dict(CONFIG))
        schema.config.update(base_url=live.url)
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                for case_id, found in event.recorder.checks.items():
                    case = event.recorder.cases[case_id].value
                    checks[case.operation.label] += len(found)
                    failures = [check.failure_info.failure for check in found if check.failure_info]
                    faults += [f"{f.title}: {f.message}\n{case.as_curl_command()}" for f in failures]
            elif isinstance(event, events.NonFatalError):
                faults.append(f"{event.label}: {''.join(traceback.format_exception(event.value))}")
            elif isinstance(event, events.FatalError):
                raise event.exception
            elif isinstance(event, events.EngineFinished):
                assert event.stop_reason is StopReason.COMPLETED
    operations = sum(
        "operationId" in operation
        for path, item in openapi["paths"].items()
        for operation in item.values()
        if path != ENDLESS
    )
    assert len(checks) == operations
    assert not faults, "\n\n".join(faults[:5])
