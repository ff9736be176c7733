"""The pages of a claimed device: sign in, status, log, settings."""

from appliance.portal.html import button, command_line, escape, field, form, good_news, heading, live, page, problem, text_input
from appliance.portal.setup_pages import exposed_warning, number_fields, reach_choices
from appliance.portal.texts import LANGUAGES

PAGES = ("status", "log", "settings")


def sign_in_part(view, code, remote_line):
    """What changes when the code does: the code and the line that approves it."""
    say = view.say
    return (
        f'<p class="code" aria-label="{say("sign_in_code")}">{escape(code)}</p>'
        f'<p class="quiet"><span class="spinner"></span>{say("sign_in_waiting")}</p>'
        f'<p class="hint">{say("sign_in_line")}</p>{command_line(view, remote_line)}'
    )


def sign_in_page(view, code, remote_line, device_id, has_words):
    """The page of a browser that nobody has approved yet."""
    say = view.say
    here = (
        f'<section id="sign-in-here" hidden data-device="{escape(device_id)}" data-failed="{say("sign_in_here_failed", message="%s")}">'
        + button(say("sign_in_here"), "primary", ' type="button"')
        + '<p class="alert bad" role="alert" hidden></p></section>'
    )
    body = (
        heading(say("sign_in_title"), say("sign_in_lead"))
        + exposed_warning(view)
        + here
        + f'<section class="choice"><h2>{say("sign_in_code")}</h2>{live("code", 2, sign_in_part(view, code, remote_line))}'
        f'<noscript><p><a class="button" href="/sign-in">{say("sign_in_check")}</a></p></noscript></section>'
        + (_words_part(view, device_id) if has_words else "")
    )
    return page(view, say("sign_in_title"), body, refresh_s=2)


def _words_part(view, device_id):
    """For a browser without a key and without a computer at hand. Needs the script, which shows it."""
    say = view.say
    return (
        f'<details class="choice" id="sign-in-words" hidden data-device="{escape(device_id)}"'
        f' data-say-word-count="{say("words_count", number="%s")}" data-say-unknown-word="{say("words_unknown", number="%s", word="%s")}"'
        f' data-say-word-checksum="{say("words_mixed")}" data-say-bad-pass="{say("sign_in_words_strange")}"'
        f' data-failed="{say("sign_in_words_failed", message="%s")}"><summary>{say("sign_in_words")}</summary>'
        f'<p class="hint">{say("sign_in_words_hint")}</p><form novalidate>'
        + field("recovery", say("sign_in_words_label"), _WORDS_INPUT)
        + '<p class="alert bad" role="alert" hidden></p>'
        + button(say("sign_in_title"))
        + "</form></details>"
    )


_WORDS_INPUT = '<textarea id="recovery" rows="4" maxlength="400" autocomplete="off" autocapitalize="none" spellcheck="false"></textarea>'


def device_page(view, current, content):
    """A page of the signed-in part under its navigation."""
    say = view.say
    links = "".join(f'<a href="/{name}"{" aria-current=page" if name == current else ""}>{say("nav_" + name)}</a>' for name in PAGES)
    sign_out = form(view, "/sign-out", button(say("sign_out"), "plain"))
    above = f'<nav class="tabs" aria-label="{escape(view.device_name)}">{links}{sign_out}</nav>'
    return page(view, say("nav_" + current), content, above)


def meter(view, label, used, total):
    """A tile with a bar; `used` and `total` in bytes."""
    share = min(100, round(100 * used / total)) if total else 0
    said = view.say("status_of", used=size_text(used), total=size_text(total))
    return tile(label, f"{said}", f'<meter min="0" max="100" high="90" value="{share}" aria-label="{label}">{share} %</meter>')


def tile(label, value, extra=""):
    return f"<div><dt>{label}</dt><dd>{value}{extra}</dd></div>"


def status_part(view, notices, tiles):
    """What moves. `notices` as of notices() in device_notices.py; `tiles`: HTML of tile() each."""
    return f'{notices}<dl class="tiles">{"".join(tiles)}</dl>'


def status_page(view, notices, tiles, rows, unfinished):
    """`notices`, `tiles` as for status_part(); `rows`: (label, value) of HTML each."""
    say = view.say
    onward = f'<p class="alert">{say("status_unfinished")} <a href="/setup">{say("status_finish")}</a></p>' if unfinished else ""
    body = heading(escape(view.device_name)) + onward + live("tiles", 5, status_part(view, notices, tiles)) + details(rows)
    return device_page(view, "status", body)


