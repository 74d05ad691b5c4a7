"""Events of change streams of DocumentDB."""

from __future__ import annotations

from lambda_kit.events._fields import mapping, optional, optional_whole, text, time
from lambda_kit.events._view import ContentView, EventView, T_co


class DocumentDBChange(ContentView[T_co]):
    """A change of a document.

    See: `DocumentDBEvent`.

    Attributes:
        raw: the dict, which holds the change as `event`.
    """

    __slots__ = ()
    _label = ("event", "operationType")

    id = text("event", "_id", "_data")
    """The id of the change, from which a change stream can be resumed."""
    operation = text("event", "operationType")
    """The kind of change, such as `"insert"`, `"update"`, `"replace"` or `"delete"`."""
    database = optional("event", "ns", "db")
    """The name of the database."""
    collection = optional("event", "ns", "coll")
    """The name of the collection."""
    document_key = mapping("event", "documentKey")
    """The key of the document, as extended JSON: `{"_id": {"$oid": ...}}`."""
    full_document = mapping("event", "fullDocument")
    """The document after the change, as extended JSON; empty if the stream does not include it."""
    update_description = mapping("event", "updateDescription")
    """The fields that an update has set and removed."""
    changed_at = time("event", "clusterTime", "$timestamp", "t", per_second=1)
    """The time of the change, to the second."""
    ordinal = optional_whole("event", "clusterTime", "$timestamp", "i")
    """The number of the change within its second."""


class DocumentDBEvent(EventView["DocumentDBChange[T_co]"]):
    """Changes of documents.

    The shape is that of AWS's documentation; no recorded event was at hand.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/with-documentdb.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "document_db"
    _record = DocumentDBChange
    _list = "events"

    cluster_arn = text("eventSourceArn")
    """The ARN of the cluster."""
