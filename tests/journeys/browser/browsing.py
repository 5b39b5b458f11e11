"""Somebody at a real browser: Chromium, moved by a mouse or by the keyboard alone, with or without JavaScript.

    person = people.in_role("practitioner", KEYBOARD)      signed in, in a window of their own
    person.go("/lists/breach")                             an address
    person.follow("Record something")                      a link, by its words
    person.record(case, "record-absence", {...})           a command's form, filled in and sent
    person.page                                            Playwright's page, for whatever else is looked at

Every page that somebody meets with a mouse is held against WCAG 2.2 AA by axe, once for each address; every page of
everybody must fit a window 320 pixels wide (`fits`).  Used by the tests of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from uuid import uuid4

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

# The standards a page is held to: WCAG 2.0, 2.1 and 2.2, levels A and AA.
STANDARDS: Final = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
NARROW: Final = {"width": 320, "height": 800}
WIDE: Final = {"width": 1100, "height": 900}
A_LINK: Final = re.compile(r"^ +([a-z-]+) +(http://\S+/sign-in/once/\S+)$", re.MULTILINE)
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[0-9]+")
MOST_STOPS: Final = 200  # of the Tab key on one page


@dataclass(frozen=True)
class Way:
    """How somebody uses a browser."""

    name: str
    keyboard: bool
    scripts: bool

    def __str__(self) -> str:
        return self.name


MOUSE: Final = Way("with a mouse", keyboard=False, scripts=True)
KEYBOARD: Final = Way("with the keyboard alone and no JavaScript", keyboard=True, scripts=False)
WAYS: Final = (MOUSE, KEYBOARD)


@dataclass
class People:
    """Whoever comes to one server.  A link is used once, and a role has one window for each way: what a browser has
    fetched and compiled there is not fetched again."""

    browser: Browser
    address: str
    links: Mapping[str, str]
    windows: dict[tuple[str, Way], Person] = field(default_factory=dict[tuple[str, "Way"], "Person"])
    sessions: dict[str, Any] = field(default_factory=dict[str, Any])
    looked_at: set[str] = field(default_factory=set[str])

    @cached_property
    def day_first(self) -> bool:
        """Whether this browser's own fields have 3 February as 03/02, or as 02/03: it goes by its installation."""
        page = self.browser.new_page()
        page.set_content("<label>Day <input type=date></label>")
        page.locator("input").focus()
        page.keyboard.type("03022026")
        found = page.locator("input").input_value()
        page.close()
        return found == "2026-02-03"

    def in_role(self, role: str, way: Way = MOUSE) -> Person:
        """Somebody of this role, signed in, at their window."""
        person = self.windows.get((role, way))
        if person is None:
            person = self.windows[role, way] = Person(self, way, self._window(way, self.sessions.get(role)))
            if role not in self.sessions:
                person.page.goto(self.links[role])
                person.look()
                self.sessions[role] = person.page.context.storage_state()
        return person

    def stranger(self, way: Way = MOUSE) -> Person:
        """Somebody who is not signed in, in a window of their own."""
        return Person(self, way, self._window(way, None))

    def _window(self, way: Way, state: Any) -> Page:
        context = self.browser.new_context(
            base_url=self.address,
            java_script_enabled=way.scripts,
            locale="en-GB",
            timezone_id="Europe/London",
            viewport=WIDE,  # type: ignore[arg-type]
            storage_state=state,
        )
        context.set_default_timeout(15_000)
        return context.new_page()