def log_part(view, lines):
    """`lines`: (RFC 3339 time, level or "", event, fields) each. A level is told in a word and by weight, not by colour alone."""
    return "".join(_log_line(view, *line) for line in lines) or f'<li class="quiet">{view.say("log_empty")}</li>'


def _log_line(view, moment, level, event, fields):
    said = f'<span class="{level}">{view.say("log_" + level)}</span> ' if level else ""
    shown = f"<code>{escape(fields)}</code>" if fields else ""
    return f'<li><time datetime="{moment}">{moment[5:10]} {moment[11:19]}</time> {said}<b>{escape(event)}</b>{shown}</li>'


def log_page(view, lines, wrong=""):
    say = view.say
    body = heading(say("nav_log"), say("log_lead")) + problem(wrong)
    # A region that can be scrolled must be reachable by keyboard.
    lines = live("lines", 5, log_part(view, lines), "ol")
    body += f'<div class="tail" role="region" aria-label="{say("nav_log")}" tabindex="0">{lines}</div>'
    return device_page(view, "log", body)


def settings_page(view, config, shares, reset_line, wrong="", done=""):
    """`shares` as for number_fields(); `done`: what was just done."""
    say = view.say
    languages = "".join(
        f'<option value="{code}"{" selected" if code == config["language"] else ""}>{label}</option>' for code, label in LANGUAGES.items()
    )
    checked = " checked" if config["metrics_remote"] else ""
    content = (
        field("name", say("step_name"), text_input("name", config["name"], ' maxlength="32" required autocomplete="off"'))
        + field("language", say("language_label"), f'<select id="language" name="language">{languages}</select>')
        + field(
            "timezone",
            say("settings_timezone"),
            text_input("timezone", config["timezone"], ' maxlength="64" required autocomplete="off" autocapitalize="none"', hinted=True),
            say("settings_timezone_hint"),
        )
        + number_fields(view, shares)
        + f'<fieldset class="cards"><legend>{say("reach_title")}</legend>{reach_choices(view, config["reach"])}</fieldset>'
        + f'<label class="check"><input type="checkbox" name="metrics_remote" value="on"{checked}>'
        f"<span>{say('settings_metrics')}</span></label>" + button(say("save"))
    )
    acts = "".join(form(view, "/" + act, button(say("settings_" + act), "secondary")) for act in ("identify", "reboot"))
    body = (
        heading(say("nav_settings"))
        + problem(wrong)
        + good_news(done)
        + form(view, "/settings", content)
        + f'<section class="choice"><h2>{say("settings_act")}</h2><div class="acts">{acts}'
        f'<a class="button secondary" href="/setup/wifi">{say("settings_wifi")}</a></div></section>'
        + f'<section class="choice"><h2>{say("settings_reset")}</h2>'
        f'<p class="hint">{say("settings_reset_hint")}</p>{command_line(view, reset_line)}</section>'
    )
    return device_page(view, "settings", body)


def settings_values_page(view, config, shares):
    """The settings for those who may look but not change; `shares` as for number_fields()."""
    say = view.say
    rows = [
        (say("step_name"), escape(config["name"])),
        (say("language_label"), LANGUAGES[config["language"]]),
        (say("settings_timezone"), escape(config["timezone"])),
        *((say(label), f"{value} {unit}") for _, label, value, _, _, unit in shares),
        (say("reach_title"), say("reach_" + config["reach"])),
        (say("settings_metrics"), say("settings_yes" if config["metrics_remote"] else "settings_no")),
    ]
    body = heading(say("nav_settings"), say("error_role")) + details(rows)
    return device_page(view, "settings", body)


def details(rows):
    """`rows`: (label, value) of HTML each."""
    return '<dl class="details">' + "".join(f"<div><dt>{label}</dt><dd>{value}</dd></div>" for label, value in rows) + "</dl>"


def size_text(size):
    """Bytes for people: three digits, binary steps under the names they know."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if size >= 10 or size == int(size) else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def duration_text(view, seconds):
    """Seconds as days and hours, hours and minutes, or minutes."""
    minutes = int(seconds) // 60
    hours, days = minutes // 60, minutes // 1440
    if days:
        return view.say("status_days", days=days, hours=hours % 24)
    if hours:
        return view.say("status_hours", hours=hours, minutes=minutes % 60)
    return view.say("status_minutes", minutes=minutes)
