"""Somebody at a browser: signed in by a link, with the cookies they were given.  Used by the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx
from tests.doors import Door

HERE = "http://127.0.0.1:8000"


@dataclass
class Browser:
    """Keeps cookies as a browser does; nothing else is sent unless told."""

    door: Door
    cookies: dict[str, str] = field(default_factory=dict[str, str])

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Accept": "text/html", **more.pop("headers", {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.door.client.cookies.clear()
        answer = self.door.run(self.door.client.request(method, HERE + path, headers=headers, **more))
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        return answer

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, fields: dict[str, str], **more: Any) -> httpx.Response:
        return self.ask("POST", path, data=fields, **more)

    def link(self, role: str) -> str:
        links = self.door.app.state.links
        return f"/sign-in/once/{links.make(self.door.tokens.check(self.door.token(role)), role)}"


def signed_in(door: Door, role: str = "practitioner") -> Browser:
    browser = Browser(door)
    assert browser.get(browser.link(role)).status_code == 303
    return browser


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "input" and given.get("type") == "hidden":
            self.hidden[str(given["name"])] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(answer: httpx.Response) -> _Text:
    found = _Text()
    found.feed(answer.text)
    return found


def text_of(answer: httpx.Response) -> str:
    """What a person reads on a page."""
    return " ".join(" ".join(read(answer).words).split())
