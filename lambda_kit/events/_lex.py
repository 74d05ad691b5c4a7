"""Events of Lex V2."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._fields import Event, items, mapping, optional, optional_part, parts, text
from lambda_kit.events._view import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class LexIntent(View):
    """An intent with its slots.

    See: `LexEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("name",)

    name = text("name")
    """The name of the intent."""
    state = optional("state")
    """The state, such as `"InProgress"` or `"ReadyForFulfillment"`."""
    confirmation_state = optional("confirmationState")
    """The state of the confirmation: `"Confirmed"`, `"Denied"` or `"None"`."""
    slots = mapping("slots")
    """The slots by their names, as they are in the event; None for a slot without a value."""

    def slot(self, name: str) -> str | None:
        """Return the value of a slot as Lex has interpreted it; None for a slot without a value."""
        return self._optional("slots", name, "value", "interpretedValue")


class LexInterpretation(View):
    """An intent that the input of the user may mean.

    See: `LexEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    intent = optional_part(LexIntent, "intent")
    """The intent."""
    source_of_interpretation = optional("interpretationSource")
    """The part of Lex that found the intent, such as `"Lex"` or `"Bedrock"`."""

    @property
    def confidence(self) -> float | None:
        """The confidence of the interpretation, 0 to 1; None without one."""
        for path in (("nluConfidence",), ("nluConfidence", "score")):
            found = self._find(*path)
            if type_of(found) in (int, float):
                return float(found)
        return None

    @property
    def sentiment(self) -> str | None:
        """The sentiment of the input, such as `"POSITIVE"`; None without an analysis."""
        return self._optional("sentimentResponse", "sentiment")


class LexEvent(Event):
    """A turn of a conversation: the function checks the input, or fulfils the intent.

    See: <https://docs.aws.amazon.com/lexv2/latest/dg/lambda-input-format.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "lex"
    _label = ("sessionId",)

    invocation_source = text("invocationSource")
    """`"DialogCodeHook"` or `"FulfillmentCodeHook"`."""
    input_mode = optional("inputMode")
    """`"DTMF"`, `"Speech"` or `"Text"`."""
    input_transcript = optional("inputTranscript")
    """The input of the user, as text."""
    response_content_type = optional("responseContentType")
    """The media type in which Lex answers."""
    session_id = text("sessionId")
    """The id of the session."""
    message_version = optional("messageVersion")
    """The version of the format of the event."""
    bot_id = optional("bot", "id")
    """The id of the bot."""
    bot_name = optional("bot", "name")
    """The name of the bot."""
    bot_alias_id = optional("bot", "aliasId")
    """The id of the alias of the bot."""
    bot_alias_name = optional("bot", "aliasName")
    """The name of the alias of the bot."""
    bot_version = optional("bot", "version")
    """The version of the bot."""
    locale = optional("bot", "localeId")
    """The locale, such as `"en_US"`."""
    invocation_label = optional("invocationLabel")
    """The label of the code hook in the conversation; None without one."""
    session_state = mapping("sessionState")
    """The state of the session, which the answer returns."""
    session_attributes = mapping("sessionState", "sessionAttributes")
    """The attributes of the session."""
    request_attributes = mapping("requestAttributes")
    """The attributes of the request."""
    active_contexts = items("sessionState", "activeContexts")
    """The contexts that are active."""
    dialog_action = mapping("sessionState", "dialogAction")
    """The last action of the dialogue."""
    intent = optional_part(LexIntent, "sessionState", "intent")
    """The intent of the conversation."""
    interpretations = parts(LexInterpretation, "interpretations")
    """The intents that the input may mean, the likeliest first."""
    proposed_next_state = mapping("proposedNextState")
    """The state to which Lex would go if the function did not change it; empty without one."""
    transcriptions = items("transcriptions")
    """The texts that spoken input may mean."""

    @property
    def is_fulfillment(self) -> bool:
        """True if the function has to fulfil the intent."""
        return self._optional("invocationSource") == "FulfillmentCodeHook"

    @property
    def slots(self) -> dict[str, Any]:
        """The slots of the intent of the conversation, as they are in the event."""
        found = self._find("sessionState", "intent", "slots")
        return found if type_of(found) is dict else {}

    def slot(self, name: str) -> str | None:
        """Return the value of a slot as Lex has interpreted it; None for a slot without a value."""
        return self._optional("sessionState", "intent", "slots", name, "value", "interpretedValue")
