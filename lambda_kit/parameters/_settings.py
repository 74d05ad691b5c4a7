"""`Settings`: a pydantic model whose fields come from parameters, secrets and the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self, Unpack, get_args

from lambda_kit._kernel import extras, type_of
from lambda_kit.errors import ConfigurationError, ParameterError, ParameterNotFound, SettingsError
from lambda_kit.parameters import _entries as entries
from lambda_kit.parameters._build import read_nodes
from lambda_kit.parameters._query import Query, checked
from lambda_kit.parameters._transforms import describe_problem

try:
    from pydantic import BaseModel, ConfigDict, ValidationError
except ImportError as error:
    raise extras.missing("lambda_kit.parameters.Settings", "pydantic", "pydantic") from error

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from lambda_kit.parameters._options import ParameterOptions, SecretBaseOptions


class _Stored:
    """The source of a field: a query.

    Attributes:
        query: the query.
    """

    def __init__(self, query: Query) -> None:
        self.query = query

    def pick(self, value: Any) -> Any:
        """Return the value of the field, for the value of the query."""
        return value

    def __str__(self) -> str:
        return self.query.title


class FromParameter(_Stored):
    """A parameter as the source of a field of `Settings`, in `Annotated[...]`.

    Args:
        name: its name, or its ARN.
        transform: the conversion of the text before pydantic gets it, as for `get`.
        **options: those of `get` but `fresh` and `default`; the default is the field's own.
    """

    def __init__(self, name: str, *, transform: Any = None, **options: Unpack[ParameterOptions]) -> None:
        super().__init__(Query("get", name, checked("get", name, {"transform": transform, **options})))


class FromSecret(_Stored):
    """A secret as the source of a field of `Settings`, in `Annotated[...]`.

    The type of the field has to hide the value: `pydantic.SecretStr`, `SecretBytes` or `Secret[...]`.

    Args:
        name: its name, or its ARN.
        key: the key of the value, where the secret is a JSON object; None, the default, for the whole.
        transform: the conversion of the text before pydantic gets it, as for `get`; with a key it is `"json"`.
        **options: those of `secret` but `fresh` and `default`; the default is the field's own.
    """

    def __init__(
        self, name: str, *, key: str | None = None, transform: Any = None, **options: Unpack[SecretBaseOptions]
    ) -> None:
        if key is not None and transform not in (None, "json"):
            raise ConfigurationError(f"FromSecret({name!r}): key takes a value out of JSON; leave transform out")
        given = {"transform": transform if key is None else "json", **options}
        super().__init__(Query("secret", name, checked("secret", name, given)))
        self._key = key

    def pick(self, value: Any) -> Any:
        """Return the value of the field, for the value of the secret."""
        value = value.get_secret_value()
        if self._key is None:
            return value
        if type_of(value) is not dict or self._key not in value:
            raise ParameterNotFound("it has no such key", names=(self.query.name,), source=str(self), what="the secret")
        return value[self._key]

    def __str__(self) -> str:
        return super().__str__() if self._key is None else f"key {self._key} of {super().__str__()}"


class FromEnv:
    """A variable of the environment as the source of a field of `Settings`, in `Annotated[...]`.

    Args:
        name: the name of the variable.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"variable {self.name}"


class Settings(BaseModel):
    """A pydantic model whose fields name their sources in `Annotated[...]`; `load()` fetches them.

    Raises:
        ConfigurationError: a field has two sources, or one from a secret would show it; raised for the class.

    Example:
        ```python
        from typing import Annotated
        from pydantic import SecretStr
        from lambda_kit.parameters import FromParameter, FromSecret, Settings


        class ShopSettings(Settings):
            host: Annotated[str, FromParameter("/shop/host")]
            port: Annotated[int, FromParameter("/shop/port")] = 5432
            password: Annotated[SecretStr, FromSecret("shop/db", key="password")]


        settings = ShopSettings(host="localhost", password="x")
        assert settings.port == 5432
        ```
    """

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Check the sources of the fields when a class is defined."""
        super().__pydantic_init_subclass__(**kwargs)
        for name, field in cls.model_fields.items():
            _marker_of(cls, name, field)

    @classmethod
    def load(cls, **given: Any) -> Self:
        """Fetch all fields, parameters ten in a request, and return them validated.

        Values come through the init cache: a second call fetches only those that have run out.

        Args:
            **given: values of fields that are not fetched.

        Raises:
            SettingsError: fields are missing or invalid; it names all of them and their sources, and quotes no value.
        """
        found, problems = cls._read(given)
        if found is None:
            raise SettingsError(cls.__qualname__, problems)
        return found

    @classmethod
    def _read(cls, given: dict[str, Any]) -> tuple[Self | None, dict[str, str]]:
        """Return the settings, or None and the problems. They are raised elsewhere: this frame has the values."""
        fields = cls.model_fields
        markers = {name: _marker_of(cls, name, field) for name, field in fields.items() if name not in given}
        nodes = {name: entries.find(one.query) for name, one in markers.items() if isinstance(one, _Stored)}
        read = read_nodes(nodes.values())
        values = dict(given)
        problems: dict[str, str] = {}
        for name, marker in markers.items():
            try:
                if isinstance(marker, _Stored):
                    values[name] = marker.pick(_value_of(*read[nodes[name]]))
                elif marker is not None:
                    values[name] = os.environ[marker.name]
            except (ParameterNotFound, KeyError) as error:
                if fields[name].is_required():
                    reason = "it is not set" if isinstance(error, KeyError) else error.reason
                    problems[name] = f"{marker}: {reason}"
            except ParameterError as error:
                problems[name] = f"{marker}: {error.reason}"
        try:
            found = cls.model_validate(values)
        except ValidationError as error:
            names = {field.alias: name for name, field in fields.items() if field.alias}
            for problem in error.errors(include_input=False, include_context=False, include_url=False):
                first, *rest = problem["loc"] or ("",)
                name = names.get(str(first), str(first))
                if name not in problems or markers.get(name) is None:
                    problems[name] = f"{markers.get(name) or 'no source'}: {describe_problem(rest, problem['type'])}"
            return None, problems
        return (None if problems else found), problems


def _value_of(value: Any, error: Exception | None) -> Any:
    if error is not None:
        raise error
    return value


def _marker_of(cls: type[Settings], name: str, field: FieldInfo) -> _Stored | FromEnv | None:
    markers = [one for one in field.metadata if isinstance(one, _Stored | FromEnv)]
    if len(markers) > 1:
        raise ConfigurationError(f"{cls.__qualname__}.{name} has two sources: {', '.join(map(str, markers))}")
    if markers and isinstance(markers[0], FromSecret) and not _hides(field.annotation):
        raise ConfigurationError(
            f"{cls.__qualname__}.{name} comes from a secret, and would show it: annotate it as pydantic.SecretStr, "
            "SecretBytes or Secret[...]"
        )
    return markers[0] if markers else None


def _hides(annotation: Any) -> bool:
    return hasattr(annotation, "get_secret_value") or any(map(_hides, get_args(annotation)))
