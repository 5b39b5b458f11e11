"""index.html in a browser without a network: what it shows, what it says of itself, and when something is wrong."""

import json
import re
from html.parser import HTMLParser

import pytest
from tests.disclosing.browser import CHROMIUM, MISSING, Browser
from tests.transparency.bundling import ANN, NOBODY, ORIGIN, SALT, World, a_world

from ledger.disclosing.page import page
from ledger.transparency.bundle import contents
from ledger.transparency.bundle.contents import Opening
from ledger.transparency.cosignature import Cosigner
from ledger.transparency.note import Signer

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
NOTE = {8: {"note": Opening(SALT, "no reason given")}}
THIEF = Signer(ORIGIN, b"\x09" * 32).verifier().vkey()


@pytest.fixture(scope="module")
def world():
    return a_world()


@pytest.fixture(scope="module")
def browser():
    with Browser() as one:
        yield one


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page in the browser."""

    def open_(data):
        path = tmp_path / "index.html"
        path.write_bytes(data)
        browser.open(path)
        return browser

    return open_


def state(browser):
    return browser.run("document.getElementById('verdict').dataset.state")


# --- without a browser ---------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_fetches_nothing_and_lets_nothing_else_run(world):
    text = page(world.files(ANN)).decode()
    tags = Tags()
    tags.feed(text)
    assert not [tag for tag, given in tags.found if "src" in given or tag in ("link", "img", "iframe", "object")]
    assert not [given for _, given in tags.found if any(name.startswith("on") or name == "style" for name in given)]
    policy = next(given["content"] for tag, given in tags.found if given.get("http-equiv"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_no_text_of_anybodys_can_end_the_data(world):
    hostile = "</script><script>alert(1)</script><!--"
    text = page({"checkpoint": hostile.encode()}).decode()
    assert hostile not in text
    assert json.loads(re.search(r'id="bundle">(.*?)</script>', text)[1]) == {"checkpoint": hostile}


def test_files_that_the_page_does_not_check_are_not_in_it(world):
    text = page(world.files(ANN) | {"chronology.pdf": b"%PDF", "manifest.json": b"{}"}).decode()
    held = json.loads(re.search(r'id="bundle">(.*?)</script>', text)[1])
    assert set(held) >= {"checkpoint", "chain.json", "heads.json", "openings.json", "policy", "entries/9.json"}
    assert not {"chronology.pdf", "chronology.csv", "manifest.json", "access-key"} & set(held)


# --- with one ------------------------------------------------------------------------------------------------


@needs_browser
def test_it_shows_the_chronology_and_is_consistent_until_the_key_is_entered(world, opened):
    browser = opened(page(world.files(ANN, withheld=(3,), opened=NOTE)))
    assert browser.text("#state") == "consistent under the key in this file"
    assert world.vkey in browser.text("#because")
    assert browser.run("document.querySelectorAll('#chronology tbody tr').length") == 5
    table = browser.text("#chronology")
    assert "A fact that is withheld whole." in table
    assert "no reason given" in table
    assert "[withheld]" in table
    assert "[erased]" in table
    assert "Absence recorded" in table
    assert (
        f"All 5 facts that concern {ANN} up to 02/03/2026 10:00:09 (London), in this order; 1 withheld whole; "
        "1 value opened, 2 withheld, 1 erased."
    ) in browser.text("#checked")
    assert "A forged page can lie" in browser.text("main")


@needs_browser
def test_after_the_right_key_it_is_verified_and_after_a_wrong_one_not_this_ledgers(world, opened):
    browser = opened(page(world.files(ANN)))
    for key, said, title in (
        (THIEF, "not-this-ledgers", "not this ledger's"),
        (f"  {world.vkey} ", "verified", "verified"),
        ("anything", "not-this-ledgers", "not this ledger's"),
        (world.vkey[:-1], "not-this-ledgers", "not this ledger's"),
        ("", "consistent", "consistent under the key in this file"),
    ):
        browser.type("#key", key) if key else browser.run("document.querySelector('#key').value = ''")
        browser.press("button")
        assert (state(browser), browser.text("#state")) == (said, title)


@needs_browser
def test_nothing_was_fetched_and_the_browser_complains_of_nothing(world, opened):
    browser = opened(page(world.files(ANN)))
    assert [url for url in browser.requests() if not url.startswith("file:")] == []
    assert len(browser.requests()) == 1
    assert browser.complaints() == []


@needs_browser
def test_that_there_is_no_such_case_is_checked_too(world, opened):
    browser = opened(page(world.files(NOBODY)))
    assert state(browser) == "consistent"
    assert f"No fact of this ledger concerned {NOBODY}" in browser.text("#checked")


@needs_browser
def test_a_page_of_another_key_is_consistent_and_never_this_ledgers(opened, world):
    forged = World()
    forged.log.signer = Signer(ORIGIN, b"\x09" * 32)
    forged.absence(ANN)
    forged.close()
    browser = opened(page(forged.files(ANN)))
    assert state(browser) == "consistent"
    browser.type("#key", world.vkey)
    browser.press("button")
    assert state(browser) == "not-this-ledgers"


def rotated():
    """A ledger that had two keys before the one that signs: the page, and the three keys."""
    world = World()
    keys, announced = [world.vkey], {}
    for seed in (b"\x21" * 32, b"\x22" * 32):
        world.absence(ANN)
        announced |= dict([world.rotate(seed)])
        keys.append(world.vkey)
    world.close()
    return world.files(ANN) | announced, keys


@needs_browser
def test_a_key_that_signs_no_more_is_followed_through_the_announcements(opened):
    files, keys = rotated()
    for key, at in zip(keys, ("position 2, then 4.", "position 4.", None), strict=True):
        browser = opened(page(files))
        browser.type("#key", key)
        browser.press("button")
        browser.until("document.getElementById('verdict').dataset.state !== 'consistent'")
        assert state(browser) == "verified"
        assert (at or "by the key you entered.") in browser.text("#because")
    browser = opened(page({name: data for name, data in files.items() if name != "announcements/1.tlog-proof"}))
    browser.type("#key", keys[0])
    browser.press("button")
    browser.until("document.getElementById('verdict').dataset.state !== 'consistent'")
    assert state(browser) == "not-this-ledgers"


@needs_browser
def test_an_announcement_with_a_byte_changed_leads_to_no_key(opened):
    files, keys = rotated()
    name = "announcements/3.tlog-proof"
    text = files[name].decode()
    index = text.index("index")
    for at in (30, index // 2, index + 6, index + 12, text.index("\n\n") + 30, len(text) - 20):
        changed = text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]
        browser = opened(page(files | {name: changed.encode()}))
        browser.type("#key", keys[0])
        browser.press("button")
        browser.until("document.getElementById('verdict').dataset.state !== 'consistent'")
        assert state(browser) in ("not-verified", "not-this-ledgers"), at


@needs_browser
def test_of_two_keys_that_sign_either_is_the_ledgers_and_of_the_third_kind_it_says_what_it_cannot(opened):
    world = World()
    first, second = world.log.signer, Signer(ORIGIN, b"\x21" * 32)
    quantum = Cosigner(ORIGIN, b"\x22" * 32)
    world.absence(ANN)
    world.close()
    files = world.files(ANN)
    vkeys = [each.verifier().vkey() for each in (first, second, quantum)]
    files[contents.POLICY] = "".join([*(f"log {each}\n" for each in vkeys), "quorum none\n"]).encode()
    files[contents.CHECKPOINT] = world.log.checkpoint().sign(first, second, quantum.at(0)).encode()
    expected = ("verified", "verified", "consistent")
    for vkey, says in zip(vkeys, expected, strict=True):
        browser = opened(page(files))
        assert vkeys[0] in browser.text("#because")
        assert vkeys[1] in browser.text("#because")
        browser.type("#key", vkey)
        browser.press("button")
        browser.until(f"document.getElementById('verdict').dataset.state === '{says}'")
        assert ("of a kind that browsers cannot check" in browser.text("#because")) == (says == "consistent")


CHANGES = {
    "a fact": ("entries/8.json", "FTA", "FTX", "position 9"),
    "a proof": ("proofs/5.tlog-proof", "index 5", "index 4", "position 6"),
    "the checkpoint": ("checkpoint", "\n10\n", "\n11\n", "signature"),
    "the end of the case": ("heads.json", '"n": 5', '"n": 4', "map"),
    "the closing": ("entries/9.json", '"size":9', '"size":8', "position 10"),
    "a value": ("openings.json", "no reason", "a reason", "position 9"),
    "a salt": ("openings.json", "AAEC", "BBEC", "position 9"),
    "the key": ("policy", "log ledger.example/kent+d", "log ledger.example/kent+e", "id"),
    "a withheld leaf": ("entries/3.leaf", "\n", "", "position 4"),
}


@needs_browser
@pytest.mark.parametrize("what", CHANGES)
def test_with_one_thing_changed_it_is_not_verified_and_says_where(world, opened, what):
    name, old, new, where = CHANGES[what]
    files = world.files(ANN, withheld=(3,), opened=NOTE)
    text = files[name].decode()
    assert old in text
    browser = opened(page(files | {name: text.replace(old, new, 1).encode()}))
    assert state(browser) == "not-verified"
    assert where in browser.text("#verdict")
    browser.run("document.querySelector('#key').disabled = false")
    browser.type("#key", world.vkey)
    browser.press("button")
    assert state(browser) == "not-verified", "no key makes it good"


def sealed_lies():
    """Cases that a ledger sealed which may seal anything: under its own key, with everything hashed anew."""
    late, twice, version, closing = (World() for _ in range(4))
    for world in (late, twice, version, closing):
        world.absence(ANN)
    first = json.loads(late.log.entries[0])
    late.log.add(ANN, "offender.absence-recorded.v1", recorded="2026-03-01T10:00:00.000000Z")
    twice.log.add(ANN, "offender.absence-recorded.v1", id=first["id"])
    version.log.add(ANN, "offender.absence-recorded.v1", version=1, previous=None)
    for world in (late, twice, version):
        world.close()
    closing.close()
    closing.log.entries[-1] = closing.log.entries[-1].replace(b'"size":1', b'"size":1.0')
    return {"recorded before": late, "has this id": twice, "next version": version, "cannot be read": closing}


@needs_browser
@pytest.mark.parametrize("says", sealed_lies())
def test_what_the_program_refuses_though_it_is_sealed_the_page_refuses_too(opened, says):
    world = sealed_lies()[says]
    files = world.files(ANN, entries=list(range(len(world.log.entries) - 1)))
    assert not world.verify(world.seal(files, world.manifest(ANN, files))).ok
    browser = opened(page(files))
    assert state(browser) == "not-verified"
    assert says in browser.text("#because").lower()


@needs_browser
@pytest.mark.parametrize(
    "name, old, new",
    [
        ("chain.json", '"case"', '"case": "offender-7",\n  "case"'),
        ("openings.json", '"value"', '"value": "another",\n        "value"'),
        ("heads.json", '"closing": 9', '"closing": 9.0'),
        ("chain.json", "  1,", "  1e0,"),
    ],
)
def test_a_file_that_can_be_read_in_two_ways_is_not_read(world, opened, name, old, new):
    files = world.files(ANN, opened=NOTE)
    text = files[name].decode()
    assert old in text
    files[name] = text.replace(old, new, 1).encode()
    assert not world.verify(world.seal(files, world.manifest(ANN, files))).ok
    browser = opened(page(files))
    assert state(browser) == "not-verified"
    assert "cannot be read" in browser.text("#because")


@needs_browser
def test_no_case_is_absent_on_the_page_under_a_name_that_looks_like_its_own(world, opened):
    double = ANN.replace("a", "\N{CYRILLIC SMALL LETTER A}")
    assert state(opened(page(world.files(double)))) == "not-verified"


@needs_browser
@pytest.mark.parametrize("entries", [[1, 3, 5, 7], [3, 5, 7, 8], [1, 5, 7, 8], [1, 2, 3, 5, 7, 8], []])
def test_facts_left_out_or_added_are_missed(world, opened, entries):
    assert state(opened(page(world.files(ANN, entries=entries)))) == "not-verified"


@needs_browser
def test_random_bytes_of_the_data_are_never_passed(world, opened):
    import random

    drawn = random.Random(20_261_122)
    whole = page(world.files(ANN, withheld=(3,), opened=NOTE))
    begins, ends = whole.index(b'id="bundle">') + 12, whole.index(b"</script>", whole.index(b'id="bundle">'))
    for _ in range(60):
        at = drawn.randrange(begins, ends)
        changed = whole[:at] + bytes([whole[at] ^ 1 << drawn.randrange(6)]) + whole[at + 1 :]
        browser = opened(changed)
        browser.run("document.querySelector('#key').disabled = false")
        browser.type("#key", world.vkey)
        browser.press("button")
        # The second key of the policy is not looked at, so a change there changes nothing that is said.
        line = whole[whole.rindex(b"log ", begins, at) : at] if b"log " in whole[begins:at] else b""
        assert state(browser) in ("not-verified", "not-this-ledgers") or b"/access+" in line, whole[at - 30 : at + 30]


@needs_browser
def test_what_a_person_wrote_is_shown_as_text(opened):
    world = World()
    hostile = "<img src=x onerror=alert(1)>"
    world.absence(ANN, note=hostile)
    world.close()
    browser = opened(page(world.files(ANN, opened={0: {"note": Opening(SALT, hostile)}})))
    assert hostile in browser.text("#chronology")
    assert browser.run("document.querySelectorAll('img').length") == 0


@needs_browser
def test_on_a_narrow_screen_only_the_table_scrolls_and_its_words_stay_words(opened):
    """WCAG 2.2, 1.4.10: nothing but a table may need two directions at 320 CSS pixels."""
    world = World()
    world.absence(ANN, note="said he was ill and would send a letter")
    world.close()
    opening = {0: {"note": Opening(SALT, "said he was ill and would send a letter")}}
    browser = opened(page(world.files(ANN, opened=opening)))
    browser.narrow(320)
    assert browser.run("document.documentElement.scrollWidth <= 320")
    assert browser.run("document.querySelector('.wide').scrollWidth > document.querySelector('.wide').clientWidth")
    assert browser.run("[...document.querySelectorAll('dd')].every((e) => e.clientWidth >= 120)")


@needs_browser
def test_a_record_that_was_struck_out_says_by_which_and_the_words_that_say_so_are_not_struck(opened):
    world = World()
    world.absence(ANN)
    target = "019a0000-0000-7000-8000-000000000000"
    world.log.add(ANN, "record.struck-out.v1", values={"event_ref": target, "on": "2026-03-02"})
    world.close()
    browser = opened(page(world.files(ANN)))
    assert browser.text("#fact-1 s") == "Absence recorded"
    assert "Struck out by 2: this does not stand." in browser.text("#fact-1")
    assert browser.run("getComputedStyle(document.querySelector('#fact-1 .mark')).textDecorationLine") == "none"
    assert browser.run("document.querySelector('#fact-1 s .mark') === null")
    assert "02/03/2026" in browser.text("#fact-2 dl")


@needs_browser
def test_every_field_has_its_label_and_every_part_its_heading(world, opened):
    browser = opened(page(world.files(ANN)))
    assert browser.run("document.documentElement.lang") == "en-GB"
    assert browser.run("[...document.querySelectorAll('input')].every((e) => e.labels.length === 1)")
    assert browser.run("[...document.querySelectorAll('#chronology th')].every((e) => e.scope)")
    assert browser.run("[...document.querySelectorAll('section')].every((e) => e.getAttribute('aria-labelledby'))")
    assert browser.run("document.querySelectorAll('h1').length") == 1
