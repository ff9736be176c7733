"""One request to the portal: the checks in front of every page, and the headers and cookies behind it.

Host first (DNS rebinding), then origin and form token of whatever changes something. Only then does a page see the request.
"""

from appliance.portal import probes, sessions
from appliance.portal.device import Refusal
from appliance.portal.html import View, error_page
from appliance.portal.texts import LANGUAGES, preferred_language, text
from leither_edge.http import Response, form
from leither_edge.http import text as text_response

FORM_MAX_BYTES = 4096
COOKIE_HEADER_MAX = 2048

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# same-origin, not no-referrer: the latter makes browsers send "Origin: null" with our own forms.
PAGE_HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
REDIRECT_HEADERS = (("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff"))
HTML = "text/html; charset=utf-8"


class Visit:
    """A request with what the portal found out about it.

    request, device; session_id of the cookie (fresh if there was none); session if signed in; language; form: the posted fields.
    """

    __slots__ = ("request", "device", "session_id", "session", "language", "form", "cookies")

    def __init__(self, request, device):
        self.request = request
        self.device = device
        self.cookies = []
        self.form = {}
        sent = read_cookies(request.headers.get("cookie", ""))
        given = sent.get(cookie_name(device), "")
        self.session_id = given if sessions.id_ok(given) else None
        self.session = device.sessions.get(given) if self.session_id else None
        self.language = sent.get("language", "")
        if self.language not in LANGUAGES:
            self.language = preferred_language(request.headers.get("accept-language", ""))

    def view(self):
        """The View of this reader; a page with forms needs a cookie, so one is given out here."""
        if self.session_id is None:
            self.use_session_id(self.device.sessions.new_id())
        return View(
            self.language,
            self.request.path,
            self.device.config()["name"],
            self.device.sessions.form_token(self.session_id),
            self.device.assets.prefix,
            self.session is not None,
            self.device.exposed(),
        )

    def use_session_id(self, session_id):
        self.session_id = session_id
        if self.request.headers.get("sec-fetch-site") == "cross-site":
            # A link from elsewhere comes without our cookie: a new one would sign out who is signed in.
            return
        self.cookies.append(f"{cookie_name(self.device)}={session_id}; Path=/; HttpOnly; SameSite=Strict")

    def signed_in(self, session):
        """From this answer on the browser carries the id of a signed-in session."""
        self.session = session
        self.use_session_id(session.id)

    def use_language(self, language):
        if language in LANGUAGES:
            self.language = language
            self.cookies.append(f"language={language}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict")

    def wants_part(self):
        """Name of the live part that app.js asks for, or ""."""
        return self.request.headers.get("x-live", "")

    def page(self, html, status=200):
        return Response(status, html.encode(), HTML, PAGE_HEADERS + self._cookie_headers())

    def redirect(self, location):
        """303: the browser goes on with GET, so that reloading never sends a form twice."""
        return Response(303, b"", None, (("Location", location), *PAGE_HEADERS, *self._cookie_headers()))

    def _cookie_headers(self):
        return tuple(("Set-Cookie", cookie) for cookie in self.cookies)

    def posted(self, name):
        return self.form.get(name, "")


def cookie_name(device):
    # Cookies know no ports: two devices tried out on one computer must not sign each other out.
    return "leither-" + device.device_id[:8]


def read_cookies(header):
    """Name to value; a cookie header over the bound counts as none."""
    if len(header) > COOKIE_HEADER_MAX:
        return {}
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def host_gate(handle, device):
    """Put the host check in front of every route of the device, not only of the portal's.

    Args:
        handle: async (Request) -> Response.
        device: PortalDevice.
    """

    known, own = None, frozenset()

    async def checked(request):
        nonlocal known, own
        captive = not device.claimed() or device.access_point()
        names = (tuple(device.addresses()), device.config()["name"])
        if names != known:
            known, own = names, probes.own_hosts(*names, device.extra_names)
        verdict = probes.decide(request.method, request.host, captive, own)
        if request.path == probes.CAPTIVE_API_PATH and verdict == probes.REDIRECT:
            verdict = probes.OWN
        if verdict == probes.OWN:
            return await handle(request)
        if verdict == probes.REDIRECT:
            device.counters.add("portal_probes_redirected")
            url = device.url()
            return Response(302, probes.redirect_body(url), HTML, (("Location", url), *REDIRECT_HEADERS))
        device.counters.add("portal_requests_refused", reason="host")
        # Plain text: a page would ask for its style under the same refused name.
        language = preferred_language(request.headers.get("accept-language", ""))
        return text_response(text(language, "error_host"), 421, REDIRECT_HEADERS)

    return checked


def page_handler(device, show, *, role=None):
    """Make a route handler of `show(visit) -> Response`, with the checks in front of it.

    Args:
        role: least role of a signed-in session, or None if anybody may come.
    """

    async def handle(request):
        visit = Visit(request, device)
        if request.method == "POST":
            refused = await _check_form(visit)
            if refused:
                return refused
        elif request.query.get("lang") in LANGUAGES:
            visit.use_language(request.query["lang"])
            return visit.redirect(request.path)
        if role and visit.session is None:
            return visit.redirect("/sign-in")
        if role and not at_least(visit.session.role, role):
            return visit.page(error_page(visit.view(), visit.view().say("error_role")), 403)
        try:
            return await show(visit)
        except Refusal as refusal:
            view = visit.view()
            return visit.page(error_page(view, view.say("error_refused", message=refusal.sentence)), 409)

    return handle


def at_least(role, needed):
    order = ("viewer", "operator", "owner")
    return order.index(role) >= order.index(needed)


async def _check_form(visit):
    """Read a posted form. Returns the refusal, or None if it is ours."""
    request, device = visit.request, visit.device
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if (origin is not None and origin != "http://" + request.headers.get("host", "")) or site not in ("same-origin", "none"):
        device.counters.add("portal_requests_refused", reason="origin")
        return visit.page(error_page(visit.view(), visit.view().say("error_foreign_form")), 403)
    visit.form = await form(request, FORM_MAX_BYTES)
    if visit.session_id is None or not device.sessions.form_token_ok(visit.session_id, visit.posted("form_token")):
        device.counters.add("portal_requests_refused", reason="form")
        return visit.page(error_page(visit.view(), visit.view().say("error_form_old")), 403)
    return None
