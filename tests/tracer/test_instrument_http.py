"""Unit tests of the address of a request: the part of a URL that a span may show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.tracer import _instrument_http as instrument_http


@given(
    scheme=st.sampled_from(["http", "https"]),
    user=st.text("abc:", max_size=5),
    host=st.sampled_from(["a.example", "127.0.0.1", "[::1]"]),
    port=st.sampled_from(["", ":8080"]),
    path=st.sampled_from(["", "/", "/a@b/c"]),
    query=st.sampled_from(["", "?q=@hidden", "#hidden", "?a#hidden"]),
)
def test_of_a_url_only_scheme_host_port_and_path_are_told(
    scheme: str, user: str, host: str, port: str, path: str, query: str
) -> None:
    url = f"{scheme}://{user}@{host}{port}{path}{query}"
    assert instrument_http.address_of(url) == (host.strip("[]"), f"{scheme}://{host}{port}{path}")


@given(st.text())
def test_what_is_no_url_is_no_reason_to_fail(text: str) -> None:
    host, url = instrument_http.address_of(text)
    assert (host == "unknown") == (url is None)
