"""All targets by their names."""

from __future__ import annotations

from fuzz import replies, requests, texts

TARGETS = {one.name: one for one in (*replies.TARGETS, *requests.TARGETS, *texts.TARGETS)}
