"""The routes of a claimed device: signing in with a key, status, log, settings."""

from appliance.portal import device_pages as pages
from appliance.portal.device import Refusal
from appliance.portal.device_notices import notices, system_text
from appliance.portal.html import escape
from appliance.portal.setup_pages import REACH
from appliance.portal.setup_routes import read_shares, remote_name, share_fields
from appliance.portal.visit import at_least, page_handler

LOG_LINES = 80
IDENTIFY_S = 10
VIEWER, OPERATOR = "viewer", "operator"
LEVELS = ("info", "warning", "error")
MIB = 1024 * 1024


class DeviceRoutes:
    """The signed-in part. `setup` is the SetupRoutes of the same device, asked only whether it is finished."""

    def __init__(self, device, setup):
        self.device = device
        self.setup = setup

    def add_to(self, router):
        for method, path, show, role in (
            ("GET", "/sign-in", self.sign_in, None),
            ("POST", "/sign-out", self.sign_out, None),
            ("GET", "/status", self.status, VIEWER),
            ("GET", "/log", self.log, VIEWER),
            ("GET", "/settings", self.settings, VIEWER),
            ("POST", "/settings", self.settings, OPERATOR),
            ("POST", "/identify", self.identify, OPERATOR),
            ("POST", "/reboot", self.reboot, OPERATOR),
        ):
            router.add(method, path, page_handler(self.device, show, role=role))

    async def sign_in(self, visit):
        if not self.device.claimed():
            return visit.redirect("/setup")
        if visit.session:
            return visit.redirect("/status")
        view = visit.view()
        session = self.device.sessions.collect(visit.session_id)
        if session:
            visit.signed_in(session)
            return visit.redirect("/status")
        code = self.device.sessions.show_code(visit.session_id, visit.request.peer_address)
        line = f"leither remote {self._remote_name()} sign-in {code}"
        if visit.wants_part() == "code":
            return visit.page(pages.sign_in_part(view, code, line))
        return visit.page(pages.sign_in_page(view, code, line, self.device.device_id, self.device.assets.has_words))

    async def sign_out(self, visit):
        self.device.sessions.close(visit.session_id)
        visit.session = None
        visit.use_session_id(self.device.sessions.new_id())
        return visit.redirect("/")

    async def status(self, visit):
        view, status = visit.view(), await self._run(visit, "status")
        share = self.device.config()["storage_share_mib"] * MIB
        tiles = status_tiles(view, status, share, self.device.counters.snapshot())
        if visit.wants_part() == "tiles":
            return visit.page(pages.status_part(view, notices(view, status), tiles))
        unfinished = at_least(visit.session.role, OPERATOR) and self.setup.setup.open_step(True) != "done"
        return visit.page(pages.status_page(view, notices(view, status), tiles, status_details(view, status), unfinished))

    async def log(self, visit):
        view, lines, wrong = visit.view(), [], ""
        try:
            result = await self._run(visit, "logs", {"limit": LOG_LINES})
            lines = [log_line(line) for line in result.get("lines", [])]
        except Refusal as refusal:
            wrong = view.say("log_failed", message=refusal.sentence)
        if visit.wants_part() == "lines":
            return visit.page(pages.log_part(view, lines))
        return visit.page(pages.log_page(view, lines, wrong))

    async def settings(self, visit):
        view, done, wrong = visit.view(), "", ""
        if not at_least(visit.session.role, OPERATOR):
            config = self.device.config()
            return visit.page(pages.settings_values_page(view, config, share_fields(config, self.device.ranges())))
        if visit.request.method == "POST":
            changes, wrong = self._read_settings(visit, view)
            if not wrong:
                try:
                    await self._run(visit, "config-set", changes)
                except Refusal as refusal:
                    wrong = view.say("error_refused", message=refusal.sentence)
            if not wrong:
                visit.use_language(changes["language"])
                return visit.redirect("/settings?done=saved")
        if visit.request.query.get("done") in ("saved", "settings_identified", "settings_rebooting"):
            done = view.say(visit.request.query["done"])
        config = self.device.config()
        line = f"leither remote {self._remote_name()} factory-reset"
        page = pages.settings_page(view, config, share_fields(config, self.device.ranges()), line, wrong, done)
        return visit.page(page, 422 if wrong else 200)

    def _read_settings(self, visit, view):
        """The posted settings. Returns (changes, sentence of what is wrong or "")."""
        name, reach = visit.posted("name").strip(), visit.posted("reach")
        if not 1 <= len(name) <= 32 or not name.isprintable():
            return {}, view.say("name_bad")
        if reach not in REACH:
            return {}, view.say("reach_bad")
        changes, wrong = read_shares(view, visit.form, self.device.ranges())
        changes.update(
            name=name,
            reach=reach,
            language="zh" if visit.posted("language") == "zh" else "en",
            timezone=visit.posted("timezone").strip(),
            metrics_remote=visit.posted("metrics_remote") == "on",
        )
        return changes, wrong

    async def identify(self, visit):
        await self._run(visit, "identify", {"seconds": IDENTIFY_S})
        return visit.redirect("/settings?done=settings_identified")

    async def reboot(self, visit):
        answer = visit.redirect("/settings?done=settings_rebooting")
        await self._run(visit, "reboot")
        return answer

    async def _run(self, visit, verb, arguments=None):
        return await self.device.run(verb, arguments or {}, visit.session)

    def _remote_name(self):
        return remote_name(self.device.config()["name"])


