import sys

import pytest
import trio
import trio.testing

from leither_edge.discovery import port_mapping
from leither_edge.discovery.port_mapping import Mapped, PortMapping
from leither_edge.observe.log import Log


class Router:
    """As miniupnpc.UPnP."""

    def __init__(self, calls, answers=1, host="198.51.100.7"):
        self.lanaddr, self.calls, self._answers, self._host = "192.168.1.30", calls, answers, host

    def discover(self):
        if self._answers is None:
            raise Exception("Success")
        return self._answers

    def selectigd(self):
        self.calls.append("select")

    def addportmapping(self, *words):
        self.calls.append(words)
        return True

    def externalipaddress(self):
        return self._host

    def deleteportmapping(self, *words):
        self.calls.append(words)


def ran(make, seconds):
    async def main():
        mapping = PortMapping(8042, Log(lambda line: None), make)
        found = []
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(mapping.run)
                while True:
                    await trio.sleep(10)
                    found.append(mapping.mapped)
        assert mapping.mapped is None
        return found

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0.01))


@pytest.mark.slow
def test_a_hole_is_made_renewed_and_closed():
    calls = []
    assert set(ran(lambda: Router(calls), 2000)) == {Mapped("198.51.100.7", 8042)}
    made = (8042, "TCP", "192.168.1.30", 8042, "Leither Edge", "", 3600)
    assert calls == ["select", made, "select", made, (8042, "TCP")]


def test_no_router_is_no_error():
    calls = []
    for answers in (0, None):
        assert set(ran(lambda answers=answers: Router(calls, answers), 100)) == {None}
    assert calls == []


def test_it_is_said_whether_the_library_is_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "miniupnpc", None)
    assert not port_mapping.is_available()
    monkeypatch.setitem(sys.modules, "miniupnpc", port_mapping)
    assert port_mapping.is_available()