@dataclass
class Person:
    """Somebody at one window."""

    people: People
    way: Way
    page: Page

    # ------------------------------------------------------------------------------------ what they see

    @property
    def text(self) -> str:
        """What stands on the page, as it is read."""
        return " ".join(self.page.locator("body").inner_text().split())

    def sees(self, *words: str) -> None:
        for each in words:
            assert each in self.text, (each, self.page.url, self.text[:1_500])

    def sees_no(self, *words: str) -> None:
        for each in words:
            assert each not in self.text, (each, self.page.url)

    def look(self) -> None:
        """The page is held against the standards, if none at its address has been, whatever the ids in it."""
        kind = _ID.sub("*", self.page.url.partition("?")[0]) + ("?" if "?" in self.page.url else "")
        kind += " refused" if self.page.locator(".govuk-error-summary").count() else ""
        if self.way.scripts and kind not in self.people.looked_at:
            self.people.looked_at.add(kind)
            self.is_whole()

    def is_whole(self) -> None:
        """The page has one heading of its own, keeps to the standards, and fits a narrow window."""
        assert self.page.locator("h1").count() == 1, (self.page.url, self.text[:500])
        assert self.page.title().endswith("– Case ledger"), self.page.url
        self.is_accessible()
        self.fits()

    def is_accessible(self) -> None:
        found = Axe().run(self.page, options=STANDARDS).response["violations"]
        told = [(each["id"], each["help"], [node["target"] for node in each["nodes"][:3]]) for each in found]
        assert not told, (self.page.url, told)

    def fits(self) -> None:
        """In a window 320 pixels wide the page does not scroll sideways: what is wide scrolls in a place of its own."""
        self.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        width = self.page.evaluate("document.documentElement.scrollWidth")
        self.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        assert width <= NARROW["width"], (self.page.url, width)

    # ------------------------------------------------------------------------------------ what they do

    def go(self, path: str) -> None:
        self.page.goto(path)
        self.look()

    def follow(self, words: str) -> None:
        """A link, by its words."""
        self.press(self.page.get_by_role("link", name=words, exact=True).first)

    def press(self, what: Locator, *, leads: bool = True) -> None:
        """A link or a button, and wherever it leads, if it does."""
        if self.way.keyboard:
            self.reach(what)
            if leads:
                with self.page.expect_navigation():
                    self.page.keyboard.press("Enter")
            else:
                self.page.keyboard.press("Enter")
        else:
            what.click()
            self.page.wait_for_load_state()  # whatever a click leads to has begun by now
        self.look()

    def reach(self, what: Locator) -> None:
        """By the Tab key, from wherever the focus is."""
        for _ in range(MOST_STOPS):
            if what.evaluate("each => each === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {what} on {self.page.url}")

    def fill(self, values: Mapping[str, str]) -> None:
        """Fields of a form, by name, in the order of the page."""
        for name, value in values.items():
            found = self.page.locator(f'main [name="{name}"]')
            kind = found.first.evaluate("each => each.tagName === 'INPUT' ? each.type : each.tagName.toLowerCase()")
            if kind == "radio":
                self._choose(found, self.page.locator(f'main [name="{name}"][value="{value}"]'))
            elif kind == "select":
                self._select(found, value)
            elif self.way.keyboard:
                self._type(found, kind, value)
            else:
                found.fill(value)

    def record(self, at: str, command: str, values: Mapping[str, str]) -> str:
        """A form of a case, filled in and sent; the position it was recorded at.  `at`: offenders/<id>"""
        self.go(f"/record/{at}/{command}")
        self.fill(values)
        self.send("Record")
        self.sees("Recorded and sealed")
        found = re.search(r"Position (\d+)", self.text)
        assert found
        return found[1]

    def send(self, button: str) -> None:
        self.press(self.page.get_by_role("button", name=button, exact=True))

    def _choose(self, group: Locator, wanted: Locator) -> None:
        if not self.way.keyboard:
            wanted.check()
            return
        checked = next((each for each in group.all() if each.is_checked()), group.first)
        self.reach(checked)
        self.page.keyboard.press("Space")
        for _ in range(group.count()):
            if wanted.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        assert wanted.is_checked()

    def _select(self, field: Locator, value: str) -> None:
        if not self.way.keyboard:
            field.select_option(value)
            return
        self.reach(field)
        for _ in range(field.locator("option").count()):
            if field.input_value() == value:
                return
            self.page.keyboard.press("ArrowDown")
        assert field.input_value() == value

    def _type(self, field: Locator, kind: str, value: str) -> None:
        """As a person types it; days and clocks in the order in which this browser's own fields have them."""
        self.reach(field)
        if kind == "date":
            self.page.keyboard.type(self._digits(value))
        elif kind == "datetime-local":
            day, clock = value.split("T")
            self.page.keyboard.type(self._digits(day))
            self.page.keyboard.press("ArrowRight")
            self.page.keyboard.type(clock.replace(":", "") if self.people.day_first else _twelve_hours(clock))
        else:
            self.page.keyboard.press("ControlOrMeta+A")
            self.page.keyboard.type(value)
        assert field.input_value().startswith(value), (kind, value, field.input_value())

    def _digits(self, day: str) -> str:
        year, month, date = day.split("-")
        return date + month + year if self.people.day_first else month + date + year


def _twelve_hours(clock: str) -> str:
    """14:30 as 0230P"""
    hour, minute = map(int, clock.split(":"))
    return f"{(hour - 1) % 12 + 1:02}{minute:02}{'P' if hour >= 12 else 'A'}"


def a_new_id() -> str:
    return str(uuid4())
