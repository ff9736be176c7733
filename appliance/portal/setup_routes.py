"""The routes of the setup: what each step accepts, and where it leads."""

from binascii import a2b_base64

import trio

from appliance.commands.claim import ClaimError
from appliance.portal import setup as states
from appliance.portal import setup_pages as pages
from appliance.portal.device import Refusal
from appliance.portal.probes import dns_label
from appliance.portal.qr import qr_svg
from appliance.portal.sessions import Session
from appliance.portal.texts import text
from appliance.portal.visit import PAGE_HEADERS, at_least, page_handler
from leither_edge.core.ids import IdError, public_key_from_text
from leither_edge.http import HttpError, Response
from leither_edge.storage import StorageError

SCAN_KEPT_S = 4
# How long an answer waits for news: a page then shows the first scan, or how a try went, as soon as it is known.
HOLD_S = 1.5
NETWORKS_MAX = 24
HINTS_MAX = 8
# What the device gives away and who may find it: nobody chooses that before there is an owner.
FOR_THE_OWNER = ("/setup/sharing", "/setup/reach")
SETUP_ROLE = "operator"  # what the browser that claimed may do until it signs in with a key
SETUP_SESSION = Session(None, SETUP_ROLE, "setup", None)  # whoever sets up a device that nobody owns
CLAIM_REFUSED = {
    "wrong-token": "owner_token_bad",
    "too-many-tries": "owner_token_limited",
    "claimed": "owner_already",
    "window-closed": "owner_closed",
}
# field, label, unit
SHARES = (
    ("storage_share_mib", "sharing_storage", "MiB"),
    ("bandwidth_up_kib_per_s", "sharing_up", "KiB/s"),
    ("bandwidth_down_kib_per_s", "sharing_down", "KiB/s"),
)


