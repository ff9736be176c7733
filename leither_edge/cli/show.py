"""Answers of devices as people read them. Every text from a device passes ``clean``."""

from leither_edge.cli.figures import bar, flat, moment, number, scalar, short_moment, size, span, table_of, versions_text
from leither_edge.cli.notices import system, trial, troubles, word
from leither_edge.cli.output import clean, cut

SIGNAL_STEPS = (-85, -75, -67, -55)
LEVEL_STYLES = {"error": "red", "critical": "red", "warning": "yellow", "warn": "yellow", "debug": "dim"}
DETAIL_MAX = 60


def function_of(verb):
    """The name of the function that does a verb; those here are named after it."""
    return verb.run.rpartition(":")[2]


def single(out, verb, name, result, args):
    """Show one device's answer."""
    painter = globals().get(f"show_{function_of(verb)}")
    if painter:
        painter(out, name, result, args)
    elif result:
        tree(out, result)
    else:
        out.done(f"{name} did it.")


def fleet(out, verb, rows):
    """Show a table, one line a device."""
    columns = globals().get(f"columns_{function_of(verb)}")
    extra = []
    for row in rows:
        if row["exit_code"] == 0 and columns:
            for heading in columns(row.get("result") or {}):
                if heading not in extra:
                    extra.append(heading)
    extra = [heading for heading in extra if any(seen(columns, row, heading) for row in rows)]
    cells, styles = [], {}
    for index, row in enumerate(rows):
        good = row["exit_code"] == 0
        styles[index, 0], styles[index, 1] = "bold", "green" if good else "red" if row["exit_code"] != 4 else "yellow"
        line = [row["device"], "✓ done" if good else f"✗ {clean(row['status'], 32)}", f"{row['took_ms'] / 1000:.1f} s"]
        if good:
            facts = columns(row.get("result") or {}) if columns else {}
            line += [facts.get(heading, "") for heading in extra] or [cut(flat(row.get("result") or {}), DETAIL_MAX)]
        else:
            reason = row["error"]["why"].splitlines() or [row["error"]["message"]]
            line += [clean(reason[0], 200)] + [""] * (len(extra) - 1)
        cells.append(line)
    headings = ["DEVICE", "RESULT", "TOOK", *(extra or ["ANSWER"])]
    if not extra and not any(line[3] for line in cells):
        headings, cells = headings[:3], [line[:3] for line in cells]
    out.table(headings, cells, styles)


def seen(columns, row, heading):
    """Whether a row has something to show under a heading."""
    return row["exit_code"] == 0 and columns(row.get("result") or {}).get(heading, "-") not in ("", "-")


def tree(out, value, indent=0):
    """Any result, indented."""
    pairs = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            flush(out, pairs, indent)
            out.line(f"{' ' * indent}{out.styled(clean(key, 64), 'bold')}")
            tree(out, item, indent + 2)
        elif isinstance(item, list) and item and all(isinstance(entry, dict) for entry in item):
            flush(out, pairs, indent)
            out.line(f"{' ' * indent}{out.styled(clean(key, 64), 'bold')}")
            for entry in item:
                out.line(f"{' ' * (indent + 2)}{flat(entry)}")
        else:
            pairs.append((clean(key, 64), scalar(item)))
    flush(out, pairs, indent)


def flush(out, pairs, indent):
    """Print gathered pairs."""
    out.facts(pairs, indent)
    pairs.clear()


def show_status(out, name, result, args, address=None):
    """The device's state on one screen."""
    memory, storage, content, clock = (table_of(result.get(key)) for key in ("memory", "storage", "content", "time"))
    own_name = clean(result.get("name", ""), 64)
    also = out.styled(f"  calls itself {own_name}", "dim") if own_name not in ("", name) else ""
    out.line(f"{out.styled('●', 'green')} {out.styled(name, 'bold')}{also}")
    for sentence in troubles(result):
        out.line(f"  {out.styled('!', 'red', 'bold')} {sentence}")
    if found := trial(result):
        out.line(f"  {out.styled('!', 'yellow', 'bold')} {found[1]}")
    board = " · ".join(clean(part, 32) for part in (result.get("board"), result.get("profile")) if part)
    out.facts(
        [
            ("Address", address),
            ("Up", span(result.get("uptime_s"))),
            ("Memory", bar(out, number(memory.get("rss_kib")), number(memory.get("max_kib"))) if memory else None),
            ("State", bar(out, number(storage.get("state_used_kib")), number(storage.get("state_max_kib"))) if storage else None),
            ("Data room", size(number(storage.get("data_quota_mib")) * 1024) if storage else None),
            ("Content", bar(out, number(content.get("used_kib")), number(content.get("max_kib"))) if content else None),
            ("Temperature", temperature(out, result.get("temperature_c"))),
            ("Wi-Fi", network(table_of(result.get("wifi")))),
            ("Other nodes", reach(table_of(result.get("reach")))),
            ("Channels", channels(table_of(result.get("reach")))),
            (
                "Time",
                moment(clock.get("now"))
                + ("" if clock.get("clock_plausible") is not False else out.styled("  its clock is wrong", "yellow")),
            ),
            ("Board", board or None),
            ("System", system(result)),
            ("Version", versions_text(result.get("versions")) or None),
            ("Restarts", scalar(result["restarts"]) if result.get("restarts") is not None else None),
            ("Keyset", scalar(result.get("keyset_version"))),
            ("Device id", clean(result.get("device_id", "-"), 40)),
        ],
        indent=2,
    )


