"""What a device says of its start and of a new system on trial, in sentences that say what to do."""

from leither_edge.cli.figures import table_of
from leither_edge.cli.output import clean

FAILED, ASKED = "trial-failed", "trial-asked"
TEXT_MAX = 400
TROUBLES_MAX = 32
REASONS = {
    "node-never-ready": "its node did not become ready in seven minutes. Wait for a newer version.",
    "node-not-healthy": "its node kept failing. Wait for a newer version.",
    "commit-refused": "the card did not take the note to keep it. If that happens again, the card is worn out: use a new one.",
    "system-restarted": "it restarted before it had run well for a minute. If the power went, try it once more.",
    "system-never-started": "it did not start at all. Wait for a newer version.",
}


def troubles(result):
    """The sentences of what went wrong when the device started. result: of the verb ``status``."""
    said = result.get("trouble")
    return [clean(sentence, TEXT_MAX) for sentence in said if isinstance(sentence, str)][:TROUBLES_MAX] if isinstance(said, list) else []


def system(result):
    """Which of its two systems runs, None on a machine that has only one."""
    slots = table_of(result.get("slots"))
    if not slots.get("running"):
        return None
    return f"slot {clean(slots['running'], 8)}" + (", on trial" if slots.get("is_trial") else "")


def trial(result):
    """(a word, a sentence) on the new system, None if there is nothing to know."""
    slots = table_of(result.get("slots"))
    last = table_of(slots.get("last_trial"))
    outcome, _, reason = clean(last.get("outcome") or "", 64).partition(":")
    slot, running = clean(last.get("slot") or "?", 8), clean(slots.get("running") or "?", 8)
    if slots.get("is_trial"):
        return "on trial", (
            f"A new system, slot {running}, is on trial. Leave the device switched on: once it has run well for a minute it is kept "
            "by itself, otherwise the device restarts and the one before it returns."
        )
    if outcome == ASKED:
        return "trial next", f"The next start tries the new system in slot {slot}. Restart the device when it suits you."
    if outcome == FAILED:
        why = REASONS.get(reason, f"the reason given is “{reason}”.")
        return "given up", f"The new system in slot {slot} was given up, and slot {running} runs on; nothing of yours was lost: {why}"
    return None


def word(result):
    """One word on both for a fleet's table."""
    if troubles(result):
        return "trouble"
    found = trial(result)
    return found[0] if found else "-"
