"""How records and packets stand on the terminal and in JSON."""

import time

from leither_edge.cli.output import clean


def show_records(out, records, own):
    """A table of records, names relative to the key."""
    if not records:
        out.line("There are no records.")
        return
    rows = [list(record_facts(record, own).values()) for record in records]
    out.table(["NAME", "SECONDS", "TYPE", "DATA"], rows, {(number, 3): "bold" for number in range(len(rows))})


def record_facts(record, own):
    """A record for JSON."""
    from leither_edge.names import zone

    return {
        "name": clean(zone.name_text(record.name, own)), "ttl": record.ttl, "type": zone.type_text(record.type),
        "data": clean(zone.data_text(record)),
    }  # fmt: skip


def packet_facts(packet):
    """(fields for JSON, pairs for people) of a Packet."""
    seconds = packet.sequence / 1_000_000
    # A sequence number is a time by custom only, and the author's clock may be wrong.
    try:
        signed = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        signed = None
    return {"sequence": packet.sequence, "signed": signed}, [("Signed", signed or f"number {packet.sequence}")]
