"""Parameters, secrets and configurations from the services themselves, as far as ministack has them."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit import parameters
from lambda_kit.errors import ParameterError, ParameterNotFound
from lambda_kit.parameters import Secret


def put(aws: Any, name: str, value: str, **more: Any) -> None:
    aws.boto3("ssm").put_parameter(Name=name, Value=value, Type=more.pop("Type", "String"), **more)


def clients(aws: Any) -> list[dict[str, Any]]:
    """Return the options for the lean client and for one of boto3."""
    return [{}, {"client": aws.boto3("ssm")}]


def test_parameters_of_each_type_and_version(aws: Any) -> None:
    put(aws, "/app/host", "one")
    put(aws, "/app/host", "two", Overwrite=True)
    put(aws, "/app/list", "a,b", Type="StringList")
    put(aws, "/app/secret", "hunter2", Type="SecureString")
    for options in clients(aws):
        assert parameters.get("/app/host", **options) == "two"
        assert parameters.get("/app/host", version=1, **options) == "one"
        assert parameters.get("/app/list", **options) == "a,b"
        assert parameters.get("/app/secret", **options) == "hunter2"
        assert parameters.get("/app/secret", decrypt=False, **options) != "hunter2"
        with pytest.raises(ParameterNotFound):
            parameters.get("/app/none", **options)
        with pytest.raises(ParameterNotFound):
            parameters.get("/app/host", version=9, **options)


def test_many_parameters_and_paths_of_several_pages(aws: Any) -> None:
    names = [f"/app/{i:02}" for i in range(23)]
    for name in names:
        put(aws, name, name)
    put(aws, "/app/deep/er", "x")
    for options in clients(aws):
        assert parameters.get_many(names, **options) == {name: name for name in names}
        assert parameters.by_path("/app", **options) == {
            **{name.removeprefix("/app/"): name for name in names},
            "deep/er": "x",
        }
        assert parameters.by_path("/app", recursive=False, **options) == {
            name.removeprefix("/app/"): name for name in names
        }
        with pytest.raises(ParameterNotFound, match="/x, /y"):
            parameters.get_many(["/app/00", "/x", "/y"], **options)


def test_a_parameter_that_is_written_and_written_again(aws: Any) -> None:
    assert parameters.put("/app/a", "one") == 1
    assert parameters.get("/app/a") == "one"
    with pytest.raises(ParameterError, match="ParameterAlreadyExists"):
        parameters.put("/app/a", "two")
    assert parameters.put("/app/a", "two", secure=True, overwrite=True) == 2
    assert parameters.get("/app/a") == "two"


def test_secrets_of_both_kinds_and_their_stages(aws: Any) -> None:
    manager = aws.boto3("secretsmanager")
    manager.create_secret(Name="shop/db", SecretString="old")
    manager.create_secret(Name="shop/key", SecretBinary=b"\x00\xff")
    login = Secret("shop/db", rotation=True)
    assert login().get_secret_value() == "old"
    manager.put_secret_value(SecretId="shop/db", SecretString="new")

    def connect(password: str) -> str:
        if password != "new":
            raise PermissionError
        return password

    assert login.use(connect, retry_on=PermissionError) == "new"
    assert parameters.secret("shop/db", stage="AWSPREVIOUS").get_secret_value() == "old"
    assert parameters.secret("shop/key", transform="binary").get_secret_value() == b"\x00\xff"
    with pytest.raises(ParameterNotFound):
        parameters.secret("shop/none")


def test_a_configuration_as_it_is_deployed(aws: Any) -> None:
    config = aws.boto3("appconfig")
    application = config.create_application(Name="shop")["Id"]
    environment = config.create_environment(ApplicationId=application, Name="prod")["Id"]
    profile = config.create_configuration_profile(ApplicationId=application, Name="limits", LocationUri="hosted")["Id"]
    config.create_hosted_configuration_version(
        ApplicationId=application,
        ConfigurationProfileId=profile,
        Content=b'{"max": 5}',
        ContentType="application/json",
    )
    strategy = config.create_deployment_strategy(
        Name="at once", DeploymentDurationInMinutes=0, GrowthFactor=100, ReplicateTo="NONE"
    )["Id"]
    config.start_deployment(
        ApplicationId=application,
        EnvironmentId=environment,
        DeploymentStrategyId=strategy,
        ConfigurationProfileId=profile,
        ConfigurationVersion="1",
    )
    assert parameters.app_config(application, environment, profile, transform="auto") == {"max": 5}
    data = aws.boto3("appconfigdata")
    assert parameters.app_config(application, environment, profile, transform="json", client=data) == {"max": 5}
    with pytest.raises(ParameterError):
        parameters.app_config("none", "none", "none")
