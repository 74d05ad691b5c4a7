"""The certificate authorities that TLS trusts: those of the system, of which only a few are loaded at first.

Loading the system's hundred and more takes longer than all else that the kit does in a cold start. The servers of AWS
have certificates of Amazon's own authorities: <https://www.amazontrust.com/repository/>. For them these are loaded, out
of the system's file. Where that is not enough, for example behind a proxy that inspects TLS, all are loaded, for the
whole process.
"""

from __future__ import annotations

import os

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext

_OF_AWS = (b".amazonaws.com", b".api.aws")
_AMAZON = (b"Amazon Root CA ", b"Starfield Services Root Certificate Authority")
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_FEW = ""  # the key of the context with these; no file has this name

# By the file of authorities, None for the system's; made once, because loading them takes longer than a handshake.
_contexts: dict[str | None, SSLContext] = {}
_needs_all = False


def context_for(host: bytes) -> SSLContext:
    """Return the settings of TLS for a host, with the authorities that `AWS_CA_BUNDLE` names, or those of the system.

    Raises:
        ConfigurationError: `AWS_CA_BUNDLE` names a file that cannot be read.
    """
    bundle = os.environ.get("AWS_CA_BUNDLE") or None
    if bundle is None and not _needs_all and host.lower().rstrip(b".").endswith(_OF_AWS):
        return _contexts.get(_FEW) or _contexts.setdefault(_FEW, _context_of_few())
    return _contexts.get(bundle) or _contexts.setdefault(bundle, _context_of_all(bundle))


def refused(context: SSLContext) -> bool:
    """Take note that a certificate was refused, and tell whether the authorities that were not loaded may know it."""
    global _needs_all
    if context is not _contexts.get(_FEW):
        return False
    _needs_all = True
    return True


def _context_of_all(bundle: str | None) -> SSLContext:
    import ssl

    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise ConfigurationError(f"AWS_CA_BUNDLE names {bundle!r}, which cannot be read: {error}") from error


def _context_of_few() -> SSLContext:
    import ssl

    few = _few_of(ssl.get_default_verify_paths().cafile)
    try:
        return ssl.create_default_context(cadata=few) if few else _context_of_all(None)
    except ssl.SSLError:  # one of them cannot be read
        return _context_of_all(None)


def _few_of(path: str | None) -> str:
    """Return the certificates of Amazon's authorities in a file; an empty text if there is none, or no such file."""
    from binascii import a2b_base64

    if path is None:  # the system keeps them in another way
        return ""
    few: list[str] = []
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # pathlib costs a cold start
            parts = file.read().split(_BEGIN)[1:]
        for part in parts:
            text = part.partition(_END)[0]
            certificate = a2b_base64(text)
            if _AMAZON[0] in certificate or _AMAZON[1] in certificate:
                few.append((_BEGIN + text + _END).decode("ascii"))
    except (OSError, ValueError):
        return ""
    return "\n".join(few)
