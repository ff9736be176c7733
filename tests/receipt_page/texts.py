"""The sentences of the page, read from its source."""

import re

from appliance.portal.receipt import single_file

_ENTRY = re.compile(r'^  "?([\w/]+)"?: \[\s*"((?:[^"\\]|\\.)+)",\s+"((?:[^"\\]|\\.)+)",?\s*\],$', re.M)


def entries():
    """[(key, English, Chinese), ...] in the order of the source."""
    return _ENTRY.findall(single_file.source_text("texts.js").split("export const TEXTS = {")[1])


def sentence(language, key, *values):
    """A sentence filled in, as the page says it."""
    english, chinese = {name: texts for name, *texts in entries()}[key]
    return re.sub(r"\{(\d)\}", lambda found: str(values[int(found[1])]), chinese if language == "zh" else english)
