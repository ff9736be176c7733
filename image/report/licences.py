"""Buildroot's words for licences as SPDX expressions.

Buildroot writes SPDX's older names: ``GPL-2.0+`` for or-later, a comma for and, ``or``, and remarks in brackets. What has no SPDX
name stays a name. Source: Buildroot manual, "Legal notice and licensing"; SPDX specification, annex on expressions.
"""

import re

# SPDX names as of list 3.x, those that Buildroot's packages are likely to have.
SPDX = frozenset(
    "0BSD AFL-2.1 Apache-2.0 Artistic-2.0 BSD-1-Clause BSD-2-Clause BSD-3-Clause BSD-4-Clause BSD-4-Clause-UC BSL-1.0 "
    "CC-BY-4.0 CC0-1.0 curl FSFAP FSFUL FSFULLR FTL GPL-2.0-with-GCC-exception GPL-3.0-with-GCC-exception HPND IJG ISC libpng-2.0 "
    "libtiff MIT MIT-0 MPL-1.1 MPL-2.0 NCSA OFL-1.1 OLDAP-2.8 OpenSSL PostgreSQL PSF-2.0 Python-2.0 Python-2.0.1 SSH-OpenSSH "
    "Sleepycat TCL Unicode-3.0 Unicode-DFS-2016 Unlicense Vim W3C WTFPL X11 Zlib ZPL-2.1".split()
)
_GNU = re.compile(r"((?:A|L)?GPL-\d\.\d|GFDL-1\.\d)(\+?)")
_REMARK = re.compile(r"\s*\([^()]*\)")
TEXT_MAX_CHARACTERS = 2000


def spdx(word):
    """The SPDX name of one licence, None if it has none."""
    found = _GNU.fullmatch(word)
    if found:
        return found[1] + ("-or-later" if found[2] else "-only")
    return word if word in SPDX else None


def cyclonedx(text):
    """CycloneDX's list of licences for Buildroot's words: one expression where all have SPDX names, else one entry each."""
    text = (text or "")[:TEXT_MAX_CHARACTERS]
    plain = _REMARK.sub("", text)
    terms = [term.strip() for term in plain.split(",") if term.strip()]
    if not terms or terms == ["unknown"]:
        return []
    choices = [[spdx(word.strip()) for word in term.split(" or ")] for term in terms]
    if all(all(choice) for choice in choices):
        if len(choices) == 1 and len(choices[0]) == 1:
            return [{"license": {"id": choices[0][0]}}]
        several = len(choices) > 1
        joined = ["(" + " OR ".join(choice) + ")" if several and len(choice) > 1 else " OR ".join(choice) for choice in choices]
        return [{"expression": " AND ".join(dict.fromkeys(joined))}]
    entries = []
    for term, choice in zip(terms, choices, strict=True):
        entry = {"license": {"id": choice[0]} if len(choice) == 1 and choice[0] else {"name": term}}
        if entry not in entries:
            entries.append(entry)
    return entries
