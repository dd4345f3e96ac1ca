"""The pretend provider over real sockets: the shapes clients read, keys, and each fault."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.mock.asgi import MockUpstream
from app.mock.server import running
from tests.support.sse import events, joined_text

USER = [{"role": "user", "content": "hello there"}]
CHAT = {"model": "mock-small", "messages": USER}
MESSAGE = {"model": "mock-small", "max_tokens": 50, "messages": USER}
RESPONSE = {"model": "mock-small", "input": "hello there"}
COMPLETION = {"model": "mock-small", "prompt": "hello there"}
CHAT_TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
TEXT = "You said: hello there"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with (
        running(MockUpstream("sk-mock", slow=0.01)) as url,
        httpx.Client(base_url=f"{url}/v1", headers={"x-api-key": "sk-mock"}, trust_env=False) as client,
    ):
        yield client


def post(client: httpx.Client, path: str, body: dict[str, Any], **more: Any) -> Any:
    answer = client.post(path, json=body | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_chat(client: httpx.Client) -> None:
    answer = post(client, "/chat/completions", CHAT)
    assert answer["choices"][0]["message"]["content"] == TEXT
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["total_tokens"] == 6 + 4


def test_chat_stream(client: httpx.Client) -> None:
    stream = events(client.post("/chat/completions", json=CHAT | {"stream": True}).text)
    assert joined_text(stream) == TEXT
    assert stream[-1].data == "[DONE]"
    assert all("usage" not in event.json() for event in stream[:-1])


def test_chat_stream_with_usage(client: httpx.Client) -> None:
    body = CHAT | {"stream": True, "stream_options": {"include_usage": True}}
    *parts, last, _ = events(client.post("/chat/completions", json=body).text)
    assert [event.json()["usage"] for event in parts] == [None] * len(parts)
    assert last.json()["choices"] == []
    assert last.json()["usage"]["prompt_tokens"] == 6


def test_chat_tool_call(client: httpx.Client) -> None:
    answer = post(client, "/chat/completions", CHAT, tools=[CHAT_TOOL], tool_choice="required")
    choice = answer["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": "{}"}


def test_chat_tool_call_stream(client: httpx.Client) -> None:
    body = CHAT | {"stream": True, "tools": [CHAT_TOOL], "tool_choice": "required"}
    first, second, last, _ = events(client.post("/chat/completions", json=body).text)
    call = first.json()["choices"][0]["delta"]["tool_calls"][0]
    assert (call["function"]["name"], call["id"][:5]) == ("look_up", "call_")
    assert second.json()["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert last.json()["choices"][0]["finish_reason"] == "tool_calls"


def test_completion(client: httpx.Client) -> None:
    assert post(client, "/completions", COMPLETION)["choices"][0]["text"] == TEXT
    stream = events(client.post("/completions", json=COMPLETION | {"stream": True}).text)
    assert "".join(event.json()["choices"][0]["text"] for event in stream[:-1]) == TEXT


def test_embeddings(client: httpx.Client) -> None:
    answer = post(client, "/embeddings", {"model": "m", "input": ["a", "b"], "dimensions": 4})
    vectors = [item["embedding"] for item in answer["data"]]
    assert [len(vector) for vector in vectors] == [4, 4]
    assert vectors[0] != vectors[1]
    assert sum(x * x for x in vectors[0]) == pytest.approx(1)
    packed = post(client, "/embeddings", {"model": "m", "input": "a", "encoding_format": "base64"})
    assert isinstance(packed["data"][0]["embedding"], str)


def test_responses(client: httpx.Client) -> None:
    answer = post(client, "/responses", RESPONSE)
    assert answer["output"][0]["content"][0]["text"] == TEXT
    stream = events(client.post("/responses", json=RESPONSE | {"stream": True}).text)
    assert [event.name for event in stream] == [event.json()["type"] for event in stream]
    assert [event.json()["sequence_number"] for event in stream] == list(range(len(stream)))
    deltas = [event.json()["delta"] for event in stream if event.name == "response.output_text.delta"]
    assert "".join(deltas) == TEXT
    assert stream[-1].json()["response"]["usage"] == answer["usage"]


def test_responses_tool_call(client: httpx.Client) -> None:
    tool = {"type": "function", "name": "look_up", "parameters": {"type": "object"}}
    body = RESPONSE | {"tools": [tool], "tool_choice": "required"}
    assert post(client, "/responses", body)["output"][0]["name"] == "look_up"
    stream = events(client.post("/responses", json=body | {"stream": True}).text)
    assert "response.function_call_arguments.done" in [event.name for event in stream]


def test_messages(client: httpx.Client) -> None:
    answer = post(client, "/messages", MESSAGE)
    assert answer["content"] == [{"type": "text", "text": TEXT}]
    assert answer["stop_reason"] == "end_turn"
    stream = events(client.post("/messages", json=MESSAGE | {"stream": True}).text)
    assert joined_text(stream) == TEXT
    assert stream[-1].name == "message_stop"
    assert stream[-2].json()["usage"]["output_tokens"] == answer["usage"]["output_tokens"] == 4


def test_messages_tool_call(client: httpx.Client) -> None:
    tool = {"name": "look_up", "input_schema": {"type": "object"}}
    body = MESSAGE | {"tools": [tool], "tool_choice": {"type": "any"}}
    answer = post(client, "/messages", body)
    assert answer["stop_reason"] == "tool_use"
    assert answer["content"][0]["input"] == {}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x", "content": "42"}]}
    after = post(client, "/messages", body | {"messages": [*USER, result]})
    assert after["content"][0]["text"] == "You said: 42"


def test_count_tokens(client: httpx.Client) -> None:
    assert post(client, "/messages/count_tokens", {"model": "m", "messages": USER}) == {"input_tokens": 6}


def test_models_in_both_dialects(client: httpx.Client) -> None:
    openai = client.get("/models").json()
    anthropic = client.get("/models", headers={"anthropic-version": "2023-06-01"}).json()
    assert openai["object"] == "list"
    assert anthropic["last_id"] == openai["data"][-1]["id"]
    assert client.get("/models/mock-small").json()["id"] == "mock-small"
    assert client.get("/models/nothing").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/chat/completions", b"{", "invalid_request_error"),
        ("/chat/completions", b'{"model":"m"}', "invalid_request_error"),
        ("/messages", b'{"model":"m","messages":[]}', "invalid_request_error"),
        ("/embeddings", b'{"input":"x"}', "invalid_request_error"),
    ],
)
def test_bad_requests(client: httpx.Client, path: str, body: bytes, kind: str) -> None:
    answer = client.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == kind


def test_key_is_checked_in_either_header(client: httpx.Client) -> None:
    wrong = {"x-api-key": "", "authorization": "Bearer sk-other"}
    right = {"x-api-key": "", "authorization": "Bearer sk-mock"}
    refused = client.post("/messages", json=MESSAGE, headers=wrong)
    assert refused.status_code == 401
    assert refused.json()["error"]["type"] == "authentication_error"
    assert client.post("/messages", json=MESSAGE, headers=right).status_code == 200


def test_status_faults(client: httpx.Client) -> None:
    limited = client.post("/chat/completions", json=CHAT | {"model": "mock-429"})
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
    assert limited.json()["error"]["type"] == "rate_limit_error"
    assert (
        client.post("/messages", json=MESSAGE | {"model": "mock-500"}).json()["error"]["type"] == "api_error"
    )


@pytest.mark.parametrize("stream", [True, False])
def test_cut(client: httpx.Client, stream: bool) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/chat/completions", json=CHAT | {"model": "mock-cut", "stream": stream})


def test_malformed(client: httpx.Client) -> None:
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        client.post("/chat/completions", json=CHAT | {"model": "mock-malformed"}).json()
    stream = events(client.post("/messages", json=MESSAGE | {"model": "mock-malformed", "stream": True}).text)
    with pytest.raises(ValueError, match="Expecting"):
        stream[1].json()


def test_slow_answers_in_the_end(client: httpx.Client) -> None:
    assert post(client, "/chat/completions", CHAT | {"model": "mock-slow"})["usage"]


def test_hang_says_nothing(client: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.post("/chat/completions", json=CHAT | {"model": "mock-hang"}, timeout=0.05)
