"""Work on objects of S3 under test: a notification that comes twice, a new version, and an object that is no image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from thumbnails import shrink, thumbnails, uploads

from lambda_kit.testing import events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing import Invoke

KEY = "cats/grey cat.pgm"


@pytest.fixture(autouse=True)
def buckets(idempotency_store: object) -> Iterator[None]:
    yield
    thumbnails.clear()


def version(number: str, key: str = KEY) -> Any:
    return events.s3(key, fields={"s3": {"object": {"versionId": number}}})


def test_a_notification_that_comes_twice_makes_one_thumbnail(lambda_invoke: Invoke) -> None:
    first, second = lambda_invoke(shrink, version("v1")), lambda_invoke(shrink, version("v1"))
    assert first.unwrap() == second.unwrap() == [f"{KEY}@v1"]
    assert thumbnails == {f"{KEY}@v1": b"P5 2 1 255\n\x00\x20"}
    first.logs.one(message="thumbnail made")
    second.logs.assert_none(message="thumbnail made")


def test_a_new_version_of_a_key_is_another_image(lambda_invoke: Invoke) -> None:
    lambda_invoke(shrink, version("v1"))
    uploads()[KEY, "v2"] = b"P5 1 1 255\n\xff"
    lambda_invoke(shrink, version("v2")).logs.one(message="thumbnail made", version="v2")
    assert thumbnails[f"{KEY}@v2"] == b"P5 1 1 255\n\xff"
    assert len(thumbnails) == 2


def test_an_image_that_failed_is_tried_again_and_the_one_before_it_is_not_made_twice(lambda_invoke: Invoke) -> None:
    uploads()["dog.pgm", "v1"] = b"GIF89a"
    both = events.joined(version("v1"), version("v1", "dog.pgm"))
    assert "no image" in str(lambda_invoke(shrink, both).error)
    uploads()["dog.pgm", "v1"] = b"P5 1 1 255\n\x01"
    again = lambda_invoke(shrink, both)
    assert again.unwrap() == [f"{KEY}@v1", "dog.pgm@v1"]
    assert again.logs.one(message="thumbnail made")["key"] == "dog.pgm"