class SetupRoutes:
    """The setup of one device. Its steps may be taken by anybody who reaches an unclaimed device; after the claim by signed-in sessions."""

    def __init__(self, device):
        self.device = device
        self.setup = states.Setup(device.load_setup())
        self._networks = None
        self._scan_error = None
        self._scanned = None
        self._scanning = False
        self._has_cable = False
        self._hints = {}
        self._news = trio.Event()

    def add_to(self, router):
        for path, step in (
            ("/setup", self.start),
            ("/setup/name", self.name),
            ("/setup/wifi", self.wifi),
            ("/setup/wifi/wired", self.wired),
            ("/setup/wifi/trying", self.trying),
            ("/setup/owner", self.owner),
            ("/setup/sharing", self.sharing),
            ("/setup/reach", self.reach),
            ("/setup/done", self.done),
        ):
            handler = page_handler(self.device, self._guarded(step, path in FOR_THE_OWNER))
            if path not in ("/setup/wifi/wired",):
                router.add("GET", path, handler)
            if path not in ("/setup", "/setup/wifi/trying", "/setup/done"):
                router.add("POST", path, handler)
        router.add("GET", "/setup/qr.svg", self.qr)

    def _guarded(self, step, for_the_owner):
        async def show(visit):
            if for_the_owner and not self.device.claimed():
                return visit.redirect("/setup/owner")
            if self.device.claimed():
                if visit.session is None:
                    return visit.redirect("/sign-in")
                if not at_least(visit.session.role, SETUP_ROLE):
                    return visit.redirect("/status")
            return await step(visit)

        return show

    async def start(self, visit):
        token = visit.request.query.get("t", "")
        if token:
            visit.view()
            self._keep_hint(visit.session_id, token[:80])
        return visit.redirect("/setup/" + self.setup.open_step(self.device.claimed()))

    def _keep_hint(self, session_id, hint):
        # What the QR code carried; few and short, for anybody can send some.
        if len(self._hints) >= HINTS_MAX:
            self._hints.pop(next(iter(self._hints)))
        self._hints[session_id] = hint

    async def _complete(self, visit, step):
        self.setup.complete(step)
        await self.device.save_setup(self.setup.saved())
        return visit.redirect("/setup/" + self.setup.after(step, self.device.claimed()))

    async def _set(self, visit, changes):
        await self.device.run("config-set", changes, visit.session or SETUP_SESSION)

    # name and language

    async def name(self, visit):
        config = self.device.config()
        if visit.request.method != "POST":
            return visit.page(pages.name_page(visit.view(), config["name"], self.setup.completed))
        name, language = visit.posted("name").strip(), visit.posted("language")
        if not 1 <= len(name) <= 32 or not name.isprintable():
            return visit.page(pages.name_page(visit.view(), name[:32], self.setup.completed, visit.view().say("name_bad")), 422)
        visit.use_language(language)
        await self._set(visit, {"name": name, "language": visit.language})
        return await self._complete(visit, "name")

    # Wi-Fi

    async def wifi(self, visit):
        self.setup.wifi.tick(self.device.clock())
        if visit.request.method == "POST":
            return await self._join(visit)
        if self.setup.wifi.state == states.TRYING:
            return visit.redirect("/setup/wifi/trying")
        self._refresh_networks()
        if self._networks is None and not self._scan_error:
            await self._wait_for_news()
        if visit.wants_part() == "networks":
            return visit.page(pages.network_list(visit.view(), self._networks, "", self._scan_sentence(visit)))
        return visit.page(self._wifi_page(visit))

    def _wifi_page(self, visit, wrong="", hidden=False):
        trial, completed, onward = self.setup.wifi, self.setup.completed, "wifi_wired" if self._has_cable else "wifi_later"
        return pages.wifi_page(visit.view(), trial, self._networks, completed, onward, wrong, self._scan_sentence(visit), hidden)

    def _scan_sentence(self, visit):
        return visit.view().say("wifi_scan_failed", message=self._scan_error) if self._scan_error else ""

    def _refresh_networks(self):
        """Keep the list fresh: one scan at a time, however many browsers ask; no page waits for it."""
        fresh = self._scanned is not None and self.device.clock() - self._scanned < SCAN_KEPT_S
        if not fresh and not self._scanning:
            self._scanning = True
            self.device.start_soon(self._scan)

    async def _scan(self):
        try:
            # First, for a board that looks around answers nothing else meanwhile.
            self._has_cable = await self.device.cable()
            self._networks, self._scan_error = tidy_networks(await self.device.scan()), None
        except Refusal as refusal:
            self._scan_error = refusal.sentence
        finally:
            self._scanning = False
            self._scanned = self.device.clock()
            self._tell_news()

    async def _wait_for_news(self):
        with trio.move_on_after(HOLD_S):
            await self._news.wait()

    def _tell_news(self):
        self._news.set()
        self._news = trio.Event()

    async def _join(self, visit):
        key, secured = visit.posted("network"), None
        hidden = not key
        known = next((network for network in self._networks or () if network["ssid_hex"] == key), None)
        if hidden:
            name = visit.posted("hidden_ssid")
            key = name.encode().hex()
        elif known:
            name, secured = known["ssid"], known["security"] != "open"
        else:
            name = ""  # a form of ours offers only names of a scan
        passphrase = visit.posted("passphrase")
        wrong = states.check_network(bytes.fromhex(key) if name else b"", passphrase, secured)
        attempt = None if wrong else self.setup.wifi.begin(name, key, hidden, self.device.clock())
        if not wrong and attempt is None:
            wrong = "wifi_busy"
        if wrong:
            return visit.page(self._wifi_page(visit, visit.view().say(wrong), hidden), 422)
        network = key, "" if secured is False else passphrase, hidden
        self.device.start_soon(self._try, attempt, network, visit.session or SETUP_SESSION)
        return visit.redirect("/setup/wifi/trying")

    async def _try(self, attempt, network, session):
        trial = self.setup.wifi
        try:
            address = await self.device.join(*network, session)
        except Refusal as refusal:
            trial.failed(attempt, refusal.code)
            self._tell_news()
            self.device.counters.add("portal_wifi_tries", result=refusal.code)
            return
        trial.passed(attempt, address)
        self.setup.wired = False
        self.setup.complete("wifi")
        self._tell_news()
        self.device.counters.add("portal_wifi_tries", result="joined")
        try:
            await self.device.save_setup(self.setup.saved())
        except StorageError as error:
            # Nobody waits for this answer; after a restart the page asks for the network once more.
            self.device.log.error("setup not saved", why=error)

    async def trying(self, visit):
        trial = self.setup.wifi
        trial.tick(self.device.clock())
        if trial.state == states.TRYING and (visit.wants_part() or self.device.clock() - trial.started > HOLD_S):
            await self._wait_for_news()
            trial.tick(self.device.clock())
        if trial.state == states.JOINED:
            claimed = self.device.claimed()
            finished = claimed and self.setup.open_step(claimed) == "done"
            onward = "/status" if finished else "/setup/" + self.setup.after("wifi", claimed)
            return visit.page(pages.joined_page(visit.view(), trial, onward, self.setup.completed))
        if trial.state != states.TRYING:
            return visit.redirect("/setup/wifi")
        elapsed = self.device.clock() - trial.started
        if visit.wants_part() == "trying":
            return visit.page(pages.trying_part(visit.view(), trial, elapsed))
        return visit.page(pages.trying_page(visit.view(), trial, elapsed, self.setup.completed, self.device.access_point()))

    async def wired(self, visit):
        """Go on without Wi-Fi: by a cable, or through the device's own access point only."""
        self.setup.wired = self._has_cable = await self.device.cable()
        return await self._complete(visit, "wifi")

    # owner

    async def owner(self, visit):
        if self.device.claimed():
            return visit.redirect("/setup/" + self.setup.open_step(True))
        view = visit.view()
        if visit.posted("claim"):
            wrong = await self._refused_claim(view, self.device.claim_signed, bytes_of(visit.posted("claim")))
            self.setup.key_made_here = not wrong
            return await self._claimed(visit, wrong)
        if visit.request.method != "POST":
            # Only the token comes in by a link: a key in it would claim the device for whoever made the link.
            return visit.page(self._owner_page(view, self._hints.get(visit.session_id, ""), ""))
        token, key = visit.posted("token").strip()[:80], "".join(visit.posted("public_key").split())[:200]
        return await self._claimed(visit, await self._claim_pasted(view, token, key), token, key)

    async def _claimed(self, visit, wrong, token="", key=""):
        """The answer to a claim. wrong: what refused it, "" if the device is now owned; token, key: what was typed."""
        if wrong:
            return visit.page(self._owner_page(visit.view(), token, key, wrong), 422)
        self._hints.clear()
        self.setup.complete("owner")
        await self.device.save_setup(self.setup.saved())
        visit.signed_in(self.device.sessions.open(SETUP_ROLE, "setup"))
        return visit.redirect("/setup/" + self.setup.open_step(True))

    def _owner_page(self, view, token, key, wrong=""):
        return pages.owner_page(view, token, key, self.device.assets.has_words, self.setup.completed, wrong, self.device.device_id)

    async def _claim_pasted(self, view, token, key):
        """Claim for a pasted key. Returns what is wrong, "" if the device is now owned."""
        if not key:
            return view.say("owner_key_missing")
        try:
            public_key = public_key_from_text(key)
        except IdError as error:
            return view.say("owner_key_bad", message=error)
        return await self._refused_claim(view, self.device.claim, token, public_key)

    async def _refused_claim(self, view, claim, *arguments):
        """Make a claim. Returns what is wrong, "" if the device is now owned."""
        try:
            await claim(*arguments)
        except ClaimError as error:
            return view.say(CLAIM_REFUSED[error.code]) if error.code in CLAIM_REFUSED else view.say("error_refused", message=error)
        return ""

    # storage and network share

    async def sharing(self, visit):
        view, config, ranges = visit.view(), self.device.config(), self.device.ranges()
        values, wrong = {}, ""
        if visit.request.method == "POST":
            values, wrong = read_shares(view, visit.form, ranges)
            if not wrong:
                await self._set(visit, values)
                return await self._complete(visit, "sharing")
        page = pages.sharing_page(view, share_fields(config, ranges), self.setup.completed, wrong)
        return visit.page(page, 422 if wrong else 200)

    # reach

    async def reach(self, visit):
        view = visit.view()
        if visit.request.method == "POST":
            reach = visit.posted("reach")
            if reach not in pages.REACH:
                return visit.page(pages.reach_page(view, "", self.setup.completed, view.say("reach_bad")), 422)
            await self._set(visit, {"reach": reach})
            return await self._complete(visit, "reach")
        return visit.page(pages.reach_page(view, self.device.config()["reach"], self.setup.completed))

    # done

    def _address(self):
        """The URL under which the device will be found: that of the network it joined, else the one in use."""
        trial = self.setup.wifi
        joined = trial.address if trial.state == states.JOINED and self.device.access_point() else None
        return self.device.url(joined)

    async def done(self, visit):
        address, trial = self._address(), self.setup.wifi
        rejoin = trial.ssid if trial.state == states.JOINED and self.device.access_point() else ""
        line = f"leither remote add {remote_name(self.device.config()['name'])} {address}"
        lines = ["leither key restore", line] if self.setup.key_made_here else [line]
        view, claimed = visit.view(), self.device.claimed()
        has_qr = await qr_svg(address) is not None
        return visit.page(pages.done_page(view, claimed, address, lines, has_qr, rejoin, self.setup.completed))

    async def qr(self, request):
        picture = await qr_svg(self._address())
        if picture is None:
            raise HttpError(404, "This device draws no QR codes.")
        return Response(200, picture, "image/svg+xml", PAGE_HEADERS)


