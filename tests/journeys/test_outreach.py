"""A tablet goes to a village: prepared where a network is, it works a day without one, is killed while it sends, and sends the rest."""

import random
import struct
import zlib
from collections import Counter

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.applications.models import Application
from huduma.contexts.identity.models import Account
from huduma.contexts.outreach import public as outreach
from huduma.contexts.outreach.models import Device, HeldFile, Record
from huduma.contexts.payments.models import Payment
from tests.journeys.conftest import CHROMIUM, FLAGS

pytestmark = pytest.mark.browser
PIN = "mango-7291"
NAMES = ("Wanjiku", "Nafula", "Mfano", "91000001", "0712345678")
# Everything that lies in the browser's stores, as text: what a thief with the disk could read.
RAW = """async () => {
    const open = (name) => new Promise((done) => { indexedDB.open(name).onsuccess = (event) => done(event.target.result) })
    const all = (store) => new Promise((done) => { store.getAll().onsuccess = (event) => done(event.target.result) })
    const text = (value) => JSON.stringify(value, (_, one) =>
        one instanceof ArrayBuffer ? [...new Uint8Array(one)].map((byte) => String.fromCharCode(byte)).join("") : one)
    let found = JSON.stringify({...localStorage})
    for (const { name } of await indexedDB.databases()) {
        const base = await open(name)
        for (const store of base.objectStoreNames) found += text(await all(base.transaction(store).objectStore(store)))
        base.close()
    }
    return found
}"""

# The first answer about records never arrives, though they did; the second piece of a file never ends.
BAD_LINK = """() => {
    const real = window.fetch
    let pieces = 0, lost = false
    window.fetch = async (address, about) => {
        if (about?.method === "PATCH" && ++pieces === 2) return new Promise(() => { document.body.dataset.stuck = "" })
        const answer = await real(address, about)
        if (lost || !`${address}`.endsWith("/records/")) return answer
        lost = true
        throw new TypeError("the link dropped")
    }
}"""

LAID_ASIDE = """() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden" })
    document.dispatchEvent(new Event("visibilitychange"))
}"""
NINE_TRIES = """() => new Promise((done) => {
    indexedDB.open("huduma-outreach").onsuccess = ({ target: { result: base } }) => {
        const rows = base.transaction("lock", "readwrite").objectStore("lock")
        rows.get("pin").onsuccess = ({ target: { result: row } }) => rows.put({ ...row, tries: 9 }).onsuccess = () => {
            base.close()
            done(true)
        }
    }
})"""


@pytest.fixture
def tablet_in_hand(server, browser, tmp_path, officer, enter_desk_in_browser):
    """Opens the page on one tablet, whose disk outlives the browser: what was switched off is opened anew with the disk as it was."""
    opened = []

    def start(signed_in=False):
        context = browser.browser_type.launch_persistent_context(
            str(tmp_path / "tablet"), executable_path=CHROMIUM, args=FLAGS, viewport={"width": 800, "height": 1100}
        )
        opened.append(context)
        if signed_in:
            enter_desk_in_browser(context, server, Account.objects.get(id=officer.account_id))
        return context.pages[0]

    yield start
    for context in opened:
        context.close()


@pytest.fixture
def photo(tmp_path):
    """A photo of noise, which takes several pieces however it is made smaller."""
    lines = b"".join(b"\0" + random.Random(line).randbytes(3 * 800) for line in range(600))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 800, 600, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines, 1)),
        (b"IEND", b""),
    )
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    file = tmp_path / "photo.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return file


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def heading(page, name):
    page.get_by_role("heading", name=name, level=1).wait_for()


def died(page):
    """What ran in the page ends at once, and with it all that was not kept; returns a fresh one in the same tablet."""
    fresh = page.context.new_page()
    page.close()
    return fresh


