"""The steps of a start, in order. Each may fail by itself; what failed is said once, plainly, and the rest goes on."""

from appliance.board import BoardError, board_file
from appliance.power_on import card, clock, file_systems, folders, making, memory, mounts, randomness, trouble
from appliance.power_on.trouble import StepError, Trouble
from appliance.supervisor.console import Console, other_consoles
from appliance.wifi import links

STATE, DATA, CARD = "/state", "/data", "/card"
# A larger card takes longer; the kernel goes on with it while the node starts.
GROW_LIMIT_S = 20.0

STATE_DAMAGED = (
    "STATE, the card's partition 7, is damaged and could not be repaired, so the node does not start. "
    "Put the card into a computer and run e2fsck on that partition; or write the image anew, which forgets the owner."
)
DATA_DAMAGED = (
    "DATA, the card's partition 8, is damaged and could not be repaired, so it is not used. "
    "Put the card into a computer and run e2fsck on that partition; or write the image anew, which forgets what it held."
)


class Start:
    """One start of this machine.

    settings: what board_file.read() gives; say: function of a sentence. troubles: what went wrong.
    """

    def __init__(self, settings, say):
        self._settings = settings
        self._say = say
        self._user = self._group = 0
        self._seed = None
        self.troubles = []

    def run(self):
        """Carry out every step."""
        self._step("clock", clock.advance)
        self._step("cgroup", mounts.mount_cgroups)
        self._step("loopback", _loopback_up)
        self._step("settings", memory.apply_settings, self._settings["port"])
        self._step("user", self._find_user, stops_node=True)
        if self._settings["disk"]:
            self._step("growth", self._grow)
            self._step("state", self._open_state, stops_node=True)
            self._step("data", self._open_data)
            self._step("card", self._open_card)
        self._step("zram", memory.start_zram, self._settings["zram_mib"])
        # Last: meanwhile the kernel has gathered some.
        self._step("random", randomness.await_ready, self._seed)

    def _step(self, name, action, *arguments, stops_node=False):
        try:
            action(*arguments)
        except StepError as error:
            sentence = str(error)
        except Exception as error:  # a defect of one step must not keep the others from their work
            sentence = f"The step {name} of the start failed ({type(error).__name__})."
        else:
            return
        self.troubles.append(Trouble(name, sentence, stops_node))
        self._say(sentence)

    def _find_user(self):
        self._user, self._group = folders.account()

    def _grow(self):
        card.grow_last(card.disk_path(self._settings["disk"]))

    def _partition(self, number):
        path = card.partition_path(card.disk_path(self._settings["disk"]), number)
        card.await_partition(path)
        return path

    def _open_state(self):
        self._open(card.STATE, "STATE", STATE, STATE_DAMAGED)
        node = self._settings["state_folder"]
        folders.hand_over(node, self._user, self._group)
        folders.hand_over(self._settings["wifi_folder"], 0, 0)
        # Before the new seed is written, whose time it then is.
        self._step("clock", clock.advance, (node, STATE, self._settings["wifi_folder"]))
        self._seed = f"{STATE}/random-seed"
        self._step("seed", randomness.use_seed, self._seed)

    def _open_data(self):
        device = self._open(card.DATA, "DATA", DATA, DATA_DAMAGED)
        folders.hand_over(DATA, self._user, self._group)
        if file_systems.wants_growth(device):
            file_systems.grow(device, GROW_LIMIT_S)

    def _open(self, number, label, folder, damaged):
        device = self._partition(number)
        if not mounts.is_mounted(folder):
            try:
                file_systems.prepare(device, label, making.Making(card.disk_path(self._settings["disk"]), number))
            except file_systems.DamagedError:
                raise StepError(damaged) from None
            mounts.mount_ext4(device, folder)
        return device

    def _open_card(self):
        mounts.mount_card(self._partition(card.CARD), CARD, self._user, self._group)


def _loopback_up():
    try:
        links.set_up("lo")
    except OSError as error:
        raise StepError(f"The loopback interface could not be switched on: {error.strerror}.") from None


def main(settings_path=board_file.PATH, run_folder=trouble.FOLDER):
    """Carry out a start. Returns 0, or 1 if something went wrong; init starts the supervisor in any case, which waits for STATE."""
    # On the screen and on the serial cable.
    say = Console(shows_log=False, others=other_consoles()).announce
    try:
        settings = board_file.read(settings_path)
    except BoardError as error:
        troubles = [Trouble("board", str(error), True)]
        say(str(error))
    else:
        start = Start(settings, say)
        start.run()
        troubles = start.troubles
    try:
        trouble.tell(troubles, run_folder)
    except OSError as error:
        say(f"What went wrong at the start could not be kept in {run_folder}: {error.strerror}.")
    return 1 if troubles else 0
