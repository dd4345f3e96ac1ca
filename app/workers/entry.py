"""Where the supervisor's process begins, and by forking each of its workers' (`cli/start.py` makes it).

Its first argument is the descriptor of the shared memory, where the plan has been left. What follows is for those who
look at a list of processes.
"""

import importlib
import sys

from app.common import logs
from app.workers.seat import Plan, Seat
from app.workers.shared import left
from app.workers.supervisor import Supervisor


def main() -> int:
    plan = Plan.decode(left(int(sys.argv[1])))
    logs.configure(debug=plan.debug)
    outcome = Supervisor(plan).run()
    if not isinstance(outcome, Seat):
        return outcome
    # By name: the application is above the workers in the layers.
    code: int = importlib.import_module("app.cli.worker").work(outcome)
    return code
