# Every recipe is one of the steps of `just check`, or makes a derived file. Needs uv; brings everything else itself.

run := "uv run --quiet --group dev"

# install all dependencies into .venv
setup:
    uv sync --group dev

# run the gateway with the pretend provider, for trying things out
dev *args:
    {{ run }} llm-gateway serve --demo {{ args }}

# format, and mend what can be mended mechanically
fmt:
    {{ run }} ruff format
    {{ run }} ruff check --fix

lint:
    {{ run }} ruff format --check
    {{ run }} ruff check

types:
    {{ run }} mypy

layers:
    {{ run }} lint-imports

test *args:
    {{ run }} pytest -n 4 --dist worksteal {{ args }}

# tests with a report of lines that none of them runs
cov *args:
    {{ run }} pytest -n 4 --cov=app --cov-report=term-missing:skip-covered {{ args }}

# the property tests at length: 100,000 damaged requests, 20,000 texts, 80,000 answers of upstreams
long:
    TRANSPORT_FUZZ=long {{ run }} pytest --timeout=1200 tests/transport/test_fuzz.py
    RULES_AGREEMENT=long {{ run }} pytest --timeout=1200 tests/unit/rules/test_agreement.py tests/unit/rules/test_hostile.py

# what a request costs, beside nginx and a bare pass-through: 4 minutes, `--quick` 1; `--write` renews docs/performance.md
bench *args:
    {{ run }} python -m tests.bench.macro {{ args }}

# measurements with a limit each, one at a time
limits *args:
    {{ run }} pytest -m bench --timeout=1200 -s tests/bench {{ args }}

# a million requests (or as many as asked for), and what is left of them: memory, descriptors, records, metrics
soak *args:
    {{ run }} python -m tests.bench.soak {{ args }}

# 10,000 open streams on two workers, and slow readers: what they cost, and whether it is given back
streams *args:
    {{ run }} python -m tests.bench.streams {{ args }}

# docs/openapi.json from the routes
openapi:
    {{ run }} llm-gateway export-openapi --output docs/openapi.json

# docs/configuration.md from the settings
settings:
    {{ run }} python -m tests.architecture.settings_page docs/configuration.md

# rules_grammar/editor and the tables of docs/rules.md from the grammar and its vocabulary
editor:
    {{ run }} python -m tests.architecture.editor_data

# the dashboard from frontend/ into app/dashboard; installing the package does the same
dashboard:
    uv run --quiet --no-project --with hatchling==1.28.0 python hatch_build.py

# an experiment: the hot path as machine code, into app/native (docs/operations.md)
compile:
    LLM_GATEWAY_COMPILE=1 {{ run }} --with hatchling==1.28.0 --with setuptools==84.2.1 python hatch_build.py compile

# lint, types and unit tests of the dashboard
web: dashboard
    cd frontend && npm run --silent lint && npm run --silent types && npm run --silent test

# the pictures of the README, in docs/images
pictures: dashboard
    PICTURES=docs/images {{ run }} pytest 'tests/browser/test_dashboard.py::test_in_a_browser[pictures]'

# bring the database up to date
migrate:
    {{ run }} llm-gateway migrate

# requirements.lock from pyproject.toml
lock:
    {{ run }} uv pip compile pyproject.toml --universal --generate-hashes --no-header --quiet --group dev -o requirements.lock

# all that CI checks: format, lint, types, layers, dashboard, derived files fresh, tests
check: lint types layers web test
