"""The steps of a start: each rule by itself, and that a failure of one keeps no other from its work."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.power_on import card, clock, file_systems, folders, growth, memory, mounts, randomness, start, trouble
from appliance.power_on.programs import run
from appliance.power_on.trouble import StepError, Trouble
from appliance.wifi import links
from leither_edge import BUILD_TIME

SETTINGS = {"port": 80, "disk": "/dev/mmcblk0", "zram_mib": 16, "state_folder": "/state/node", "wifi_folder": "/state/wifi"}


def test_what_e2fscks_exit_code_means():
    assert all(file_systems.is_repaired(code) for code in (0, 1, 2, 3))
    assert not any(file_systems.is_repaired(code) for code in (4, 5, 8, 12, 16, 32, 128, -9))


@pytest.mark.parametrize("at, blank", [(None, True), (0, False), (file_systems.BLANK_BYTES - 1, False), (file_systems.BLANK_BYTES, True)])
def test_only_zeros_are_blank(tmp_path, at, blank):
    path = tmp_path / "partition"
    with open(path, "wb") as file:
        file.truncate(4 << 20)
        if at is not None:
            file.seek(at)
            file.write(b"x")
    assert file_systems.is_blank(str(path)) == blank


def test_a_partition_too_small_or_missing_is_not_blank(tmp_path):
    (tmp_path / "small").write_bytes(bytes(1000))
    assert not file_systems.is_blank(str(tmp_path / "small"))
    with pytest.raises(StepError, match="cannot be read"):
        file_systems.is_blank(str(tmp_path / "none"))


@given(st.binary(max_size=1100))
def test_any_super_block_is_read_or_refused(data):
    size = file_systems.file_system_bytes(data)
    assert size is None or size >= 0


def test_programs_end_with_their_code():
    assert run(["true"]) == 0 and run(["sh", "-c", "exit 4"]) == 4 and run(["sh", "-c", "kill -9 $$"]) == -9
    assert run(["sleep", "0.2"], limit_s=0.01) is None
    with pytest.raises(StepError, match="no-such-program"):
        run(["no-such-program"])


def test_names_of_partitions():
    assert card.partition_path("/dev/mmcblk0", 7) == "/dev/mmcblk0p7" and card.partition_path("/dev/sda", 7) == "/dev/sda7"
    with pytest.raises(StepError, match="anew"):
        card.await_partition("/nowhere/p7", 0)


def test_mounted_folders_are_known(tmp_path):
    table = tmp_path / "mounts"
    table.write_text("/dev/root / squashfs ro 0 0\n/dev/mmcblk0p7 /state ext4 rw 0 0\n\nx\n")
    assert mounts.is_mounted("/state", str(table)) and not mounts.is_mounted("/data", str(table))
    with pytest.raises(StepError):
        mounts.is_mounted("/data", str(tmp_path / "none"))


def test_a_mount_that_is_refused_says_why(tmp_path):
    with pytest.raises(StepError, match="could not be mounted"):
        mounts.mount_ext4(str(tmp_path / "none"), str(tmp_path))


def test_kernel_settings_are_all_tried(tmp_path):
    for name in [*memory.KERNEL_SETTINGS, "net/ipv4/ip_unprivileged_port_start"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    memory.apply_settings(80, str(tmp_path))
    assert (tmp_path / "kernel/panic").read_text() == "10"
    assert (tmp_path / "net/ipv4/ip_unprivileged_port_start").read_text() == "53"
    (tmp_path / "kernel/panic").unlink()
    (tmp_path / "kernel/panic_on_oops").write_text("")
    with pytest.raises(StepError, match=r"kernel\.panic \(No such file"):
        memory.apply_settings(8080, str(tmp_path))
    assert (tmp_path / "kernel/panic_on_oops").read_text() == "1"
    assert (tmp_path / "net/ipv4/ip_unprivileged_port_start").read_text() == "53", "that of DNS, whatever the page's is"


def zram(folder, swaps=""):
    block = folder / "block/zram0"
    block.mkdir(parents=True)
    for name in ("reset", "comp_algorithm", "disksize"):
        (block / name).write_text("")
    (folder / "zram0").write_bytes(bytes(1 << 20))
    (folder / "swaps").write_text("Filename Type Size Used Priority\n" + swaps)
    return str(folder), str(folder), str(folder / "swaps")


def test_zram_is_set_up_once(tmp_path, monkeypatch):
    on = []
    monkeypatch.setattr(memory, "_swap_on", on.append)
    places = zram(tmp_path)
    memory.start_zram(160, *places)
    assert (tmp_path / "block/zram0/disksize").read_text() == str(160 << 20)
    assert (tmp_path / "zram0").read_bytes()[4086:4096] == b"SWAPSPACE2" and on == [str(tmp_path / "zram0")]
    (tmp_path / "swaps").write_text(f"{tmp_path}/zram0 partition 163836 0 100\n")
    memory.start_zram(160, *places)
    memory.start_zram(0, *places)
    assert len(on) == 1


def test_no_zram_is_one_sentence(tmp_path):
    (tmp_path / "swaps").write_text("")
    with pytest.raises(StepError, match="no compressed swap"):
        memory.start_zram(16, str(tmp_path), str(tmp_path), str(tmp_path / "swaps"))


@pytest.mark.parametrize("now", [0, 1000, BUILD_TIME - 1])
def test_the_clock_goes_to_the_build_time(now):
    told = []
    assert clock.advance(now=lambda: now, set_clock=told.append) and told == [BUILD_TIME]


def test_the_clock_goes_to_what_was_last_written(tmp_path):
    told = []
    for name, time_s in (("old", BUILD_TIME - 5), ("new", BUILD_TIME + 500), ("impossible", BUILD_TIME + 11 * clock.YEAR_S)):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (time_s, time_s))
    assert clock.advance((str(tmp_path), "/no/such/folder"), lambda: BUILD_TIME, told.append) and told == [BUILD_TIME + 500]
    assert not clock.advance((str(tmp_path),), lambda: BUILD_TIME + 501, told.append)

    def refuse(_time_s):
        raise PermissionError(1, "Operation not permitted")

    with pytest.raises(StepError, match="clock could not be set"):
        clock.advance(now=lambda: 0, set_clock=refuse)


def test_a_folder_is_handed_over_again_and_again(tmp_path):
    folder = tmp_path / "state/node"
    for _ in range(2):
        folders.hand_over(str(folder), os.getuid(), os.getgid())
        assert folder.stat().st_mode & 0o7777 == 0o700
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(StepError, match="could not be prepared"):
        folders.hand_over(str(tmp_path / "link"), os.getuid(), os.getgid())
    with pytest.raises(StepError, match="no user called"):
        folders.account("no-such-user")


def test_troubles_are_kept_for_the_supervisor(tmp_path):
    path = str(tmp_path / "run/trouble.json")
    assert trouble.read(path) == []
    trouble.write([Trouble("state", "It is damaged." + "x" * 1000, True)] * 40, path)
    found = trouble.read(path)
    assert len(found) == trouble.TROUBLES_MAX and found[0].stops_node and found[0].sentence.startswith("It is damaged.")
    trouble.write([], path)
    assert trouble.read(path) == []


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
MEMBERS = st.sampled_from(["troubles", "step", "sentence", "stops_node"])
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MEMBERS, inner, max_size=4), max_leaves=12)


@given(st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_trouble_file_is_read_or_ignored(data):
    for entry in trouble.parse(data):
        assert type(entry.sentence) is str and type(entry.stops_node) is bool


@pytest.fixture
def steps(monkeypatch):
    """The names of the steps as they are carried out; each does nothing, or what the test put into ``fails``."""
    done, fails = [], {}

    def step(name):
        def carry_out(*arguments):
            done.append(name)
            if name in fails:
                raise fails[name]

        return carry_out

    for module, name in (
        (clock, "advance"), (mounts, "mount_cgroups"), (memory, "apply_settings"), (memory, "start_zram"), (card, "grow_last"),
        (card, "await_partition"), (file_systems, "prepare"), (mounts, "mount_ext4"), (mounts, "mount_card"), (folders, "hand_over"),
        (file_systems, "grow"), (randomness, "use_seed"), (randomness, "await_ready"), (links, "set_up"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, step(name))
    monkeypatch.setattr(folders, "account", lambda: (1000, 1000))
    monkeypatch.setattr(mounts, "is_mounted", lambda folder: False)
    monkeypatch.setattr(file_systems, "wants_growth", lambda device: True)
    return done, fails


def carried_out(settings=SETTINGS):
    said = []
    begun = start.Start(settings, said.append)
    begun.run()
    assert said == [entry.sentence for entry in begun.troubles]
    return begun.troubles


def test_everything_in_its_order(steps):
    assert carried_out() == []
    done, _ = steps
    assert done.index("grow_last") < done.index("prepare") < done.index("mount_ext4") < done.index("hand_over") < done.index("grow")
    assert done[0] == "advance" and done.index("mount_ext4") < done.index("use_seed") < done.index("await_ready")
    assert "set_up" in done and done.index("advance", 1) < done.index("use_seed"), "the new seed has the clock's new time"


@pytest.mark.parametrize(
    "name, stops",
    [("advance", False), ("mount_cgroups", False), ("apply_settings", False), ("start_zram", False), ("grow_last", False),
     ("mount_card", False), ("use_seed", False), ("await_ready", False), ("set_up", False),
     ("hand_over", True), ("prepare", True), ("mount_ext4", True)],
)  # fmt: skip
@pytest.mark.parametrize("error", [StepError("It did not work."), ZeroDivisionError()])
def test_a_step_that_fails_keeps_no_other_from_its_work(steps, name, stops, error):
    done, fails = steps
    fails[name] = error
    troubles = carried_out()
    assert troubles and any(entry.stops_node for entry in troubles) == stops
    assert all(entry.sentence.endswith((".", ").")) for entry in troubles)
    assert {"mount_cgroups", "apply_settings", "start_zram", "grow_last", "mount_card", "await_ready"} <= set(done)


def test_a_damaged_file_system_is_left_unmounted_and_said(steps):
    done, fails = steps
    fails["prepare"] = file_systems.DamagedError()
    state, data = carried_out()
    assert "mount_ext4" not in done and "grow" not in done
    assert state.stops_node and "e2fsck" in state.sentence and not data.stops_node and "not used" in data.sentence


def test_without_a_disk_there_is_nothing_to_mount(steps):
    assert carried_out({**SETTINGS, "disk": None}) == []
    assert "prepare" not in steps[0]


def test_the_program_keeps_what_went_wrong(steps, tmp_path, capfd):
    (tmp_path / "board.json").write_text(json.dumps({"name": "test", "disk": "/dev/mmcblk0"}))
    run_folder = tmp_path / "run"
    path, wait = str(run_folder / "trouble.json"), run_folder / "no-state"
    steps[1]["grow_last"] = StepError("DATA could not be grown.")
    assert start.main(str(tmp_path / "board.json"), str(run_folder)) == 1
    assert capfd.readouterr().out == "DATA could not be grown.\n" and trouble.read(path)[0].step == "growth" and not wait.exists()
    steps[1]["prepare"] = file_systems.DamagedError()
    assert start.main(str(tmp_path / "board.json"), str(run_folder)) == 1 and wait.exists()
    steps[1].clear()
    assert start.main(str(tmp_path / "board.json"), str(run_folder)) == 0 and trouble.read(path) == [] and not wait.exists()
    assert start.main(str(tmp_path / "none.json"), str(run_folder)) == 1 and trouble.read(path)[0].stops_node and wait.exists()


def test_growth_of_a_card_file_alone(tmp_path):
    """Without a kernel's partitions the table is grown and the rest refused in a sentence."""
    from tests.power_on.tables import product_sectors

    sectors, end = product_sectors()
    path = tmp_path / "card"
    path.write_bytes(b"".join(sectors(number) for number in range(end)) + bytes((4 << 20) - end * 512))
    with pytest.raises(StepError, match="No such file"):
        card.grow_last(str(path))

    def read(number):
        return path.read_bytes()[number * 512 :][:512]

    assert growth.writes(read, 8192, 8) == []
    (tmp_path / "noise").write_bytes(b"x" * 4096)
    with pytest.raises(StepError, match="no partition table"):
        card.grow_last(str(tmp_path / "noise"))