def prepare(page, look=lambda page: None):
    heading(page, "Prepare this tablet")
    page.get_by_label("Name of this tablet").fill("Tablet 1")
    page.get_by_label("PIN", exact=True).fill(PIN)
    page.get_by_label("PIN again").fill(PIN)
    look(page)
    press(page, "Prepare")
    heading(page, "Queue")


def unlock(page):
    page.get_by_label("PIN").fill(PIN)
    press(page, "Open")
    heading(page, "Queue")


def give_ticket(page, priority=None):
    if priority:
        page.get_by_label(priority).check()
    page.get_by_label("Woman").check()
    page.get_by_role("button", name="Give a ticket").dblclick()  # a finger that trembles gives one number
    heading(page, "Ticket")
    number = page.locator(".number").inner_text()
    press(page, "To the queue")
    heading(page, "Queue")
    return number


def void(page, sound):
    """A ticket that was given by mistake: its number is used up, and nobody is called by it."""
    page.get_by_label("Man", exact=True).check()
    press(page, "Give a ticket")
    heading(page, "Ticket")
    press(page, "Void a number")
    heading(page, "Void a number")
    expect(page.get_by_label("Number")).to_have_value("VA003")
    press(page, "Void a number")  # without the reason
    page.get_by_role("alert").wait_for()
    sound(page)
    page.get_by_label("Reason").fill("They came for the chief’s letter.")
    press(page, "Void a number")
    page.get_by_text("Voided number VA003").wait_for()


