from leither_edge.peer.admission import QUIET_S, STRANGERS_PER_ADDRESS, Half, HalfOpen, Place, Places


class Dropped(list):
    def half(self, group, spoke=False, known=False):
        half = Half(group, 0.0, lambda: self.append(half))
        half.has_spoken, half.static = spoke, bytes(32) if known else None
        return half

    def place(self, group, friend=False, used_at=0.0):
        place = Place(group, friend, used_at, lambda code: self.append((place, code)))
        return place


def test_one_address_takes_a_quarter_of_the_handshakes():
    dropped = Dropped()
    places = HalfOpen(16)
    assert [places.enter(dropped.half(b"a", spoke=True)) for _ in range(5)] == [None] * 4 + ["address-full"]
    assert places.enter(dropped.half(b"b")) is None
    assert not dropped


def test_the_mute_of_one_address_give_way_to_its_newest():
    dropped = Dropped()
    places = HalfOpen(16)
    first = dropped.half(b"a")
    for half in (first, *(dropped.half(b"a") for _ in range(100))):
        assert places.enter(half) is None
    assert len(places) == 4
    assert dropped[0] is first


def test_a_mute_one_gives_way_before_one_that_has_spoken():
    dropped = Dropped()
    places = HalfOpen(4)
    spoken = [dropped.half(None, spoke=True) for _ in range(3)]
    mute = dropped.half(None)
    for half in (*spoken, mute, dropped.half(None, spoke=True)):
        assert places.enter(half) is None
    assert dropped == [mute]


def test_the_crowd_gives_way_and_the_known_do_not():
    dropped = Dropped()
    places = HalfOpen(8)
    alone, known = dropped.half(b"alone", spoke=True), dropped.half(b"known", spoke=True, known=True)
    crowd = [dropped.half(name, spoke=True) for name in (b"x", b"x", b"y", b"y", b"z", b"z")]
    for half in (alone, known, *crowd):
        assert places.enter(half) is None
    for number in range(3):
        assert places.enter(dropped.half(b"new%d" % number, spoke=True)) is None
    assert dropped[:3] == [crowd[0], crowd[2], crowd[4]]
    assert known not in dropped


def test_a_place_is_given_back_once():
    dropped = Dropped()
    places = HalfOpen(1)
    first = dropped.half(None)
    assert places.enter(first) is None
    places.leave(first)
    places.leave(first)
    assert len(places) == 0


def test_all_known_leave_no_place():
    dropped = Dropped()
    places = HalfOpen(2)
    for _ in range(2):
        assert places.enter(dropped.half(None, spoke=True, known=True)) is None
    assert places.enter(dropped.half(None)) == "full"


def test_friends_come_before_strangers():
    dropped = Dropped()
    places = Places(3)
    friend, busy, idle = dropped.place(b"f", friend=True), dropped.place(b"s", used_at=99), dropped.place(b"t", used_at=50)
    for place in (friend, busy, idle):
        assert places.enter(place, 50) is None
    assert places.enter(dropped.place(b"u", used_at=100), 50 + QUIET_S) is None
    assert dropped == [(idle, "no-room")]
    assert places.enter(dropped.place(b"v"), 100) == "full"
    assert places.enter(dropped.place(b"g", friend=True), 100) is None
    assert dropped[1][0] is busy
    assert len(places) == 3


def test_strangers_of_one_address_are_bounded_and_friends_there_are_not():
    dropped = Dropped()
    places = Places(100)
    for _ in range(STRANGERS_PER_ADDRESS):
        assert places.enter(dropped.place(b"a"), 0) is None
    assert places.enter(dropped.place(b"a"), 0) == "address-full"
    assert places.enter(dropped.place(b"a", friend=True), 0) is None
    assert places.enter(dropped.place(b"a"), 0, is_own=True) is None
