"""HTML from strings: escaping, the page around each content, and the few blocks that pages are made of.

No template engine: nothing is parsed at run time.
"""

from appliance.portal.texts import HTML_LANGUAGE, LANGUAGES, text

_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;", ord("'"): "&#39;"}


def escape(value):
    """Text as HTML, safe in content and in quoted attributes."""
    return str(value).translate(_ESCAPES)


class View:
    """What each page needs to know of its reader and its device.

    Args:
        language: "en" or "zh".
        path: path of the page, for the language links.
        device_name: the owner's name for the device.
        form_token: token for the forms on this page.
        static: URL prefix of the static files, without a slash at the end.
        signed_in: whether to show the sign-out button.
        exposed: whether what is typed may go over a network that is not encrypted.
    """

    __slots__ = ("language", "path", "device_name", "form_token", "static", "signed_in", "exposed")

    def __init__(self, language, path, device_name, form_token, static, signed_in=False, exposed=False):
        self.language = language
        self.path = path
        self.device_name = device_name
        self.form_token = form_token
        self.static = static
        self.signed_in = signed_in
        self.exposed = exposed

    def say(self, key, **values):
        """A sentence in the reader's language as HTML."""
        return escape(text(self.language, key, **values))


def page(view, title, content, above="", refresh_s=None):
    """A whole page.

    Args:
        title: HTML of the title.
        content: HTML of the main part.
        above: HTML between header and main part (steps or navigation).
        refresh_s: without JavaScript the page loads itself again after so many seconds.
    """
    say = view.say
    refresh = f'<noscript><meta http-equiv="refresh" content="{refresh_s}"></noscript>' if refresh_s else ""
    languages = "".join(
        f'<a href="{escape(view.path)}?lang={code}" lang="{HTML_LANGUAGE[code]}"'
        f"{' aria-current=true' if code == view.language else ''}>{name}</a>"
        for code, name in LANGUAGES.items()
    )
    return "".join(
        (
            f'<!doctype html><html lang="{HTML_LANGUAGE[view.language]}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">',
            f"<title>{title} · {escape(view.device_name)}</title>",
            f'<link rel="icon" href="{view.static}/logo.svg" type="image/svg+xml"><link rel="stylesheet" href="{view.static}/app.css">'
            f'<script type="module" src="{view.static}/app.js"></script>{refresh}</head><body>',
            f'<a class="skip" href="#main">{say("skip_to_content")}</a>',
            f'<header class="top"><a class="brand" href="/"><img src="{view.static}/logo.svg" alt="" width="32" height="32">'
            f"<span>{escape(view.device_name)}</span></a>"
            f'<nav class="languages" aria-label="{say("language_label")}">{languages}</nav></header>',
            above,
            f'<main id="main">{content}</main></body></html>',
        )
    )


def heading(title, lead=""):
    return f"<h1>{title}</h1>" + (f'<p class="lead">{lead}</p>' if lead else "")


def form(view, action, content, attributes=""):
    """A form that posts to us, with its token."""
    token = f'<input type="hidden" name="form_token" value="{view.form_token}">'
    return f'<form method="post" action="{action}"{attributes}>{token}{content}</form>'


def button(label, kind="primary", attributes=""):
    return f'<button class="{kind}"{attributes}>{label}</button>'


def field(name, label, control, hint=""):
    """A label, its control and a hint tied to it; `control` is HTML that has the id `name`."""
    hint = f'<p class="hint" id="{name}-hint">{hint}</p>' if hint else ""
    return f'<div class="field"><label for="{name}">{label}</label>{control}{hint}</div>'


def text_input(name, value="", attributes="", hinted=False):
    described = f' aria-describedby="{name}-hint"' if hinted else ""
    return f'<input id="{name}" name="{name}" value="{escape(value)}"{described}{attributes}>'


def problem(sentence):
    """What went wrong, announced to screen readers."""
    return f'<p class="alert bad" role="alert">{sentence}</p>' if sentence else ""


def good_news(sentence):
    return f'<p class="alert good" role="status">{sentence}</p>' if sentence else ""


def live(name, every_s, content, tag="div", announced=False):
    """A part that app.js fetches anew every so many seconds; without JavaScript it stays as it is.

    `announced`: screen readers read changes aloud.
    """
    spoken = ' aria-live="polite"' if announced else ""
    return f'<{tag} id="{name}" data-live="{every_s}"{spoken}>{content}</{tag}>'


def command_line(view, line):
    """A line to type, with room for the copy button that app.js adds."""
    return f'<pre class="line" data-copy="{view.say("copy")}" data-copied="{view.say("copied")}"><code>{escape(line)}</code></pre>'


def error_page(view, sentence):
    say = view.say
    body = heading(say("error_title")) + problem(sentence) + f'<p><a class="button" href="/">{say("error_home")}</a></p>'
    return page(view, say("error_title"), body)
