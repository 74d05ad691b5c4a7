"""Action groups of Bedrock agents."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._fields import Event, mapping, optional, parts, text
from lambda_kit.events._view import View, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class BedrockParameter(View):
    """A parameter of an action.

    See: `BedrockAgentEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("name",)

    name = text("name")
    """The name."""
    type = optional("type")
    """The type in the schema, such as `"string"`, `"integer"` or `"array"`."""
    value = text("value")
    """The value. It is always text; a comma in it is a part of the value."""


class BedrockAgentEvent(Event):
    """The fields that both kinds of action groups have in common.

    See: <https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "bedrock_agent"
    _also: ClassVar[tuple[str, ...]] = ("bedrock_agent_api", "bedrock_agent_function")
    _label = ("actionGroup",)

    message_version = optional("messageVersion")
    """The version of the format of the event: `"1.0"`."""
    action_group = text("actionGroup")
    """The name of the action group."""
    agent_id = optional("agent", "id")
    """The id of the agent."""
    agent_name = optional("agent", "name")
    """The name of the agent."""
    agent_alias = optional("agent", "alias")
    """The alias of the agent."""
    agent_version = optional("agent", "version")
    """The version of the agent."""
    session_id = optional("sessionId")
    """The id of the session."""
    input_text = optional("inputText")
    """The user's input in this turn."""
    session_attributes = mapping("sessionAttributes")
    """The attributes that last for the session."""
    prompt_session_attributes = mapping("promptSessionAttributes")
    """The attributes that last for the turn."""
    parameters = parts(BedrockParameter, "parameters")
    """The parameters."""

    @once
    def arguments(self) -> dict[str, str]:
        """The values of the parameters by their names, as text. The last one of a name counts.

        Raises:
            EventError: a parameter has no name, or no value.
        """
        return {one.name: one.value for one in self.parameters}


class BedrockApiEvent(BedrockAgentEvent):
    """A call of an action group that an OpenAPI schema describes.

    See: `BedrockAgentEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "bedrock_agent_api"
    _also = ()
    _label = ("apiPath",)

    api_path = text("apiPath")
    """The path in the schema, with place-holders."""
    method = text("httpMethod")
    """The method, such as `"GET"`."""

    @property
    def content_type(self) -> str | None:
        """The media type of the body; None without a body."""
        found = self._find("requestBody", "content")
        return next(iter(found), None) if type_of(found) is dict else None

    @once
    def body(self) -> dict[str, str]:
        """The properties of the body by their names, as text; empty without a body.

        Raises:
            EventError: a property has no name, or no value.
        """
        found = self._find("requestBody", "content", self.content_type or "")
        properties: Any = found.get("properties") if type_of(found) is dict else None
        views = [BedrockParameter(one) for one in properties] if type_of(properties) is list else []
        return {one.name: one.value for one in views}


class BedrockFunctionEvent(BedrockAgentEvent):
    """A call of an action group that is described by functions.

    See: `BedrockAgentEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "bedrock_agent_function"
    _also = ()
    _label = ("function",)

    function = text("function")
    """The name of the function."""
