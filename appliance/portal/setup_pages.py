"""The pages of the setup, one function a step. Each takes a View and plain values and returns HTML."""

from appliance.portal import setup as states
from appliance.portal.html import button, command_line, escape, field, form, good_news, heading, live, page, problem, text_input
from appliance.portal.texts import LANGUAGES

REACH = ("lan", "organization", "mainline")


def step_page(view, step, content, completed=(), refresh_s=None):
    """A page of the setup under its step indicator."""
    say = view.say
    index = states.STEPS.index(step)
    marks = "".join(
        f'<li class="{"now" if name == step else "past" if name in completed else "open"}"{" aria-current=step" if name == step else ""}>'
        f"<span>{say('step_' + name)}</span></li>"
        for name in states.STEPS
    )
    where = say("step_of", step=index + 1, steps=len(states.STEPS))
    above = f'<nav class="steps" aria-label="{say("setup")}"><p>{where} · {say("step_" + step)}</p><ol>{marks}</ol></nav>'
    return page(view, say("step_" + step), content, above, refresh_s)


def exposed_warning(view):
    """For the steps at which something secret is typed."""
    return f'<p class="alert bad">{view.say("wifi_exposed")}</p>' if view.exposed else ""


def name_page(view, name, completed, wrong=""):
    say = view.say
    choices = "".join(
        f'<label class="pill"><input type="radio" name="language" value="{code}"{" checked" if code == view.language else ""}>'
        f"<span>{label}</span></label>"
        for code, label in LANGUAGES.items()
    )
    content = (
        field(
            "name",
            say("name_label"),
            text_input("name", name, ' maxlength="32" required autocomplete="off"', hinted=True),
            say("name_hint"),
        )
        + f'<fieldset class="pills"><legend>{say("language_label")}</legend>{choices}</fieldset>'
        + button(say("continue"))
    )
    body = heading(say("name_title"), say("name_lead")) + problem(wrong) + form(view, "/setup/name", content)
    return step_page(view, "name", body, completed)


def signal_bars(signal_dbm):
    """Bars 1 to 4 of a signal in dBm; steps of about 10 dB as phones draw them."""
    return 4 if signal_dbm >= -55 else 3 if signal_dbm >= -67 else 2 if signal_dbm >= -78 else 1


def network_list(view, networks, chosen, scan_error=""):
    """The choice of networks: radio buttons, strongest first, and one for a hidden network.

    Args:
        networks: dicts of the board's scan, or None while it has not finished.
        chosen: ssid_hex of the network to pre-select (names may be no text at all).
    """
    say = view.say
    if scan_error:
        return problem(scan_error)
    if networks is None:
        return f'<p class="quiet"><span class="spinner"></span>{say("wifi_looking")}</p>'
    if not networks:
        return f'<p class="quiet">{say("wifi_none")}</p>'
    rows = []
    for network in networks:
        ssid, key = network["ssid"], network["ssid_hex"]
        bars, security = signal_bars(network["signal_dbm"]), network["security"]
        lock = "wifi_open" if security == "open" else "wifi_old" if security == "wep" else "wifi_locked"
        rows.append(
            f'<label class="row"><input type="radio" name="network" value="{escape(key)}" data-security="{escape(security)}" required'
            f"{' checked' if key == chosen else ''}{' disabled' if security == 'wep' else ''}>"
            f'<span class="name" dir="auto">{escape(ssid)}</span>'
            f'<span class="{lock.replace("_", "-")}" role="img" aria-label="{say(lock)}" title="{say(lock)}"></span>'
            f'<span class="bars bars-{bars}" role="img" aria-label="{say(f"wifi_signal_{bars}")}">'
            "<i></i><i></i><i></i><i></i></span></label>"
        )
    return "".join(rows)


