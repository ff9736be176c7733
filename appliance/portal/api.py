"""Puts the portal's routes on a router."""

from appliance.portal import probes
from appliance.portal.assets import IMMUTABLE
from appliance.portal.device_routes import DeviceRoutes
from appliance.portal.html import error_page
from appliance.portal.receipt import RECEIPT_PAGE
from appliance.portal.setup_routes import SetupRoutes
from appliance.portal.visit import Visit, page_handler
from leither_edge.http import Response, StaticFiles

STATIC_CACHE_BYTES = 128 * 1024
RECEIPT_PATH = "/receipt"
# The page's own policy stands inside it; who may frame it cannot be said there.
RECEIPT_HEADERS = (("Content-Security-Policy", "frame-ancestors 'none'"), ("Referrer-Policy", "no-referrer"))
CAPTIVE_TYPE = "application/captive+json"
CAPTIVE_HEADERS = (("Cache-Control", "private, no-store"), ("X-Content-Type-Options", "nosniff"))


def portal_routes(router, *, device):
    """Add the portal to a Router.

    The caller serves `host_gate(router, device)` of visit.py, so that no route is reached under a foreign name.

    Args:
        router: leither_edge.http Router; gets the fallback too.
        device: PortalDevice.
    """

    async def captive_api(request):
        captive = not device.claimed() or device.access_point()
        return Response(200, probes.captive_api_body(captive, device.url()), CAPTIVE_TYPE, CAPTIVE_HEADERS)

    async def start(visit):
        if not device.claimed():
            token = visit.request.query.get("t", "")
            return await setup.start(visit) if token else visit.redirect("/setup")
        return visit.redirect("/status" if visit.session else "/sign-in")

    async def unknown(request):
        """A path of a probe asked of our own address leads to the portal as well; anything else is not found."""
        visit = Visit(request, device)
        if request.method in ("GET", "HEAD") and not device.claimed():
            return visit.redirect("/")
        return visit.page(error_page(visit.view(), visit.view().say("error_not_found")), 404)

    setup = SetupRoutes(device)
    router.add("GET", "/", page_handler(device, start))
    router.add("GET", probes.CAPTIVE_API_PATH, captive_api)
    setup.add_to(router)
    DeviceRoutes(device, setup).add_to(router)
    files = StaticFiles(device.assets.folder, STATIC_CACHE_BYTES, prefix=device.assets.prefix + "/", cache_control=IMMUTABLE)
    router.add("GET", "/static/{name*}", files)
    # Rarely asked for, so it takes no memory: it is read when somebody does.
    receipt = StaticFiles(device.assets.folder, 0, prefix=RECEIPT_PATH, index=RECEIPT_PAGE, headers=RECEIPT_HEADERS)
    router.add("GET", RECEIPT_PATH, receipt)
    router.add_fallback(unknown)
