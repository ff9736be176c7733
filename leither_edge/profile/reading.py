"""From the text of a profile to checked values; every problem is found in one pass and carries its line.

Profiles are TOML, but the plain lines they consist of are read here: tomllib with what it imports costs 2 MB, which the
supervisor would keep for life, and gives no line numbers. What is not plain goes to tomllib, for the whole language and
its messages.
"""

from .schema import BY_NAME, KEYS, SECTIONS, allowed, unit_suffix

_PLAIN = "(allowed: [section] lines, and lines like name = 12)"


class Report:
    """Collects problems as (line, sentence)."""

    def __init__(self):
        self.problems = []

    def add(self, line, message):
        self.problems.append((line, message))


class Lines:
    """Where each section and key stands; line numbers count from 1, section "" is before the first."""

    def __init__(self):
        self.keys = {}
        self.sections = {}

    def of_section(self, section):
        return self.sections.get(section) or self.keys.get(("", section), 1)

    def of(self, section, name):
        return self.keys.get((section, name)) or self.of_section(section)


def parse(text, report):
    """Parse TOML text to (document, Lines); syntax errors go to the report and give (None, None)."""
    document, lines = read_plain(text)
    if document is not None:
        return document, lines
    import tomllib  # only for what is not plain

    try:
        return tomllib.loads(text), _find_lines(text)
    except tomllib.TOMLDecodeError as error:
        message, _, position = str(error).rpartition(" (at ")
        number = "".join(letter for letter in position.partition(",")[0] if letter.isdigit())
        line = int(number) if number else text.rstrip("\n").count("\n") + 1
        report.add(line, f"not valid TOML: {_plain(message, 100)} {_PLAIN}")
    except RecursionError:
        report.add(1, f"not valid TOML: nested too deeply {_PLAIN}")
    except ValueError:
        # Python refuses to convert numbers of thousands of digits.
        report.add(1, f"not valid TOML: a number is too long {_PLAIN}")
    return None, None


def read_plain(text):
    """Read [section], name = 12 and name = "text" lines to (document, Lines); (None, None) if there is any other."""
    document, lines = {}, Lines()
    section, content = "", document
    for number, line in enumerate(text.split("\n"), 1):
        if not line.isprintable():
            return None, None
        line = line.strip(" ")
        if not line or line[0] == "#":
            continue
        if line[0] == "[" and line[-1] == "]":
            section = line[1:-1]
            if not _is_name(section) or section in document:
                return None, None
            content = document[section] = {}
            lines.sections[section] = number
            continue
        name, equals, value = line.partition("=")
        name, value = name.rstrip(" "), _plain_value(value.strip(" "))
        if not equals or value is None or not _is_name(name) or name in content:
            return None, None
        content[name] = value
        lines.keys[section, name] = number
    return document, lines


def _is_name(text):
    return text.isascii() and text.isidentifier()


def _plain_value(text):
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1] and "\\" not in text:
        return text[1:-1]
    digits = text.partition("#")[0].rstrip(" ")
    if digits.isascii() and digits.isdigit() and len(digits) < 19 and (digits[0] != "0" or digits == "0"):
        return int(digits)
    return None


def _find_lines(text):
    """Find where sections and keys stand in TOML of any style; good enough to point at."""
    lines, section = Lines(), ""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[").partition("]")[0].strip(" \"'")
            lines.sections.setdefault(section, number)
        else:
            name, equals, _ = line.partition("=")
            if equals:
                lines.keys.setdefault((section, name.strip(" \t\"'")), number)
    return lines


def check_values(document, lines, report):
    """Check every section, key, type and range; return {section: {name: value}} of the good ones."""
    values = {section: {} for section in SECTIONS}
    for section, content in document.items():
        if section not in values:
            _unknown_section(section, content, lines, report)
        elif not isinstance(content, dict):
            report.add(lines.of("", section), f"{section} is a section, not a value (allowed: a line [{section}])")
        else:
            for name, value in content.items():
                key = BY_NAME.get((section, name))
                if key is None:
                    _unknown_key(section, name, content, lines, report)
                elif _check_value(key, value, lines.of(section, name), report):
                    values[section][name] = value
    _report_missing(document, lines, report)
    return values


