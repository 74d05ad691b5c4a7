"""E-mails that SES receives."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._fields import flag, optional, optional_whole, text, texts, time
from lambda_kit.events._view import ContentView, EventView, T_co, once


class SesRecord(ContentView[T_co]):
    """An e-mail. Its content is not in the event: an action for S3 stores it.

    See: `SesEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("ses", "mail", "messageId")

    message_id = text("ses", "mail", "messageId")
    """The id that SES has given to the e-mail. An action for S3 uses it as the name of the object."""
    mail_from = optional("ses", "mail", "source")
    """The address of the envelope from which the e-mail comes (`MAIL FROM`)."""
    destinations = texts("ses", "mail", "destination")
    """The addresses of the envelope to which the e-mail goes."""
    sent_at = time("ses", "mail", "timestamp")
    """The time at which SES received the e-mail."""
    headers_truncated = flag("ses", "mail", "headersTruncated")
    """True if the headers were larger than 10 kB, and were cut."""
    subject = optional("ses", "mail", "commonHeaders", "subject")
    """The header `Subject`."""
    from_addresses = texts("ses", "mail", "commonHeaders", "from")
    """The header `From`."""
    to = texts("ses", "mail", "commonHeaders", "to")
    """The header `To`; empty without one."""
    cc = texts("ses", "mail", "commonHeaders", "cc")
    """The header `Cc`; empty without one."""
    bcc = texts("ses", "mail", "commonHeaders", "bcc")
    """The header `Bcc`; empty without one."""
    sender = optional("ses", "mail", "commonHeaders", "sender")
    """The header `Sender`."""
    reply_to = texts("ses", "mail", "commonHeaders", "replyTo")
    """The header `Reply-To`; empty without one."""
    return_path = optional("ses", "mail", "commonHeaders", "returnPath")
    """The header `Return-Path`."""
    date = optional("ses", "mail", "commonHeaders", "date")
    """The header `Date`, as it was written."""
    message_id_header = optional("ses", "mail", "commonHeaders", "messageId")
    """The header `Message-ID`, which the sender has set."""
    recipients = texts("ses", "receipt", "recipients")
    """The recipients that the receipt rule matched."""
    received_at = time("ses", "receipt", "timestamp")
    """The time at which the action was started."""
    processing_time = optional_whole("ses", "receipt", "processingTimeMillis")
    """The time from receiving the e-mail to starting the action, in milliseconds."""
    spam_verdict = optional("ses", "receipt", "spamVerdict", "status")
    """The verdict on spam: `"PASS"`, `"FAIL"`, `"GRAY"` or `"PROCESSING_FAILED"`."""
    virus_verdict = optional("ses", "receipt", "virusVerdict", "status")
    """The verdict on viruses."""
    spf_verdict = optional("ses", "receipt", "spfVerdict", "status")
    """The verdict of SPF."""
    dkim_verdict = optional("ses", "receipt", "dkimVerdict", "status")
    """The verdict of DKIM."""
    dmarc_verdict = optional("ses", "receipt", "dmarcVerdict", "status")
    """The verdict of DMARC."""
    dmarc_policy = optional("ses", "receipt", "dmarcPolicy")
    """The policy of the sender's domain, if DMARC failed: `"none"`, `"quarantine"` or `"reject"`."""
    action_type = optional("ses", "receipt", "action", "type")
    """The type of the action: `"Lambda"`."""
    invocation_type = optional("ses", "receipt", "action", "invocationType")
    """`"Event"`, or `"RequestResponse"` for a function that decides whether the next rules run."""
    function_arn = optional("ses", "receipt", "action", "functionArn")
    """The ARN of the function."""
    topic_arn = optional("ses", "receipt", "action", "topicArn")
    """The ARN of the topic that the action notifies; None without one."""

    @once
    def headers(self) -> list[tuple[str, str]]:
        """The headers, in their order; a name may occur more than once."""
        found = self._find("ses", "mail", "headers")
        pairs = (
            [(one.get("name"), one.get("value")) for one in found if type_of(one) is dict]
            if type_of(found) is list
            else []
        )
        return [(name, value) for name, value in pairs if type_of(name) is str and type_of(value) is str]


class SesEvent(EventView["SesRecord[T_co]"]):
    """E-mails that SES received.

    See: <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "ses"
    _record = SesRecord
