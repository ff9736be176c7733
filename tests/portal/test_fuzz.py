"""Whatever a stranger sends, the portal answers and nothing changes."""

import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.portal import probes, setup, texts, visit
from appliance.portal.sessions import normal_code
from tests.portal.client import Browser
from tests.portal.doubles import MemoryDevice, serving

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEW = settings(QUICK, max_examples=25)
PATHS = (
    "/setup/name",
    "/setup/wifi",
    "/setup/wifi/wired",
    "/setup/owner",
    "/setup/sharing",
    "/setup/reach",
    "/settings",
    "/sign-out",
    "/reboot",
)


@QUICK
@given(st.text(max_size=3000))
def test_headers_of_any_kind(header):
    assert isinstance(visit.read_cookies(header), dict)
    assert texts.preferred_language(header) in texts.LANGUAGES
    assert len(normal_code(header)) <= 9
    label = probes.dns_label(header)
    assert label == label.encode("ascii", "strict").decode() and len(label) <= 63
    own = probes.own_hosts([], header)
    assert probes.decide("GET", "evil.example", False, own) == probes.MISDIRECTED


@QUICK
@given(st.binary(max_size=80), st.text(max_size=100), st.sampled_from([True, False, None]))
def test_networks_of_any_kind(ssid, passphrase, secured):
    wrong = setup.check_network(ssid, passphrase, secured)
    assert wrong in (None, "wifi_bad_name", "wifi_bad_password")
    if wrong is None:
        assert 1 <= len(ssid) <= 32


@QUICK
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_saved_setups_of_any_kind(saved):
    restored = setup.Setup(saved)
    assert restored.open_step(False) in setup.STEPS
    assert setup.Setup(restored.saved()).saved() == restored.saved()


@FEW
@given(st.sampled_from(PATHS), st.binary(max_size=300))
def test_bodies_of_any_kind(built_assets, path, body):
    async def post():
        memory = MemoryDevice()
        before = dict(memory.config)
        async with serving(memory, built_assets) as device:
            browser = Browser(device.port)
            await browser.get("/setup/name")
            answer = await browser.request(
                "POST", path, body, Content_Type="application/x-www-form-urlencoded", Origin=f"http://{browser.host}"
            )
            assert answer.status in (303, 400, 403, 413)
            assert memory.owner is None and memory.config == before

    trio.run(post)
