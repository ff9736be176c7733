"""``audit``: fetches a device's log of commands and proves that nothing in it was altered or taken out."""

from leither_edge.cli.failure import Failure
from leither_edge.cli.keyring import entry_to_key

PAGES_MAX = 10_000


def audit(target, args):
    """The newest entries of the audit log; with --verify the whole chain is fetched and checked."""
    from leither_edge.core.audit import AuditError, parse_entry
    from leither_edge.core.ids import key_id

    head = target.controller.audit_head
    try:
        if args.verify:
            entries, checked = verified_log(target, head)
        else:
            after = max(0, (head[0] if head else 0) - args.lines)
            entries, checked = audit_page(target, after)["entries"], None
        rows = [parse_entry(data) for data in entries[-args.lines :]]
    except AuditError as error:
        raise Failure(
            f"The audit log of {target.name} has been altered.",
            f"{error}.",
            "Do not trust what it says. If you did not reset it, take it off the network.",
            code="audit-broken",
        ) from None
    names = {entry_to_key(name, entry).public_key: name for name, entry in target.book.keys.items()}
    names = {key_id(public_key): name for public_key, name in names.items()}
    return {"entries": [entry_facts(entry, names) for entry in rows], "verified": checked}


def verified_log(target, known):
    """Fetch and check the whole chain.

    Args:
        target: the Target.
        known: (index, hash) this computer has seen signed before, or None.

    Returns:
        (encoded entries, facts of the check).
    """
    from leither_edge.core.audit import AuditError, entry_hash, verify_chain

    page = audit_page(target, 0)
    index, previous = start = checked_head(page["start"])
    first, entries, met = start, [], known is None or known == start
    for _ in range(PAGES_MAX):
        for data in page["entries"]:
            index, previous = verify_chain([data], previous, index)
            entries.append(data)
            if known is not None and known[0] == index:
                met = entry_hash(data) == known[1]
                if not met:
                    raise AuditError("rewritten", f"entry {index} is not the one this computer saw before")
        # What this very fetching adds to the log comes after the head of the first page.
        if not page["entries"] or index >= target.controller.audit_head[0]:
            break
        page = audit_page(target, index)
        if checked_head(page["start"]) != (index, previous):
            raise AuditError("gap", f"entries after {index} were taken out")
    if known is not None and not met and known[0] > first[0]:
        raise AuditError("cut", f"entry {known[0]}, which this computer saw before, is missing")
    facts = {"first": first[0] + 1, "last": index, "entries": len(entries), "known_head": known[0] if known and met else None}
    return entries, facts


def audit_page(target, after):
    """One page of the log, its shape checked."""
    page = target.call("audit", {"after": after})
    entries = page.get("entries")
    if not isinstance(entries, list) or not all(isinstance(data, bytes) for data in entries):
        raise Failure(f"{target.name} sent no audit log.", "Its answer is signed, but not a page of the log.", "It may need an update.")
    return page


def checked_head(value):
    """Read [index, hash]."""
    from leither_edge.core.audit import AuditError

    if not (isinstance(value, list) and len(value) == 2 and type(value[0]) is int and isinstance(value[1], bytes)):
        raise AuditError("malformed", "a page does not say where it starts")
    return value[0], value[1]


def entry_facts(entry, names):
    """An audit entry for JSON; ``yours`` names the key where it is on this computer."""
    from leither_edge.core.ids import id_to_text

    facts = entry._asdict()
    facts["issuer"] = id_to_text(entry.issuer) if entry.issuer else None
    facts["yours"] = names.get(entry.issuer)
    return facts
