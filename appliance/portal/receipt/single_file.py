"""Makes the receipt page: one HTML file with its style and scripts inside, which asks the network for nothing.

Browsers load no modules from disk, so the modules become one script: each a function that returns what it exports. The page's own
policy names style and script by their SHA-256, so that nothing else runs in it, wherever it is opened.

Run as a program it writes the file: python -m appliance.portal.receipt.single_file OUT.html
"""

import os
import re
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_STATIC = os.path.join(os.path.dirname(_HERE), "static")
_FIRST = "page.js"
_IMPORT = re.compile(r'^import \{([\w, ]+)\} from "([\w./]+)";\n', re.M)
_EXPORT = re.compile(r"^export (?:const|class|function) (\w+)", re.M)
_EXPORT_LIST = re.compile(r"^export \{ ([\w, ]+) \};\n", re.M)
# Of app.css: all up to this line, and these rules after it.
_BASE_END = "/* header, steps, tabs */"
_RULES = (
    ".top", ".brand", ".brand img", ".languages", "form", "legend, .field label", ".field", "textarea", "button, .button", ".alert", ".bad",
    "input:not([type=radio], [type=checkbox], [type=range]), textarea, select", "button:hover, .button:hover",
    ".secondary, .secondary:hover", ".secondary:hover", ".good", "dt", "dd",
)  # fmt: skip
# A string, template or regular expression as an argument keeps its spaces; a comment behind code goes; a mark loses its spaces.
_LITERAL = r'"(?:[^"\\]|\\.)*"|`[^`]*`|(?<=\()/[^\n]+?/[a-z]*(?=[,.])'
_MARK = r"=>|[=!]==|[<>]=|&&|\|\||[{}(),;:?=<>|&]"
_SPACES = re.compile(f"({_LITERAL})| *(//.*$)| ?({_MARK}) ?", re.M)
_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'"
)


class PageError(Exception):
    """A source of the page is not written as this program reads it; the message says where."""


def receipt_page():
    """The bytes of the page. Raises PageError, OSError."""
    import base64
    import hashlib
    from urllib.parse import quote

    def digest(text):
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    style = re.sub(r" ?([{:;,]) |\n", r"\1", _packed(shared_style() + source_text("page.css"))).replace(";}", "}")
    script = one_script(os.path.join(_HERE, _FIRST))
    if "</" in script + style:
        raise PageError("A closing tag in a script or in the style would end it.")
    parts = {
        "policy": _POLICY.format(script=digest(script), style=digest(style)),
        "logo": "data:image/svg+xml," + quote(_read(os.path.join(_STATIC, "logo.svg")).strip(), safe=" =:/'"),
        "style": style,
        "script": script,
    }
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], source_text("page.html")).encode()


def shared_style():
    """What the page takes of app.css: colours, type, and the rules of what it shows too. Raises PageError."""
    base, found, rest = _read(os.path.join(_STATIC, "app.css")).partition(_BASE_END)
    rules = [re.search(rf"^{re.escape(selector)} \{{[^}}]*\}}\n", rest, re.M) for selector in _RULES]
    if not found or None in rules:
        missing = [selector for selector, rule in zip(_RULES, rules, strict=True) if rule is None] or [_BASE_END]
        raise PageError("app.css has this no more: " + ", ".join(missing))
    # In the order in which they stand there, which decides between two of them.
    return base + "".join(rule[0] for rule in sorted(rules, key=lambda rule: rule.start()))


def source_text(name):
    """The text of one of the page's own sources."""
    return _read(os.path.join(_HERE, name))


def one_script(path):
    """A module and all that it imports as one script without imports. Raises PageError."""
    done = {}
    _add(path, done)
    return "".join(done.values())


def _add(path, done):
    """Put the script of a module, and before it those of its imports, into {path: script}."""
    if path in done:
        return
    text = _read(path)
    for _, target in _IMPORT.findall(text):
        _add(_target(path, target), done)
    names = _EXPORT.findall(text) + [name for listed in _EXPORT_LIST.findall(text) for name in listed.split(", ")]
    body = _IMPORT.sub(lambda found: f"const {{{found[1]}}} = {_variable(_target(path, found[2]))};\n", text)
    body = re.sub(r"^export (?=const|class|function)", "", _EXPORT_LIST.sub("", body), flags=re.M)
    if re.search(r"^(?:import|export)\b", body, re.M):
        raise PageError(f"{os.path.basename(path)} has an import or export of a kind that is not known here.")
    body = re.sub(r"(?<=[;{,])\n", "", _SPACES.sub(lambda found: found[1] or found[3] or "", _packed(body)))
    done[path] = f"const {_variable(path)}=(()=>{{{body}return{{{','.join(dict.fromkeys(names))}}}\n}})();\n"


def _target(path, relative):
    return os.path.normpath(os.path.join(os.path.dirname(path), relative))


def _variable(path):
    return os.path.basename(path).removesuffix(".js") + "Module"


def _packed(text):
    """Without whole-line comments and indentation, which nobody reads in the served page."""
    text = re.sub(r"^ */\*.*?\*/\n", "", text, flags=re.M | re.S)
    lines = [line.strip() for line in text.splitlines()]
    if any(line.count("`") % 2 for line in lines):
        raise PageError("A text that runs over lines would lose its indentation.")
    return "".join(line + "\n" for line in lines if line and not line.startswith("//"))


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main(arguments):
    if len(arguments) != 1:
        print("usage: python -m appliance.portal.receipt.single_file OUT.html", file=sys.stderr)
        return 2
    page = receipt_page()
    with open(arguments[0], "wb") as file:
        file.write(page)
    print(f"{arguments[0]}: {len(page)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