REACHES = {"lan": "this house alone", "organization": "a closed network", "mainline": "the public network"}


def reach(facts):
    """Which network of nodes a device is in, and whom it knows there; None without one."""
    where = REACHES.get(facts.get("network"))
    if where is None:
        return None
    known = number(facts.get("nodes"))
    met = f"{known} known" if known else "none met yet"
    hidden = known and not facts.get("is_server")
    return f"{where}, {met}" + ("; asks, and is not asked (no way in from outside found)" if hidden else "")


def channels(facts):
    """How many channels to other nodes a device has open, and where it takes them; None where it takes none."""
    port = number(facts.get("peer_port"))
    return f"{number(facts.get('channels')):.0f} open, TCP port {port:.0f}" if port else None


def temperature(out, celsius):
    """A temperature, red where chips begin to slow down."""
    if celsius is None:
        return None
    return out.styled(f"{number(celsius):.0f} °C", *(["red"] if number(celsius) >= 75 else []))


def network(wifi):
    """The Wi-Fi in one line."""
    if not wifi:
        return None
    if not wifi.get("ssid"):
        return clean(wifi.get("state") or "-", 32)
    return f"{clean(wifi['ssid'], 64)} ({clean(wifi.get('address') or wifi.get('state') or '-', 64)})"


def columns_status(result):
    """Status in a fleet's table."""
    memory, storage = table_of(result.get("memory")), table_of(result.get("storage"))
    celsius = result.get("temperature_c")
    return {
        "UP": span(result.get("uptime_s")),
        "MEMORY": f"{size(number(memory.get('rss_kib')))} of {size(number(memory.get('max_kib')))}" if memory else "-",
        "STATE": size(number(storage.get("state_used_kib"))) if storage else "-",
        "TEMPERATURE": f"{number(celsius):.0f} °C" if celsius is not None else "-",
        "VERSION": versions_text(result.get("versions")).partition(",")[0] or "-",
        "NOTICE": word(result),
    }


def show_logs(out, name, result, args):
    """Log lines."""
    for line in result.get("lines") or []:
        log_line(out, line)


def log_line(out, line):
    """One line of a device's log; JSON lines with --json."""
    line = table_of(line)
    if out.as_json:
        out.result(line)
        return
    text = clean(line.get("text", ""), 4000)
    stamp = out.styled(short_moment(line.get("time")), "dim")
    level, space, rest = text.partition(" ")
    style = LEVEL_STYLES.get(level)
    out.line(f"{stamp}  {out.styled(level, style) + space + rest if style else text}")


def columns_logs(result):
    """A log in a fleet's table: its newest line."""
    lines = result.get("lines") or [{}]
    return {"NEWEST LINE": clean(table_of(lines[-1]).get("text", ""), 200)}


def show_config_get(out, name, result, args):
    """Settings, or one bare value."""
    if args.name is not None:
        out.line(scalar_for_scripts(result["value"]))
        return
    config = table_of(result.get("config"))
    out.facts([(clean(key, 64), scalar(config[key])) for key in sorted(config, key=str)])


def scalar_for_scripts(value):
    """One value exactly as ``config set`` takes it."""
    return {True: "true", False: "false"}.get(value, clean(value)) if isinstance(value, bool) else clean(value)


def columns_config_get(result):
    """Settings in a fleet's table."""
    config = {result["name"]: result["value"]} if "value" in result else table_of(result.get("config"))
    return {clean(key, 32).upper(): clean(scalar(value), 32) for key, value in config.items()}


def show_config_set(out, name, result, args):
    """What is in force now."""
    config = table_of(result.get("config"))
    changed = getattr(args, "change", config)
    out.done(f"{name} took the settings.")
    out.facts([(clean(key, 64), scalar(config.get(key, value))) for key, value in changed.items()], indent=2)
    if "timezone" in changed:
        out.note("The time zone is only kept for now: the device's log and its page go on in UTC.")


def show_reboot(out, name, result, args):
    """A restart was accepted."""
    out.done(f"{name} starts again now.")


def show_identify(out, name, result, args):
    """It blinks."""
    out.done(f"{name} blinks for {args.seconds} seconds.")


def show_collect(out, name, result, args):
    """What a collection gave back."""
    given = size(number(result.get("bytes")) / 1024)
    out.done(f"{name} gave back {given}." if result.get("finished") else f"{name} gave back {given} so far, and goes on by itself.")


