"""Which slot runs, and what both kinds of Slots promise, whatever moment the power is cut in."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.slots import SlotError, open_slots, other, running_slot
from appliance.slots.fat import find_first_sector
from appliance.slots.tryboot import TRIAL_ARGUMENT, TrybootSlots
from appliance.slots.uboot import UBootSlots
from appliance.slots.uboot_environment import COPY_BYTES
from tests.slots.boot_loaders import UBoot, raspberry_boots, script_values
from tests.slots.cards import P1_BYTES, P1_START, SECTOR, MemoryDisk, PowerCut, raspberry_card, uboot_card


@pytest.mark.parametrize(
    "arguments, slot",
    [
        (b"console=tty1 root=/dev/mmcblk0p5 ro quiet", "a"),
        (b"root=/dev/mmcblk0p6\n", "b"),
        (b"root=/dev/vda6 rootwait", "b"),
        (b"root=PARTUUID=4c454954-05", "a"),
        (b"root=/dev/sda1 root=/dev/mmcblk0p6", "b"),
    ],
)
def test_the_kernels_argument_says_which_slot_runs(arguments, slot):
    assert running_slot(arguments) == slot


@pytest.mark.parametrize("arguments", [b"", b"quiet", b"root=/dev/sda1", b"root=/dev/mmcblk0p15", b"root=PARTUUID=55", b"root=5x"])
def test_a_system_from_elsewhere_has_no_slots(arguments):
    with pytest.raises(SlotError) as caught:
        running_slot(arguments)
    assert caught.value.code == "no-slots"


@given(st.binary(max_size=200))
def test_any_arguments_are_understood_or_refused(arguments):
    try:
        assert running_slot(b"root=" + arguments) in ("a", "b")
    except SlotError:
        pass


@pytest.fixture(scope="session")
def raspberry(tmp_path_factory):
    return MemoryDisk().load(raspberry_card(tmp_path_factory.mktemp("card") / "card.img"))


class Raspberry:
    """A Pi with this card. trial: whether the next start is one."""

    kind = TrybootSlots

    def __init__(self, card):
        self.card = card.copy()

    def asked(self, argument):
        """The slot that a restart with this argument leads to."""
        offset, size = find_first_sector(self.card.read, P1_START, P1_BYTES, "AUTOBOOT.TXT")
        return raspberry_boots(self.card.read(offset, size), argument == TRIAL_ARGUMENT)


class Uboot:
    """A board with U-Boot and this card."""

    kind = UBootSlots

    def __init__(self, card):
        self.card = card.copy()

    def asked(self, argument):
        assert argument is None
        return UBoot(self.card).start()


@pytest.fixture(params=[Raspberry, Uboot])
def board(request, raspberry):
    return request.param(raspberry if request.param is Raspberry else uboot_card(script_values()))


def test_a_trial_is_for_one_start_and_a_commit_for_good(board):
    slots = board.kind(board.card, "a")
    assert (slots.running, slots.committed, slots.is_trial) == ("a", "a", False)
    assert board.asked(slots.try_next("b")) == "b"
    assert board.asked(None) == "a"  # not committed: the old one returns
    assert board.asked(board.kind(board.card, "a").try_next("b")) == "b"
    slots = board.kind(board.card, "b")
    assert slots.is_trial and slots.committed == "a"
    slots.commit()
    assert not slots.is_trial and slots.committed == "b"
    for _ in range(3):
        assert board.asked(None) == "b"
    assert board.asked(board.kind(board.card, "b").try_next("a")) == "a"
    assert board.asked(None) == "b"


def test_a_changed_mind_leaves_no_trial(board):
    slots = board.kind(board.card, "a")
    slots.try_next("b")
    assert slots.try_next("a") is None and board.asked(None) == "a"
    slots.try_next("b")
    slots.commit()
    assert board.asked(None) == "a"


def test_what_is_as_wanted_is_not_written(board):
    slots = board.kind(board.card, "a")
    board.card.written = 0
    slots.commit()
    assert slots.try_next("a") is None
    assert board.card.written == 0


def test_a_slot_has_a_name(board):
    with pytest.raises(SlotError) as caught:
        board.kind(board.card, "a").try_next("c")
    assert caught.value.code == "bad-slot"


def test_a_trial_that_failed_leaves_the_old_slot_for_good(board):
    argument = board.kind(board.card, "a").try_next("b")
    assert board.asked(argument) == "b"
    for _ in range(5):
        assert board.asked(None) == "a"


STEPS = st.lists(st.sampled_from(["try", "commit", "start", "cut"]), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.data())
def test_power_may_go_at_any_write(board, steps, data):
    """After every cut the committed slot starts, the old or the new one, and a trial is never kept by itself."""
    card = board.card.copy()
    machine = type(board)(card)
    running = committed = "a"
    for step in steps:
        # What comes next may be cut off after so many sectors; at most a whole copy of the environment and more.
        limit = data.draw(st.integers(0, 2 * COPY_BYTES // SECTOR)) if step == "cut" else None
        kept = {committed}
        argument = None
        try:
            card.cut_after, card.written = limit, 0
            slots = machine.kind(card, running)
            assert slots.committed in kept
            if step == "commit" or (step == "cut" and running != committed):
                kept.add(running)
                slots.commit()
                kept = {running}
            elif step in ("try", "cut"):
                argument = slots.try_next(other(committed))
            card.cut_after = None
        except PowerCut:
            card.cut_after = None
            argument = None
        machine.card = card
        if step == "commit":
            committed = running
            continue
        # A restart, asked for or not. On trial the other slot may start, once.
        first = machine.asked(argument)
        now = machine.kind(card, first)
        assert now.committed in kept
        committed = now.committed
        if first != committed:
            assert step != "start" or running == committed
            second = machine.asked(None)
            assert second == committed, "a trial came twice"
            running = first if data.draw(st.booleans()) else second
            if running == first:
                # Seen once more: the loader has counted that start, so begin it anew.
                running = machine.asked(machine.kind(card, second).try_next(first))
                assert running == first
        else:
            running = committed


def content(slots):
    """All that the card says about the slots."""
    return slots.committed, getattr(slots, "_trial", None), getattr(slots, "_values", None)


@pytest.mark.parametrize("after", range(2 * COPY_BYTES // SECTOR + 2))
def test_a_commit_cut_at_every_sector(board, after):
    card = board.card
    argument = board.kind(card, "a").try_next("b")
    assert board.asked(argument) == "b"
    whole = card.copy()
    board.kind(whole, "b").commit()
    states = [content(board.kind(state, "b")) for state in (card, whole)]
    card.cut_after, card.written = after, 0
    try:
        board.kind(card, "b").commit()
        done = True
    except PowerCut:
        done = False
    card.cut_after = None
    assert content(board.kind(card, "b")) in states, "half a commit"
    # The last sectors of a copy are filling that was there before: it may be whole although the write was cut.
    started = board.asked(None)
    assert started == "b" or not done
    assert [board.asked(None) for _ in range(3)] == 3 * [started] and started == board.kind(card, started).committed
    if after == 0:
        assert started == "a"


@pytest.mark.parametrize("kind", [None, "grub"])
def test_another_boot_loader_has_no_slots(kind, tmp_path):
    (tmp_path / "arguments").write_text("root=/dev/mmcblk0p5")
    with pytest.raises(SlotError) as caught:
        open_slots(kind, "/nowhere", str(tmp_path / "arguments"))
    assert caught.value.code == "no-slots"


def test_slots_of_a_real_file(tmp_path):
    path = raspberry_card(tmp_path / "card.img")
    (tmp_path / "arguments").write_text("root=/dev/mmcblk0p6")
    slots = open_slots("tryboot", str(path), str(tmp_path / "arguments"))
    assert slots.is_trial
    slots.commit()
    again = open_slots("tryboot", str(path), str(tmp_path / "arguments"))
    assert not again.is_trial and again.committed == "b"
    with pytest.raises(SlotError) as caught:
        open_slots("tryboot", str(tmp_path / "none"), str(tmp_path / "arguments"))
    assert caught.value.code == "failed" and "No such file" in str(caught.value)
