"""Judges a CycloneDX 1.6 document from standard input by the published schema, strictly; prints what is wrong, nothing if it is valid."""

import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
if found:
    print(str(found)[:2000])
