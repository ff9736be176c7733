"""What is announced reaches every console of a board."""

from appliance.supervisor.console import Console, other_consoles


def test_the_consoles_beside_the_first_are_those_that_the_kernel_names(tmp_path):
    active = tmp_path / "active"
    active.write_text("ttyAMA0 ttyS1 tty1\n")
    assert other_consoles(active) == ("/dev/ttyAMA0", "/dev/ttyS1")
    active.write_text("tty1\n")
    assert other_consoles(active) == ()
    active.write_text("../../etc/passwd tty0\n")
    assert other_consoles(active) == ()
    assert other_consoles(tmp_path / "none") == ()


def test_an_announcement_is_made_on_all_and_once(tmp_path, capfd):
    cable = tmp_path / "cable"
    cable.touch()
    console = Console(False, others=(str(cable), str(tmp_path / "gone")))
    for _ in range(2):
        console.announce("Claim me")
    assert cable.read_text() == "Claim me\n"
    assert capfd.readouterr().out == "Claim me\n"