def test_a_tablet_works_a_day_offline_and_syncs(
    server, visit, officer, tablet_in_hand, photo, sound, drain_jobs, shoot, enter_desk_in_browser
):  # fmt: skip
    page = tablet_in_hand(signed_in=True)
    page.goto(f"{server}/en/outreach/tablet/")
    prepare(page, sound)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.context.close()

    page = tablet_in_hand()  # in the village: no network, and the tablet was off
    page.context.set_offline(True)
    page.goto(f"{server}/outreach/tablet/")
    heading(page, "Locked")
    page.get_by_label("PIN").fill("mango-7292")
    press(page, "Open")
    page.get_by_text("This PIN is wrong.").wait_for()
    page.get_by_text("Tries left before everything here is erased: 9.").wait_for()
    unlock(page)
    first, second = give_ticket(page), give_ticket(page, "Pregnant")
    assert (first, second) == ("VA001", "VA002")
    sound(page)
    press(page, "Call next (2 waiting)")
    page.locator(".panel .number", has_text="VA002").wait_for()  # priority goes first
    press(page, "Take in an application")

    heading(page, "Who applies")
    page.get_by_label("ID number").fill("91")
    press(page, "Save and go on")
    page.get_by_role("alert").wait_for()
    expect(page.locator("#summary li")).to_have_text(
        ["ID number: write it as in the example.", "First name: give an answer.", "Surname: give an answer."]
    )
    for label, name in zip(("First name", "Other names", "Surname", "ID number", "Mobile number"), NAMES, strict=True):
        page.get_by_label(label).fill(name)
    page.locator("#card").set_input_files(photo)
    page.locator("canvas.thumbnail").wait_for()
    press(page, "Kiswahili")
    heading(page, "Anayeomba")  # nothing typed is lost
    expect(page.get_by_label("Jina la kwanza")).to_have_value("Wanjiku")
    sound(page)
    press(page, "English")
    press(page, "Save and go on")
    heading(page, "What the certificate is for")
    page.get_by_label("For work in Kenya").check()
    page.get_by_text("Saved", exact=True).wait_for()
    second = page.context.new_page()  # two windows would give the same number twice
    second.goto(f"{server}/outreach/tablet/")
    heading(second, "Open in another window")
    sound(second)
    page.close()
    heading(second, "Locked")
    page = died(second)  # the battery dies
    page.goto(f"{server}/outreach/tablet/")
    unlock(page)
    page.get_by_role("link", name="Services").click()
    page.get_by_role("link", name="Wanjiku Mfano").click()
    heading(page, "What the certificate is for")
    expect(page.get_by_label("For work in Kenya")).to_be_checked()
    press(page, "Save and go on")
    heading(page, "Your fingerprints")
    page.get_by_label("Where will you come").select_option("047")
    page.get_by_label("I agree that my fingerprints").check()
    press(page, "Save and go on")
    heading(page, "Your photo")
    page.locator("#photo").set_input_files(photo)
    page.locator("canvas.thumbnail").wait_for()
    press(page, "Save and go on")
    heading(page, "Consent")
    page.get_by_label("I read this aloud").check()
    page.get_by_label("They cannot sign").check()
    page.get_by_label("Name of the witness").wait_for()
    page.get_by_label("By signature or thumb").check()
    box = page.locator(".signature").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 90)
    page.mouse.up()
    sound(page)
    press(page, "Save and go on")
    heading(page, "Check your answers")
    page.get_by_role("button", name="Take in this application").dblclick()
    heading(page, "Application taken in")
    reference = page.locator(".number").inner_text().replace(" ", "")
    press(page, "Take cash")
    heading(page, "Take cash")
    expect(page.get_by_label("Amount in shillings")).to_have_value("1050")
    page.get_by_role("button", name="Give the receipt").dblclick()
    heading(page, "Receipt")
    press(page, "To the queue")
    press(page, "Served")
    press(page, "Call next (1 waiting)")
    press(page, "Absent")
    void(page, sound)
    raw = page.evaluate(RAW)
    assert '"tries":0' in raw
    assert not [name for name in (*NAMES, PIN, reference, "police") if name in raw]
    page.get_by_role("link", name="To send").click()
    heading(page, "To send")
    page.get_by_text("No network. To send: 5.").wait_for()
    sound(page)
    shoot(page, "tablet")

    page.evaluate(BAD_LINK)
    page.context.set_offline(False)  # back where a network is: it sends by itself, and dies while it does
    page.locator("body[data-stuck]").wait_for()
    page = died(page)
    held = HeldFile.objects.get(offset__gt=0)
    assert 0 < held.offset < held.length
    assert Record.objects.count() == 5

    page.goto(f"{server}/outreach/tablet/")
    unlock(page)
    page.get_by_role("link", name="To send").click()
    page.locator("li", has_text="Wanjiku Mfano").get_by_text("sent, being worked on").wait_for()
    drain_jobs()
    press(page, "Send now")
    page.get_by_text("Nothing is left to send.").wait_for()
    page.get_by_text("Ticket: 2, Application: 1, Receipt: 1, Voided number: 1").wait_for()
    assert Counter(Record.objects.values_list("kind", "state")) == {
        ("ticket", "done"): 2, ("application", "done"): 1, ("receipt", "done"): 1, ("void", "done"): 1,
    }  # fmt: skip
    application = Application.objects.get()
    assert (application.reference, application.channel) == (reference, "outreach")
    assert Payment.objects.get().amount_cents == 105_000

    outreach.report_lost(actor=officer, device_id=Device.objects.get().id, now=timezone.now())
    press(page, "Send now")
    heading(page, "Erased")
    page.get_by_text("This tablet was reported lost.").wait_for()
    assert page.evaluate("async () => (await indexedDB.databases()).length + (await caches.keys()).length") == 0
    assert Device.objects.get().told_at

    enter_desk_in_browser(page.context, server, Account.objects.get(id=officer.account_id))
    press(page, "Begin again")  # found again, and prepared anew; it is laid aside, and a stranger tries
    prepare(page)
    page.evaluate(LAID_ASIDE)
    heading(page, "Locked")
    page.evaluate(NINE_TRIES)
    page.get_by_label("PIN").fill("mango-7292")
    press(page, "Open")
    heading(page, "Erased")
    page.get_by_text("The PIN was wrong 10 times.").wait_for()
    assert page.evaluate("async () => (await indexedDB.databases()).length") == 0
