"""Which certificate authorities are loaded, and that a server is trusted if and only if the system trusts it."""

from __future__ import annotations

import base64
import socket
import ssl
import types
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.aws import _authorities as authorities
from lambda_kit.aws._connection import TransportError, sockets
from lambda_kit.aws._http import Pool
from tests.aws.servers import CERTIFICATES, reply
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.aws.servers import Server

    Serve = Callable[..., Server]

HOST = "ssm.eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the system trust two authorities, one of them with the name of Amazon's, and know this host's address."""
    monkeypatch.setattr(authorities, "_contexts", {})
    monkeypatch.setattr(authorities, "_needs_all", False)
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authorities.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    resolve = sockets.getaddrinfo

    def found(host: Any, *args: Any) -> Any:
        return resolve(b"127.0.0.1" if host == HOST.encode() else host, *args)

    monkeypatch.setattr(sockets, "getaddrinfo", found)


def loaded() -> list[int]:
    """Return how many authorities each context has."""
    return [one.cert_store_stats()["x509_ca"] for one in authorities._contexts.values()]


def get(server: Server) -> bytes:
    port = server.url.rpartition(":")[2]
    return Pool(f"https://{HOST}:{port}", connect_timeout=PATIENCE).request("GET", "/").body


def test_a_server_of_aws_is_trusted_with_amazons_authorities_alone(serve: Serve) -> None:
    server = serve(reply(b"over TLS"), certificate="aws")
    assert get(server) == b"over TLS"
    assert (server.connections, loaded()) == (1, [1])


def test_a_server_that_another_authority_of_the_system_has_signed_is_trusted_at_the_second_look(serve: Serve) -> None:
    server = serve(reply(b"over TLS"), certificate="aws-by-another")
    assert get(server) == b"over TLS"
    assert (server.connections, loaded()) == (2, [1, 2])
    assert get(server) == b"over TLS"
    assert server.connections == 3  # the process knows by now


def test_a_server_that_the_system_does_not_trust_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    for certificate in ("aws", "aws-by-another", "localhost"):
        with pytest.raises(TransportError, match="certificate verify failed"):
            get(serve(reply(), certificate=certificate))


def test_a_certificate_for_another_host_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(reply(), certificate="aws")
    monkeypatch.setattr(sockets, "getaddrinfo", socket.getaddrinfo)
    with pytest.raises(TransportError, match=r"certificate verify failed: (IP address|Hostname) mismatch"):
        Pool(f"https://127.0.0.1:{server.url.rpartition(':')[2]}", connect_timeout=PATIENCE).request("GET", "/")
    assert loaded() == [2]  # this is no host of AWS


@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\n!\n", "ca.pem"])
def test_without_amazons_authorities_all_are_loaded(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "authorities"
    if content == "ca.pem":
        content = (CERTIFICATES / content).read_text()
    if content is not None:
        path.write_text(content)
    assert authorities._few_of(str(path)) == ""


def test_an_authority_that_cannot_be_read_has_all_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = base64.b64encode(b"Amazon Root CA 9, and no certificate").decode()
    text = f"-----BEGIN CERTIFICATE-----\n{broken}\n-----END CERTIFICATE-----\n"
    path = tmp_path / "authorities"
    path.write_text((CERTIFICATES / "authorities.pem").read_text() + text)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert authorities._few_of(str(path)).count("BEGIN") == 2
    assert authorities.context_for(HOST.encode()).cert_store_stats() == ssl.create_default_context().cert_store_stats()


def test_a_system_that_keeps_no_file_has_all_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: types.SimpleNamespace(cafile=None))
    assert authorities.context_for(HOST.encode()).cert_store_stats()["x509_ca"] == 2


@pytest.mark.parametrize(
    ("host", "few"),
    [
        (HOST, True),
        ("SQS.US-EAST-1.API.AWS.", True),
        ("vpce-1.ssm.eu-west-1.vpce.amazonaws.com", True),
        ("ssm.cn-north-1.amazonaws.com.cn", False),
        ("amazonaws.com.example.com", False),
        ("myamazonaws.com", False),
        ("127.0.0.1", False),
    ],
)
def test_hosts_of_aws_are_known_by_their_domains(host: str, few: bool) -> None:
    assert authorities.context_for(host.encode()).cert_store_stats()["x509_ca"] == (1 if few else 2)


def test_a_bundle_is_taken_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(CERTIFICATES / "authorities.pem"))
    assert authorities.context_for(HOST.encode()).cert_store_stats()["x509_ca"] == 2
