"""The style sheet as data: contrast of each pair of colours (WCAG 2.2, 1.4.3 and 1.4.11), and what a page may ask for."""

import re
from pathlib import Path

import pytest

import appliance.portal

STYLE = (Path(appliance.portal.__file__).parent / "static" / "app.css").read_text()
GROUNDS = ("ground", "surface")
TEXT = [(text, ground) for text in ("text", "soft", "brand", "bad") for ground in GROUNDS]
TEXT += [
    ("on-brand", "brand"),
    ("on-brand", "brand-strong"),
    ("text", "tint"),
    ("soft", "tint"),
    ("brand", "tint"),
    ("bad", "bad-tint"),
    ("good", "good-tint"),
]
CONTROLS = [("edge", ground) for ground in GROUNDS] + [("brand", ground) for ground in GROUNDS]


def colours():
    """{scheme: {name: hex}}"""
    light, dark = (dict(re.findall(r"--([\w-]+): #(\w+);", block)) for block in re.findall(r":root \{(.*?)\n *\}", STYLE, re.S))
    return {"light": light, "dark": {**light, **dark}}


def luminance(code):
    code = code if len(code) == 6 else "".join(2 * digit for digit in code)
    parts = [int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (CONTROLS, 3.0)], ids=["text", "controls"])
def test_contrast(scheme, pairs, least):
    known = colours()[scheme]
    weak = {pair: round(contrast(known[pair[0]], known[pair[1]]), 2) for pair in pairs if contrast(known[pair[0]], known[pair[1]]) < least}
    assert not weak


def test_the_style_asks_for_our_own_files_only():
    folder = Path(appliance.portal.__file__).parent / "static"
    for name in re.findall(r"url\(([^)]+)\)", STYLE):
        assert (folder / name).is_file(), name
    assert "@import" not in STYLE


def test_motion_can_be_turned_down_and_focus_is_seen():
    assert "prefers-reduced-motion: reduce" in STYLE
    assert ":focus-visible { outline: 3px solid" in STYLE


def test_scripts_and_style_keep_to_safari_15_and_chrome_90():
    folder = Path(appliance.portal.__file__).parent / "static"
    newer = r"requestSubmit|structuredClone|\.at\(|\.findLast|hasOwn\(|\.toSorted|Array\.fromAsync|randomUUID|crypto\.subtle|\bstatic \{"
    for script in folder.glob("*.js"):
        assert not re.findall(newer, re.sub(r"//.*", "", script.read_text())), script.name
    assert "color-mix" not in STYLE
    # Where :has() is unknown, nothing may hide the focus.
    guarded = STYLE[STYLE.index("@supports selector(:has(a)) {") :].partition("\n}\n")[0]
    assert re.findall(r"[^\n]*outline: none[^\n]*", STYLE.replace(guarded, "")) == ["h2:focus-visible { outline: none; }"]
