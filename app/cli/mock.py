"""`llm-gateway mock-upstream`."""

import socket

from app.mock.asgi import MockUpstream
from app.mock.faults import NAMES
from app.mock.server import run


def mock_upstream(host: str, port: int, api_key: str | None) -> int:
    with socket.create_server((host, port)) as sock:
        url = f"http://{host}:{sock.getsockname()[1]}"
        print(f"Pretend provider on {url}, OpenAI's and Anthropic's routes under {url}/v1", flush=True)
        print(f"Any model name is answered; these do what they say: {', '.join(NAMES[2:])}", flush=True)
        run(MockUpstream(api_key), sock)
    return 0