def status_tiles(view, status, share, counters):
    """HTML of the tiles that move: state, storage share (bytes), memory, temperature, requests, traffic, uptime."""
    say = view.say
    storage, memory, content = status["storage"], status["memory"], status.get("content")
    room = pages.tile(say("sharing_storage"), say("status_up_to", size=pages.size_text(share)))
    if content:
        room = pages.meter(view, say("sharing_storage"), content["used_kib"] * 1024, content["max_kib"] * 1024)
    tiles = [
        pages.meter(view, say("status_state"), storage["state_used_kib"] * 1024, storage["state_max_kib"] * 1024),
        pages.meter(view, say("status_memory"), memory["rss_kib"] * 1024, memory["max_kib"] * 1024),
        room,
        pages.tile(say("status_uptime"), pages.duration_text(view, status["uptime_s"])),
    ]
    if status.get("temperature_c") is not None:
        tiles.append(pages.tile(say("status_temperature"), f"{status['temperature_c']} °C"))
    tiles.append(pages.tile(say("status_requests"), total(counters, "http_answers")))
    received, sent = (total(counters, f"http_{way}_bytes") for way in ("received", "sent"))
    if sent:
        both = say("status_received", size=pages.size_text(received)) + "<br>" + say("status_sent", size=pages.size_text(sent))
        tiles.append(pages.tile(say("status_traffic"), both))
    return tiles


def status_details(view, status):
    """(label, value) of what stands still, as HTML."""
    say = view.say
    times, wifi = status["time"], status.get("wifi") or {}
    if wifi.get("state") == "joined" and wifi.get("ssid"):
        network = escape(f"{wifi['ssid']} · {wifi.get('address')}")
    elif wifi.get("wired") is False:
        network = say("status_own_network" if wifi.get("access_point") else "status_no_network")
    else:
        network = say("status_wired")
    versions = status["versions"]
    shown = ", ".join(f"{name} {version}" for name, version in versions.items()) if isinstance(versions, dict) else str(versions)
    return [
        (say("status_network"), network),
        (say("status_clock"), utc_text(times["now"])),
        (say("status_floor"), utc_text(times["floor"])),
        (say("status_version"), escape(shown)),
        *([(say("status_system"), system)] if (system := system_text(view, status)) else []),
        (say("status_id"), escape(status["device_id"])),
    ]


def log_line(line):
    """(RFC 3339 time, level, event, fields) of a line of the log; what has no level is all event."""
    moment, written = utc_text(line.get("time", 0), "%Y-%m-%dT%H:%M:%SZ"), line.get("text", "")
    level, _, rest = written.partition(" ")
    if level not in LEVELS:
        return moment, "", written, ""
    if rest.startswith('"'):
        event, _, fields = rest[1:].partition('"')
        return moment, level, event, fields.strip()
    event, _, fields = rest.partition(" ")
    return moment, level, event, fields


def utc_text(seconds, form="%Y-%m-%d %H:%M UTC"):
    """Unix seconds in UTC, by a format of strftime; else as RFC 3339 without the T."""
    from time import gmtime, strftime

    return strftime(form, gmtime(seconds))


def total(counters, name):
    """Sum of a counter over its labels; `counters` as from Counters.snapshot()."""
    return sum(value for _, value in counters[name][2]) if name in counters else 0