def show_wifi_scan(out, name, result, args):
    """Networks, the strongest first."""
    networks = sorted((table_of(entry) for entry in result.get("networks") or []), key=lambda entry: -number(entry.get("signal_dbm"), -999))
    if not networks:
        out.line(f"{name} sees no network.")
        return
    rows, styles = [], {}
    for index, entry in enumerate(networks):
        strength = number(entry.get("signal_dbm"), -999)
        steps = sum(strength >= step for step in SIGNAL_STEPS)
        rows.append([
            clean(entry.get("ssid") or "(hidden)", 64), "▂▄▆█"[:steps].ljust(4, "·"), f"{strength} dBm",
            clean(entry.get("security", "-"), 16), scalar(entry.get("channel")),
        ])  # fmt: skip
        styles[index, 1] = "green" if steps > 2 else "yellow" if steps > 1 else "red"
    out.table(["NETWORK", "SIGNAL", "STRENGTH", "SECURITY", "CHANNEL"], rows, styles)


def columns_wifi_scan(result):
    """A scan in a fleet's table."""
    networks = [table_of(entry) for entry in result.get("networks") or []]
    return {"NETWORKS": str(len(networks)), "SEEN": clean(", ".join(str(entry.get("ssid")) for entry in networks), 200)}


def show_wifi_join(out, name, result, args):
    """Joined."""
    address = clean(result.get("address") or "", 64)
    out.done(f"{name} joined “{args.ssid}”" + (f" and has the address {address}." if address else "."))
    if address:
        out.next_step("If it can no longer be reached at the old address:", f"leither remote move {name} {address}")


def show_wifi_forget(out, name, result, args):
    """Left."""
    out.done(f"{name} forgot its network.")


def show_audit(out, name, result, args):
    """Entries of the audit log, and the result of the check."""
    rows, styles = [], {}
    for index, entry in enumerate(result["entries"]):
        rows.append(
            [
                str(entry["index"]),
                moment(entry["time"]),
                clean(entry["verb"], 32),
                entry["status"],
                entry["yours"] or entry["issuer"] or "its own page",
            ]
        )
        styles[index, 0] = "dim"
        styles[index, 3] = {"done": "green", "refused": "red", "failed": "red", "interrupted": "yellow"}.get(entry["status"], "dim")
    out.table(["ENTRY", "TIME", "VERB", "RESULT", "KEY"], rows, styles)
    checked = result["verified"]
    if checked:
        out.line()
        out.done(f"Entries {checked['first']} to {checked['last']} form one unbroken chain, signed by {name}.")
        if checked["known_head"]:
            out.line(f"  Entry {checked['known_head']}, which this computer saw before, is in it unchanged.")
        if checked["first"] > 1:
            out.line(out.styled(f"  Entries before {checked['first']} were dropped for room, as the device's profile allows.", "dim"))


def columns_audit(result):
    """The log in a fleet's table."""
    checked = result.get("verified")
    entries = result.get("entries") or [{}]
    return {
        "ENTRIES": f"{checked['first']}–{checked['last']} unbroken" if checked else str(len(entries)),
        "NEWEST": clean(entries[-1].get("verb", "-"), 32),
    }


def show_keyset_show(out, name, result, args):
    """Keys and roles."""
    rows = [[key["role"], key["id"], key["public_key"], "revoked" if key["revoked"] else key["yours"] or "-"] for key in result["keys"]]
    out.line(f"Keyset {result['version']} of {out.styled(name, 'bold')}")
    out.table(["ROLE", "KEY ID", "PUBLIC KEY", "YOURS"], rows)
    if result["revoked"]:
        out.line()
        out.facts([("Revoked", identity) for identity in result["revoked"]])
    out.line(
        out.styled("Root keys: " + (f"{len(result['roots'])}, two of which can change the rest" if result["roots"] else "none"), "dim")
    )


def show_keyset_rotate(out, name, result, args):
    """A new keyset is in force."""
    version = clean(result["version"], 16)
    out.done(f"Keyset {version} is in force at {name}." if result.get("changed", True) else f"{name} has these keys already.")
    if args.new_owner:
        out.next_step(
            "Passes of the old owner key are void. Renew this computer's:",
            f"leither remote pass create --this-computer --only {name} --key {args.new_owner}",
        )


def show_keyset_revoke(out, name, result, args):
    """A key was shut out."""
    out.done(f"{name} no longer obeys the key {args.id}." if result.get("changed", True) else f"That key was revoked at {name} before.")


def show_name_keep(out, name, result, args):
    """Kept."""
    stored = number(result.get("stored"))
    told = f"stored it at {stored} node{'' if stored == 1 else 's'}, and renews it" if stored else "renews it"
    out.done(f"{name} {told} every hour.")


def show_name_forget(out, name, result, args):
    """Forgotten."""
    out.done(f"{name} renews it no longer." if result.get("kept") else f"{name} did not renew it.")


def show_sign_in(out, name, result, args):
    """A browser was let in."""
    role = clean(result.get("role", ""), 16)
    out.done(f"The browser showing {clean(args.code, 32)} is signed in at {name}" + (f" as {role}." if role else "."))


def show_factory_reset(out, name, result, args):
    """Gone."""
    out.done(f"{name} is being wiped and will come back as a new device with a new identity.")
    out.next_step("Then:", f"leither remote remove {name} --yes", f"leither remote claim {name} ADDRESS --token TOKEN")