def remote_name(device_name):
    """A short name for the command line, made of the device's."""
    return dns_label(device_name) or "device"


def bytes_of(text):
    """The bytes of a posted base64url text; of what is none, no bytes, which no claim is made of."""
    try:
        return a2b_base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def tidy_networks(networks):
    """The scan for people: one row a name, the strongest; no nameless ones; a bound."""
    best = {}
    for network in networks:
        ssid = network.get("ssid")
        if ssid and (ssid not in best or network["signal_dbm"] > best[ssid]["signal_dbm"]):
            best[ssid] = network
    return sorted(best.values(), key=lambda network: -network["signal_dbm"])[:NETWORKS_MAX]


def share_fields(config, ranges):
    """What sharing_page() shows: (name, label, value, low, high, unit) each."""
    return [(name, label, config[name], *ranges[name], unit) for name, label, unit in SHARES]


def read_shares(view, posted, ranges):
    """The posted numbers. Returns (values, sentence of what is wrong or "")."""
    values = {}
    for name, label, _ in SHARES:
        low, high = ranges[name]
        written = posted.get(name, "").strip()
        if not (written.isascii() and written.isdigit() and len(written) < 12 and low <= int(written) <= high):
            return {}, view.say("sharing_bad", field=text(view.language, label), low=low, high=high)
        values[name] = int(written)
    return values, ""
