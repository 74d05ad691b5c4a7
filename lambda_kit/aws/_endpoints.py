"""Endpoints of services, resolved from the environment as botocore does it; settings that only botocore supports."""

from __future__ import annotations

import os
import re

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# The names of services in variables and in signatures. The keys are those in host names, but for `_HOSTS`.
_SERVICES = {
    "ssm": ("SSM", "ssm"),
    "secretsmanager": ("SECRETS_MANAGER", "secretsmanager"),
    "dynamodb": ("DYNAMODB", "dynamodb"),
    "sqs": ("SQS", "sqs"),
    "appconfigdata": ("APPCONFIGDATA", "appconfig"),
    "s3": ("S3", "s3"),
    "stepfunctions": ("SFN", "states"),
    "config": ("CONFIG_SERVICE", "config"),
    "codepipeline": ("CODEPIPELINE", "codepipeline"),
    "codedeploy": ("CODEDEPLOY", "codedeploy"),
    "apigatewaymanagementapi": ("APIGATEWAYMANAGEMENTAPI", "execute-api"),
}
_HOSTS = {"stepfunctions": "states", "apigatewaymanagementapi": "execute-api"}
# Prefixes of region names, with the partition, its domain, and the domain of dual-stack endpoints.
_PARTITIONS = (
    ("cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"),
    ("us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("", "aws", "amazonaws.com", "api.aws"),
)
_REGION = re.compile(r"[a-z]{2,}(-[a-z0-9]+)*-[0-9]+")
_ACCOUNT = re.compile(r"[0-9]{12}")
_MODES = ("preferred", "disabled", "required")


class Beyond(Exception):
    """A setting that only botocore supports; the message names it."""


class Endpoint:
    """The endpoint of a service.

    Attributes:
        url: scheme, host, and a port and a path if the setting has them.
        region: the region.
        signing_name: the name of the service in signatures.
        signing_region: the region in signatures.
    """

    __slots__ = ("region", "signing_name", "signing_region", "url")

    def __init__(self, url: str, region: str, signing_name: str, signing_region: str) -> None:
        self.url = url
        self.region = region
        self.signing_name = signing_name
        self.signing_region = signing_region


def resolve(service: str, region: str | None = None, environ: Mapping[str, str] = os.environ) -> Endpoint:
    """Return the endpoint of a service.

    It reads `AWS_REGION`, then `AWS_DEFAULT_REGION`; `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`,
    `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`; and for DynamoDB
    `AWS_ACCOUNT_ID_ENDPOINT_MODE` and `AWS_ACCOUNT_ID`. boto3 reads only the second region; Lambda sets both alike.

    Args:
        service: the name that boto3 gives it: `"ssm"`.
        region: another region than that of the environment.
        environ: the environment.

    Raises:
        Beyond: a setting needs botocore: a proxy, a profile, a configuration file, a region such as `fips-us-east-1`.
        ConfigurationError: there is no region, or a setting is wrong.
    """
    variable, signing_name = _SERVICES[service]
    given = _given_url(variable, environ)
    named = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    _check_files(environ, complete=bool(given and named))
    if not named:
        raise ConfigurationError(f"there is no region for {service}: set AWS_REGION, or pass region=")
    if named.startswith("fips-") or named.endswith("-fips"):
        raise Beyond(f"the region is {named!r}, an old name for FIPS endpoints")
    if not _REGION.fullmatch(named):  # it becomes a part of a host's name
        raise ConfigurationError(f"{named!r} is not the name of a region, such as 'eu-west-1'")
    if environ.get("AWS_SIGV4A_SIGNING_REGION_SET"):
        raise Beyond("AWS_SIGV4A_SIGNING_REGION_SET is set")
    if environ.get("AWS_AUTH_SCHEME_PREFERENCE"):
        raise Beyond("AWS_AUTH_SCHEME_PREFERENCE is set")
    url = given or _own_url(service, named, environ)
    _check_proxies(url, environ)
    return Endpoint(url, named, signing_name, named)


def _given_url(variable: str, environ: Mapping[str, str]) -> str | None:
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    return environ.get(f"AWS_ENDPOINT_URL_{variable}") or environ.get("AWS_ENDPOINT_URL") or None


def _own_url(service: str, region: str, environ: Mapping[str, str]) -> str:
    fips = _flag("AWS_USE_FIPS_ENDPOINT", environ)
    dual = _flag("AWS_USE_DUALSTACK_ENDPOINT", environ)
    partition, domain, dual_domain = next(rest for start, *rest in _PARTITIONS if region.startswith(start))
    account = _account(environ) if service == "dynamodb" else None
    if account is not None and partition in ("aws", "aws-cn", "aws-us-gov") and not fips:
        return f"https://{account}.ddb.{region}.{dual_domain if dual else domain}"
    name = _HOSTS.get(service, service)
    host = f"{name}-fips" if fips else name
    if service == "s3":
        return f"https://{host}{'.dualstack' if dual else ''}.{region}.{domain}"
    if service == "secretsmanager":
        plain = partition in ("aws", "aws-us-gov") or (partition == "aws-cn" and not fips)
        return f"https://{host}.{region}.{dual_domain if dual and not plain else domain}"
    if service == "stepfunctions" and partition == "aws-us-gov":
        host = name if not dual and (not fips or region == "us-gov-west-1") else f"{name}-fips"
    elif partition == "aws-us-gov" and fips and not dual and not service.startswith(("code", "api")):
        host = name  # every endpoint there is one
    return f"https://{host}.{region}.{dual_domain if dual else domain}"


def _flag(variable: str, environ: Mapping[str, str]) -> bool:
    return environ.get(variable, "").lower() == "true"


def _account(environ: Mapping[str, str]) -> str | None:
    """Return the account whose own endpoint of DynamoDB is called; None for the shared endpoint."""
    mode = environ.get("AWS_ACCOUNT_ID_ENDPOINT_MODE", "preferred").lower()
    if mode not in _MODES:
        raise ConfigurationError(
            f"AWS_ACCOUNT_ID_ENDPOINT_MODE is {mode!r}; set it to {', '.join(_MODES)}{callables.closest(mode, _MODES)}"
        )
    account = environ.get("AWS_ACCOUNT_ID", "")
    if mode == "disabled" or (mode == "preferred" and not account):
        return None
    if not _ACCOUNT.fullmatch(account):
        raise Beyond("AWS_ACCOUNT_ID_ENDPOINT_MODE is 'required', and AWS_ACCOUNT_ID is not set")
    return account


def _check_files(environ: Mapping[str, str], *, complete: bool) -> None:
    """Leave profiles and configuration files to botocore. Lambda has neither."""
    if complete or environ.get("AWS_LAMBDA_RUNTIME_API"):
        return
    for variable in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE"):
        if environ.get(variable):
            raise Beyond(f"{variable} is set")
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if home and os.path.exists(os.path.join(home, ".aws", "config")):  # noqa: PTH110, PTH118  # pathlib costs more than all of this
        raise Beyond("there is a file ~/.aws/config")


def _check_proxies(url: str, environ: Mapping[str, str]) -> None:
    scheme = "https" if url.startswith("https:") else "http"
    proxy = environ.get(f"{scheme}_proxy") or environ.get(f"{scheme.upper()}_PROXY")
    if not proxy:
        return
    import urllib.request

    bypasses: Any = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009  # unknown to type checkers
    host = url.partition("://")[2].partition("/")[0]
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if not bypasses(host, {"no": excepted}):
        raise Beyond(f"{scheme.upper()}_PROXY is set, for {host} too")
