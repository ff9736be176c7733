"""A wpa_supplicant made of nothing, for the rules of station and access point: who is on the air, and what each answers."""

from appliance.wifi.replies import Event

BSS = "02:00:00:00:00:{:02x}\t{}\t-50\t{}\t{}\n"


class Air:
    """networks: name (bytes): (frequency, flags, passphrase or None, gives an address)."""

    def __init__(self, **networks):
        self.networks = {name.encode(): network for name, network in networks.items()}


class Daemon:
    """Control of one interface. commands: everything asked of it. broken: it does not answer any more."""

    def __init__(self, air):
        self.air = air
        self.settings = {}
        self.commands = []
        self.queue = []
        self.selected = None
        self.frequency = 0
        self.refuses = set()

    def ask(self, command, limit_s=5):
        return self.request(command) == b"OK\n"

    def request(self, command, limit_s=5):
        self.commands.append(command)
        verb, *words = command.split(" ", 3)
        if verb == "ADD_NETWORK":
            number = str(len(self.settings))
            self.settings[number] = {}
            return number.encode() + b"\n"
        if verb == "SET_NETWORK":
            number, name, value = words
            if name in self.refuses:
                return b"FAIL\n"
            self.settings[number][name] = value
        elif verb == "SELECT_NETWORK":
            self._select(words[0])
        elif verb == "REMOVE_NETWORK" and words[0] == self.selected or verb == "DISCONNECT":
            self.selected, self.frequency = None, 0
        elif verb == "SCAN":
            self.queue.append(Event("CTRL-EVENT-SCAN-RESULTS"))
        elif verb == "SCAN_RESULTS":
            return self._scan_results()
        elif verb == "STATUS":
            return self._status()
        elif verb == "STA-FIRST":
            return b"02:00:00:00:01:00\nflags=[AUTH]\n"
        elif verb == "STA-NEXT":
            return b""
        return b"OK\n"

    def _select(self, number):
        settings = self.settings[number]
        self.selected, self.frequency = None, 0
        if settings.get("mode") == "2":
            self.selected, self.frequency = number, int(settings["frequency"])
            return
        network = self.air.networks.get(bytes.fromhex(settings["ssid"]))
        if network is None:
            self.queue.append(Event("CTRL-EVENT-NETWORK-NOT-FOUND"))
        elif network[2] is not None and settings.get("psk", settings.get("sae_password")) != f'"{network[2]}"':
            self.queue.append(Event("CTRL-EVENT-SSID-TEMP-DISABLED", "reason=WRONG_KEY"))
        else:
            self.selected, self.frequency = number, network[0]
            self.queue.append(Event("CTRL-EVENT-CONNECTED"))

    def _scan_results(self):
        lines = ["bssid / frequency / signal level / flags / ssid\n"]
        for number, (name, network) in enumerate(self.air.networks.items()):
            lines.append(BSS.format(number, network[0], network[1], name.decode()))
        return "".join(lines).encode()

    def _status(self):
        if self.selected is None:
            return b"wpa_state=DISCONNECTED\n"
        mode = "AP" if self.settings[self.selected].get("mode") == "2" else "station"
        return f"freq={self.frequency}\nmode={mode}\nwpa_state=COMPLETED\n".encode()

    def events(self, patience_s=0.0):
        found, self.queue = self.queue, []
        return found

    def fileno(self):
        return -1

    def close(self):
        pass


class Supplicant:
    """Supplicant that hands out Daemons."""

    def __init__(self, air):
        self.air = air
        self.is_running = False
        self.daemons = {}

    def start(self):
        self.is_running = True

    def add(self, interface):
        self.daemons[interface] = Daemon(self.air)
        return self.daemons[interface]

    def remove(self, interface):
        self.daemons.pop(interface, None)

    def close_socket(self):
        pass

    def stop(self):
        self.is_running = False


class Dhcp:
    """DhcpClient that has an address at once, if the network gives one."""

    def __init__(self, gives=lambda: True):
        self.gives = gives
        self.is_on = False

    def start(self):
        self.is_on = True

    def stop(self):
        self.is_on = False

    def renew(self):
        pass

    def tick(self):
        pass

    @property
    def address(self):
        return "192.168.77.50" if self.is_on and self.gives() else None


class Program:
    """A program that runs as long as nobody stops it."""

    def __init__(self, command, *_):
        self.command = command

    def start(self):
        pass

    def stop(self):
        pass

    def tick(self):
        pass
