"""`python -m app.cli`: the same as `llm-gateway`."""

import sys

from app.cli import main

sys.exit(main())
