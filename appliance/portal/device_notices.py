"""What an owner should know before anything else: what went wrong at the start, and how a new system fares on trial."""

from appliance.portal.html import escape

FAILED = "trial-failed"
ASKED = "trial-asked"
REASONS = {
    "node-never-ready": "trial_node_never_ready",
    "node-not-healthy": "trial_node_not_healthy",
    "commit-refused": "trial_commit_refused",
    "system-restarted": "trial_system_restarted",
    "system-never-started": "trial_system_never_started",
}


def notices(view, status):
    """HTML of what to know, "" if all is well. status: result of the verb `status`; sentences of trouble are in English."""
    troubles = "".join(f"<li>{escape(sentence)}</li>" for sentence in status.get("trouble") or [])
    said = _notice("bad", view.say("status_trouble"), f"<ul>{troubles}</ul>") if troubles else ""
    trial = _trial(view, status.get("slots") or {})
    return said + (_notice("", view.say("status_news"), f"<p>{trial}</p>") if trial else "")


def system_text(view, status):
    """HTML of which system runs, "" on a machine that has only one."""
    slots = status.get("slots") or {}
    if not slots.get("running"):
        return ""
    return view.say("status_slot_trial" if slots.get("is_trial") else "status_slot", slot=slots["running"])


def _notice(kind, title, content):
    # No role: the part around it is fetched anew every few seconds, and a screen reader would say it each time.
    return f'<section class="alert notice {kind}"><h2>{title}</h2>{content}</section>'


def _trial(view, slots):
    say, running, last = view.say, slots.get("running"), slots.get("last_trial") or {}
    outcome, _, reason = str(last.get("outcome", "")).partition(":")
    if slots.get("is_trial"):
        return say("trial_running", slot=running)
    if outcome == ASKED:
        return say("trial_asked", slot=last.get("slot"))
    if outcome != FAILED:
        return ""
    given_up = say("trial_failed", slot=last.get("slot"), running=running)
    return given_up + " " + say(REASONS.get(reason, "trial_unknown"), reason=reason)
