"""Fan-out and aggregation: a book is split into chapters, workers count words, the last one adds up, exactly once.

echo '{"book": "b-1", "chapters": ["it was the best of times", "it was the worst of times"]}' \\
  | lambda-kit invoke word_counts.split --event -

`split` and `count` are two functions on Lambda. A list stands for the queue, SQLite for the table of the parts.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from lambda_kit import Logger, handler, init, provide
from lambda_kit.batch import batch

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log = Logger(service="word-counts")
queue: list[dict[str, Any]] = []


class Chapter(BaseModel):
    """The message for one chapter. It says how many parts there are, so that any worker may be the last."""

    book: str
    part: int = Field(ge=0)
    parts: int = Field(gt=0)
    text: str


@init.resource(close=sqlite3.Connection.close)
def database() -> sqlite3.Connection:
    """Open the tables of parts and totals; their keys are what makes duplicates harmless."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.execute("create table parts (book, part integer, words integer, primary key (book, part))")
    connection.execute("create table totals (book primary key, words integer)")
    return connection


@handler(log)
def split(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send a message for each chapter. If it runs twice, it sends the same parts again."""
    chapters: list[str] = event["chapters"]
    for part, text in enumerate(chapters):
        queue.append({"book": event["book"], "part": part, "parts": len(chapters), "text": text})
    return {"book": event["book"], "parts": len(chapters)}


def aggregate(db: sqlite3.Connection, book: str, parts: int) -> int | None:
    """Return the sum if all parts are there and nobody has added up yet, else None."""
    count, words = db.execute("select count(*), sum(words) from parts where book = ?", (book,)).fetchone()
    if count < parts:
        return None
    # On DynamoDB: a put under the condition `attribute_not_exists(book)`. One of the workers wins.
    won = db.execute("insert or ignore into totals values (?, ?)", (book, words)).rowcount
    return int(words) if won else None


@handler(log, provide(db=database))
@batch(source="sqs", model=Chapter)
def count(chapter: Chapter, *, db: sqlite3.Connection) -> None:
    """Count the words of a chapter, then look whether it was the last one."""
    words = len(chapter.text.split())
    if not words:
        raise ValueError(f"part {chapter.part} of {chapter.book} is empty")
    db.execute("insert or replace into parts values (?, ?, ?)", (chapter.book, chapter.part, words))
    total = aggregate(db, chapter.book, chapter.parts)
    if total is not None:
        log.info("book counted", book=chapter.book, words=total)
