"""All targets by their names."""

from __future__ import annotations

from fuzz import agent, replies, requests, sockets, texts, tokens

TARGETS = {
    one.name: one
    for one in (*replies.TARGETS, *agent.TARGETS, *requests.TARGETS, *sockets.TARGETS, *tokens.TARGETS, *texts.TARGETS)
}