def wifi_page(view, trial, networks, completed, onward="wifi_later", wrong="", scan_error="", hidden_chosen=False):
    """`onward`: key of the text on the way past the Wi-Fi; the others as for network_list()."""
    say = view.say
    failed = trial.state == states.FAILED
    if failed and not wrong:
        wrong = say("reason_" + trial.reason.replace("-", "_"), ssid=trial.ssid)
    chosen = "" if trial.hidden else trial.ssid_hex
    hidden_chosen = hidden_chosen or (trial.hidden and failed)
    hidden_name = trial.ssid if trial.hidden and failed else ""
    content = (
        f'<fieldset class="list"><legend>{say("wifi_networks")}</legend>'
        + live("networks", 5 if networks is not None else 0.1, network_list(view, networks, chosen, scan_error))
        + f'<label class="row"><input type="radio" name="network" value="" data-hidden required{" checked" if hidden_chosen else ""}>'
        f'<span class="name">{say("wifi_hidden")}<small>{say("wifi_hidden_hint")}</small></span></label></fieldset>'
        + f'<div id="hidden-network">{field("hidden_ssid", say("wifi_hidden_label"), text_input("hidden_ssid", hidden_name, _TYPED))}</div>'
        + '<div id="password">'
        + field(
            "passphrase",
            say("wifi_password"),
            f'<input id="passphrase" name="passphrase" type="password" maxlength="64" autocomplete="off" aria-describedby="passphrase-hint"'
            f' data-show="{say("wifi_show")}" data-hide="{say("wifi_hide")}"{" autofocus" if failed else ""}>',
            say("wifi_password_hint"),
        )
        + "</div>"
        + button(say("wifi_join"))
    )
    joined = good_news(say("wifi_now", ssid=trial.ssid)) if trial.state == states.JOINED else ""
    wired = form(view, "/setup/wifi/wired", button(say(onward), "plain"))
    body = (
        heading(say("wifi_title"), say("wifi_lead"))
        + exposed_warning(view)
        + problem(wrong)
        + joined
        + form(view, "/setup/wifi", content, ' id="wifi-form"')
        + wired
    )
    # Without JavaScript the page waits for the first scan only: a later reload would drop a half-typed password.
    waiting = networks is None and not scan_error
    return step_page(view, "wifi", body, completed, refresh_s=2 if waiting else None)


_TYPED = ' maxlength="32" autocomplete="off" autocapitalize="none" spellcheck="false"'


def trying_part(view, trial, elapsed_s):
    """The part of the trying page that moves."""
    say = view.say
    seconds = say("trying_seconds", seconds=int(elapsed_s))
    return (
        f'<p class="progress"><span class="spinner"></span><span>{say("trying_lead", ssid=trial.ssid)}</span></p>'
        f'<progress max="{int(trial.limit_s)}" value="{int(elapsed_s)}" aria-label="{say("trying_title")}">{seconds}</progress>'
    )


def trying_page(view, trial, elapsed_s, completed, access_point):
    say = view.say
    body = heading(say("trying_title")) + live("trying", 0.1, trying_part(view, trial, elapsed_s), announced=True)
    if access_point:
        body += f'<p class="hint">{say("trying_ap")}</p>'
    return step_page(view, "wifi", body, completed, refresh_s=1)


def joined_page(view, trial, onward, completed):
    """`onward`: path of the page that comes next."""
    say = view.say
    body = (
        heading(say("joined_title"))
        + good_news(say("joined_lead", ssid=trial.ssid, address=trial.address or "?"))
        + f'<p><a class="button primary" href="{onward}">{say("continue")}</a></p>'
    )
    return step_page(view, "wifi", body, completed)


def owner_page(view, token, public_key, has_words, completed, wrong="", device_id=""):
    say = view.say
    token_field = field("token", say("owner_token"), text_input("token", token, _TOKEN, hinted=True), say("owner_token_hint"))
    paste = (
        f'<section class="choice"><h2>{say("owner_have")}</h2>'
        + field(
            "public_key",
            say("owner_paste"),
            '<textarea id="public_key" name="public_key" rows="2" maxlength="200" autocomplete="off" autocapitalize="none"'
            f' spellcheck="false" aria-describedby="public_key-hint">{escape(public_key)}</textarea>',
            say("owner_paste_hint"),
        )
        + button(say("owner_claim"))
        + "</section>"
    )
    create = _create_part(view, device_id) if has_words else f'<p class="hint">{say("owner_no_words")}</p>'
    body = (
        heading(say("owner_title"), say("owner_lead"))
        + exposed_warning(view)
        + problem(wrong)
        + form(view, "/setup/owner", f'<div id="claim-fields">{token_field}{create}{paste}</div>', ' id="owner-form"')
        + (_words_part(view) if has_words else "")
    )
    return step_page(view, "owner", body, completed)


_TOKEN = ' maxlength="80" autocomplete="off" autocapitalize="none" spellcheck="false" required'


def _create_part(view, device_id):
    say = view.say
    return (
        f'<section class="choice" id="create" hidden data-device="{escape(device_id)}" data-working="{say("words_working")}"'
        f' data-say-wrong-token="{say("owner_token_bad")}" data-say-too-many-tries="{say("owner_token_limited")}"'
        f' data-say-claimed="{say("owner_already")}" data-say-window-closed="{say("owner_closed")}"'
        f' data-failed="{say("words_failed", message="%s")}"><h2>{say("owner_create")}</h2><p class="hint">{say("owner_create_hint")}</p>'
        + button(say("owner_create"), "primary", ' type="button" id="create-key"')
        + '<p class="hint" id="create-state" aria-live="polite"></p></section>'
        + f'<noscript><p class="hint">{say("owner_no_script")}</p></noscript>'
    )


