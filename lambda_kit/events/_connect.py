"""Events of Amazon Connect."""

from __future__ import annotations

from lambda_kit.events._fields import Event, mapping, optional, text

_DATA = ("Details", "ContactData")


class ConnectEvent(Event):
    """A block of a flow that calls the function. The function answers with a flat object of texts.

    See: <https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "connect"
    _label = (*_DATA, "ContactId")

    parameters = mapping("Details", "Parameters")
    """The parameters that the block passes."""
    attributes = mapping(*_DATA, "Attributes")
    """The attributes of the contact."""
    contact_id = text(*_DATA, "ContactId")
    """The id of the contact."""
    initial_contact_id = optional(*_DATA, "InitialContactId")
    """The id of the first contact of the interaction."""
    previous_contact_id = optional(*_DATA, "PreviousContactId")
    """The id of the contact before a transfer."""
    channel = optional(*_DATA, "Channel")
    """The channel, such as `"VOICE"`, `"CHAT"` or `"TASK"`."""
    initiation_method = optional(*_DATA, "InitiationMethod")
    """The way in which the contact was initiated, such as `"INBOUND"`, `"OUTBOUND"` or `"API"`."""
    instance_arn = optional(*_DATA, "InstanceARN")
    """The ARN of the instance of Connect."""
    customer_address = optional(*_DATA, "CustomerEndpoint", "Address")
    """The telephone number of the customer; None for other channels."""
    customer_address_type = optional(*_DATA, "CustomerEndpoint", "Type")
    """The type of the address of the customer: `"TELEPHONE_NUMBER"`."""
    system_address = optional(*_DATA, "SystemEndpoint", "Address")
    """The telephone number that the customer called; None for other channels."""
    system_address_type = optional(*_DATA, "SystemEndpoint", "Type")
    """The type of the address that the customer called: `"TELEPHONE_NUMBER"`."""
    queue_name = optional(*_DATA, "Queue", "Name")
    """The name of the queue; None for a contact that is in no queue."""
    queue_arn = optional(*_DATA, "Queue", "ARN")
    """The ARN of the queue; None for a contact that is in no queue."""
    language = optional(*_DATA, "LanguageCode")
    """The language of the contact, such as `"en-US"`."""
    media_streams = mapping(*_DATA, "MediaStreams")
    """The media streams of the contact, as they are in the event."""
