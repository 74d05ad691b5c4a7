"""Real clients speak to an app, through the runtime client and a server that translates as a function URL does."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.effort import scaled
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform != "linux":
    pytest.skip("the runtime client has wheels for Linux alone", allow_module_level=True)

from lambda_kit.local import FunctionUrl

FUNCTIONS = Path(__file__).parent / "functions"
ORIGIN = "https://shop.example"
ENVIRONMENTS = 3


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with FunctionUrl(
        "service.lambda_handler", cwd=FUNCTIONS, timeout=PATIENCE, environments=ENVIRONMENTS, env={"ORIGIN": ORIGIN}
    ) as found:
        yield found.url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False, verify=False) as found:
        yield found


def test_paths_and_repeated_query_values_arrive_as_they_were_sent(client: httpx.Client) -> None:
    answer = client.get("/echo/a%20b%2Fc", params=[("tag", "x,y"), ("tag", "ä &"), ("tag", "")])
    assert (answer.status_code, answer.json()) == (200, {"text": "a b/c", "tags": ["x,y", "ä &", ""]})


def test_bytes_go_in_and_come_out_as_they_are(client: httpx.Client) -> None:
    data = bytes(range(256)) * 100
    answer = client.put("/bytes", content=data, headers={"Content-Type": "application/octet-stream"})
    assert (answer.headers["content-type"], answer.content) == ("image/png", data)


def test_a_body_in_chunks_is_read(client: httpx.Client) -> None:
    answer = client.put("/bytes", content=iter([b"\xff", b"\0", b"end"]))
    assert answer.content == b"\xff\0end"


def test_cookies_go_in_and_come_out(url: str) -> None:
    with httpx.Client(
        base_url=url, timeout=PATIENCE, trust_env=False, verify=False, cookies={"a": "1", "b": "2"}
    ) as client:
        assert client.get("/cookies").text == "1 2"
        assert (client.cookies["seen"], client.cookies["theme"]) == ("1", "dark")
        assert client.get("/cookies").text == "1 2"


def test_large_answers_are_compressed_for_clients_that_take_it(client: httpx.Client) -> None:
    packed = client.get("/large", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/large", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert int(packed.headers["content-length"]) < 200 < len(packed.content)
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/echo/a", 405),
        ("POST", "/mirror/x?name=n", 422),
        ("GET", "/cookies", 422),
        ("GET", "/broken", 500),
        ("DELETE", "/orders/8", 404),
    ],
)
def test_errors_are_problem_details(client: httpx.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path, headers={"Cookie": ""})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert "secret" not in answer.text
    if status == 405:
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_methods_without_a_body_leave_the_connection_usable(client: httpx.Client) -> None:
    head, options, deleted = client.head("/large"), client.options("/large"), client.delete("/orders/7")
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", "application/json")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert (deleted.status_code, deleted.content) == (204, b"")


def test_an_answer_that_the_client_has_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/tagged")
    again = client.get("/tagged", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, first.text) == (200, "tagged")
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"v1"')


@pytest.mark.parametrize("path", ["/tagged", "/nothing", "/broken"])
def test_pages_of_named_origins_may_read_every_answer_and_others_none(client: httpx.Client, path: str) -> None:
    ours = client.get(path, headers={"Origin": ORIGIN})
    other = client.get(path, headers={"Origin": "https://other.example"})
    assert ours.headers["access-control-allow-origin"] == ORIGIN
    assert ours.headers["access-control-allow-credentials"] == "true"
    assert "access-control-allow-origin" not in other.headers
    assert "Origin" in other.headers["vary"]


def test_a_preflight_is_answered_with_the_methods_of_the_path(client: httpx.Client) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "x-own"}
    answer = client.options("/orders/7", headers=asked)
    assert answer.status_code == 204
    assert "DELETE" in answer.headers["access-control-allow-methods"]
    assert "x-own" in answer.headers["access-control-allow-headers"]


def test_events_arrive_one_by_one_under_the_runtime_client_of_the_kit(tmp_path: Path) -> None:
    with (
        FunctionUrl("service.lambda_handler", cwd=FUNCTIONS, timeout=PATIENCE, runtime="kit") as streaming,
        httpx.Client(base_url=streaming.url, timeout=PATIENCE, trust_env=False, verify=False) as client,
    ):
        with client.stream("GET", "/events", params={"steps": str(tmp_path)}) as answer:
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
            lines = (line for line in answer.iter_lines() if line)
            for number in range(3):  # the next event is sent when this one has been read
                assert next(lines) == f"data: {number}"
                (tmp_path / str(number)).touch()
            assert list(lines) == []
        with pytest.raises(httpx.TransportError):
            client.get("/breaks")
        assert client.get("/echo/a").json() == {"text": "a", "tags": []}


def test_events_arrive_together_under_a_runtime_client_that_does_not_stream(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / str(number)).touch()
    with (
        FunctionUrl("service.lambda_handler", cwd=FUNCTIONS, timeout=PATIENCE, runtime="awslambdaric") as whole,
        httpx.Client(base_url=whole.url, timeout=PATIENCE, trust_env=False, verify=False) as client,
    ):
        answer = client.get("/events", params={"steps": str(tmp_path)})
        assert answer.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
        assert client.get("/breaks").status_code == 500


def test_a_thousand_requests_at_once_get_their_own_answers(url: str) -> None:
    count = scaled(1000)
    workers = min(100, count)
    started = threading.Barrier(workers)

    def one(number: int) -> list[Any]:
        headers = {"X-Number": f"h-{number}", "Content-Type": "text/plain"}
        answer = shared.post(f"/mirror/{number}?name=n-{number}", content=f"b-{number}", headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-amzn-requestid"] == answer.json()[4]
        found: list[Any] = answer.json()
        return found

    limits = httpx.Limits(max_connections=workers)
    with (
        httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False, verify=False, limits=limits) as shared,
        ThreadPoolExecutor(workers, initializer=started.wait, initargs=(PATIENCE,)) as threads,
    ):
        answers = list(threads.map(one, range(count)))
    assert [found[:4] for found in answers] == [[n, f"n-{n}", f"h-{n}", f"b-{n}"] for n in range(count)]
    assert len({found[4] for found in answers}) == count
    assert len(Counter(found[5] for found in answers)) == ENVIRONMENTS
