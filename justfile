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

# measurements, one at a time
bench *args:
    {{ run }} pytest -m bench --timeout=1200 -s tests/bench {{ args }}

# docs/openapi.json from the routes
openapi:
    {{ run }} llm-gateway export-openapi --output docs/openapi.json

# docs/configuration.md from the settings
settings:
    {{ run }} python -m tests.architecture.settings_page docs/configuration.md

# bring the database up to date
migrate:
    {{ run }} llm-gateway migrate

# requirements.lock from pyproject.toml
lock:
    {{ run }} uv pip compile pyproject.toml --universal --generate-hashes --no-header --quiet --group dev -o requirements.lock

# all that CI checks: format, lint, types, layers, derived files fresh, tests
check: lint types layers test