def _check_value(key, value, line, report):
    where = f"{key.section}.{key.name}"
    if key.kind == "integer":
        # bool is an int to Python, never to a profile.
        if isinstance(value, bool) or not isinstance(value, int):
            report.add(line, f"{where} is {_kind(value)} (allowed: {allowed(key)})")
            return False
        if not key.low <= value <= key.high:
            report.add(line, f"{where} = {value} is out of range (allowed: {allowed(key)})")
            return False
        return True
    if not isinstance(value, str):
        report.add(line, f"{where} is {_kind(value)} (allowed: {allowed(key)})")
        return False
    if key.kind == "text":
        good = key.low <= len(value) <= key.high and value.isprintable()
    else:
        good = value in key.choices
    if not good:
        report.add(line, f"{where} = {_short(value)} is not possible (allowed: {allowed(key)})")
    return good


def _report_missing(document, lines, report):
    for section in SECTIONS:
        if section not in document:
            names = ", ".join(key.name for key in KEYS if key.section == section)
            report.add(1, f"section [{section}] is missing (allowed: a section with {names})")
    for key in KEYS:
        content = document.get(key.section)
        if isinstance(content, dict) and key.name not in content:
            report.add(
                lines.of_section(key.section),
                f"{key.section}.{key.name} is missing: {key.meaning} (allowed: {allowed(key)})",
            )


def _unknown_section(section, content, lines, report):
    if isinstance(content, dict):
        line, what = lines.of_section(section), f"unknown section [{_plain(section)}]"
    else:
        line, what = lines.of("", section), f"{_plain(section)} stands outside of a section"
    meant = closest(section, SECTIONS)
    hint = f"; did you mean [{meant}]?" if meant else ""
    report.add(line, f"{what}{hint} (allowed sections: {', '.join(SECTIONS)})")


def _unknown_key(section, name, content, lines, report):
    known = [key.name for key in KEYS if key.section == section]
    line = lines.of(section, name)
    meant = _other_unit(name, known)
    if meant:
        key = BY_NAME[section, meant]
        unit = key.unit or "a plain count"
        report.add(
            line,
            f"{section}.{_plain(name)} has the wrong unit; did you mean {meant}, in {unit}? (allowed: {allowed(key)})",
        )
        return
    elsewhere = [other.section for other in KEYS if other.name == name]
    # A key that is already there is not what a misspelt one meant, unless nothing else is near.
    meant = closest(name, [other for other in known if other not in content]) or closest(name, known)
    if meant:
        hint = f"; did you mean {meant}?"
    elif elsewhere:
        hint = f"; it belongs in [{elsewhere[0]}]"
    else:
        hint = ""
    report.add(line, f"unknown key {section}.{_plain(name)}{hint} (allowed in [{section}]: {', '.join(known)})")


# Unit endings people write for the ones a profile has.
_LOOSE_UNITS = (
    "_mb_per_day", "_mib_per_day", "_gb_per_day", "_kb_per_s", "_kib_per_s", "_mb_per_s", "_mib_per_s", "_kbps", "_mbps",
    "_bytes", "_byte", "_b", "_kb", "_kib", "_k", "_mb", "_mib", "_m", "_gb", "_gib", "_g",
    "_seconds", "_secs", "_sec", "_s", "_ms", "_minutes", "_min", "_hours", "_h", "_days",
)  # fmt: skip


def _stem(name):
    found = max((unit for unit in _LOOSE_UNITS if name.endswith(unit)), key=len, default="")
    return name[: len(name) - len(found)]


def _other_unit(name, known):
    """Return the known key that differs from `name` only in its unit, or None."""
    stem = _stem(name.lower())
    for other in known:
        bare = other[: len(other) - len(unit_suffix(other))]
        # A count has no unit to get wrong unless one was written (connections_max_kib).
        if bare == stem and (unit_suffix(other) or stem != name.lower()):
            return other
    return None


def closest(word, candidates):
    """Return the candidate most like `word`, or None."""
    import difflib  # only ever needed on the way to an error message

    near = difflib.get_close_matches(word[:64], candidates, n=1, cutoff=0.6)
    return near[0] if near else None


def _kind(value):
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return f"the number {value}" if abs(value) < 1 << 64 else "a huge number"
    if isinstance(value, float):
        return f"the fraction {value}"
    if isinstance(value, str):
        return f"the text {_short(value)}"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a section"
    return "a date or time"


def _short(text):
    return '"' + _plain(text) + '"'


def _plain(text, longest=40):
    text = text if len(text) <= longest else text[: longest - 3] + "..."
    return "".join(letter if letter.isprintable() else "?" for letter in text)
