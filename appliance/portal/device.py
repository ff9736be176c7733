"""What the portal needs of the device it stands on: one small object, made by appliance/device.py and by the tests."""


class Refusal(Exception):
    """A verb was not carried out. `code` as in the command answers, `sentence` for the person."""

    def __init__(self, code, sentence):
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence


class PortalDevice:
    """The portal's view of the device. Every argument becomes an attribute.

    Args:
        device_id: 27 characters.
        sessions: Sessions, also given to the sign-in verb.
        assets: Assets of assets.py.
        run: async (verb, arguments, session) -> result dict; raises Refusal. session: role, and via, the key id that let it in.
        scan: async () -> networks of the board's scan; raises Refusal.
        cable: async () -> whether a cable is plugged in, as far as the board says.
        join: async (ssid_hex, passphrase, hidden, session) -> address text; keeps the network only if joined; session as of run;
            raises Refusal whose code is one of setup.REASONS.
        claim: async (token, public key 32 bytes); raises ClaimError of appliance.commands.claim.
        claim_signed: async (signed claim); raises ClaimError.
        claimed: () -> bool.
        config: () -> dict, the whole desired-state document.
        ranges: () -> dict of field to (low, high) for the number fields.
        addresses: () -> IP literals, the best one first.
        port: HTTP port of the URL people use.
        extra_names: configured portal names.
        access_point: () -> bool, whether our own access point is open.
        exposed: () -> bool, whether our own access point is open and not encrypted.
        load_setup, save_setup: () -> dict and async (dict), kept over a restart.
        start_soon: runs an async function beside the requests.
        clock: monotonic seconds.
        log, counters: as in leither_edge.observe.
    """

    _NAMES = (
        "device_id sessions assets run scan cable join claim claim_signed claimed config ranges addresses port extra_names access_point "
        "exposed load_setup save_setup start_soon clock log counters"
    )
    __slots__ = tuple(_NAMES.split())

    def __init__(self, **parts):
        for name in self.__slots__:
            setattr(self, name, parts.pop(name))
        if parts:
            raise TypeError("unknown part: " + ", ".join(parts))

    def url(self, host=None):
        """URL of the start page under a host, or under the best address."""
        host = host or (self.addresses() or ["127.0.0.1"])[0]
        if ":" in host:
            host = "[" + host + "]"
        return "http://" + host + ("" if self.port == 80 else f":{self.port}") + "/"