def _words_part(view):
    say = view.say
    return (
        f'<section id="words" hidden><h2 tabindex="-1">{say("words_title")}</h2><p>{say("words_lead")}</p>'
        '<ol class="words" translate="no"></ol>'
        + button(say("words_written"), "primary", ' type="button" id="words-written"')
        + button(say("words_cancel"), "plain", ' type="button" id="words-cancel"')
        + f'</section><section id="words-check" hidden data-label="{say("words_check", number="%s")}"'
        f' data-say-claimed="{say("owner_already")}" data-wrong="{say("words_wrong", number="%s")}"'
        f' data-failed="{say("words_unsent", message="%s")}">'
        f'<h2 tabindex="-1">{say("words_check_title")}</h2>'
        '<p class="alert bad" role="alert" hidden></p><form novalidate><div class="asked"></div>'
        + button(say("owner_claim"))
        + button(say("words_again"), "plain", ' type="button" id="words-again"')
        + "</form></section>"
    )


def sharing_page(view, fields, completed, wrong=""):
    """`fields`: (name, label key, value, low, high, unit) each."""
    say = view.say
    body = heading(say("sharing_title"), say("sharing_lead")) + problem(wrong)
    body += form(view, "/setup/sharing", number_fields(view, fields) + button(say("continue")))
    return step_page(view, "sharing", body, completed)


def number_fields(view, fields):
    """Plain number inputs; app.js puts a slider beside each."""
    say = view.say
    parts = []
    for name, label, value, low, high, unit in fields:
        control = (
            f'<span class="amount"><input id="{name}" name="{name}" type="number" inputmode="numeric"'
            f' min="{low}" max="{high}" value="{escape(value)}"'
            f' required aria-describedby="{name}-hint" data-slider><span class="unit">{unit}</span></span>'
        )
        parts.append(field(name, say(label), control, say("sharing_range", low=low, high=high, unit=unit)))
    return "".join(parts)


def reach_choices(view, chosen):
    say = view.say
    return "".join(
        f'<label class="card"><input type="radio" name="reach" value="{reach}" required{" checked" if reach == chosen else ""}>'
        f"<span><b>{say('reach_' + reach)}</b><small>{say('reach_' + reach + '_hint')}</small></span></label>"
        for reach in REACH
    )


def reach_page(view, chosen, completed, wrong=""):
    say = view.say
    content = f'<fieldset class="cards"><legend class="hidden">{say("reach_title")}</legend>{reach_choices(view, chosen)}</fieldset>'
    body = heading(say("reach_title"), say("reach_lead")) + problem(wrong) + form(view, "/setup/reach", content + button(say("continue")))
    return step_page(view, "reach", body, completed)


def done_page(view, claimed, address, remote_lines, has_qr, rejoin_ssid, completed):
    """The last page.

    Args:
        address: URL of the device.
        remote_lines: what to type at a computer to command it: the line that adds it, before it the one that brings the key there.
        rejoin_ssid: network the phone has to go back to, or "".
    """
    say = view.say
    name = view.device_name
    qr = f'<img class="qr" src="/setup/qr.svg" alt="{say("done_qr")}" width="168" height="168">' if has_qr else ""
    rejoin = f'<p class="hint">{say("done_rejoin", ssid=rejoin_ssid)}</p>' if rejoin_ssid else ""
    onward = (
        f'<a class="button primary" href="/status">{say("done_open")}</a>'
        if claimed
        else f'<a class="button primary" href="/setup/owner">{say("done_claim")}</a>'
    )
    body = (
        '<div class="tick" aria-hidden="true"></div>'
        + heading(say("done_title"), say("done_lead" if claimed else "done_unclaimed", name=name))
        + f'<section class="choice center"><h2>{say("done_address")}</h2>{qr}'
        f'<p><a class="address" href="{escape(address)}">{escape(address)}</a></p>{rejoin}</section>'
        f'<section class="choice"><h2>{say("done_remote")}</h2>'
        f'<p class="hint">{say("done_remote_words" if len(remote_lines) > 1 else "done_remote_hint")}</p>'
        + "".join(command_line(view, line) for line in remote_lines)
        + "</section>"
        f"<p>{onward}</p>"
    )
    return step_page(view, "done", body, completed)
