"""What was asked for and is not in a finished .config: Kconfig drops an option without a word when something it needs is off.

    python -m image.check.dropped CONFIG FRAGMENT...     CONFIG: .config of Buildroot, the kernel, U-Boot or busybox

A later fragment overrides an earlier one, as where they are merged; that two say different things is a finding too.
"""

import argparse
import sys
from pathlib import Path

from .finding import CheckError, Finding, read_text, report
from .kconfig import parse, same, written

CONFIG_MAX_BYTES = 4 << 20


def dropped(config, asked):
    """Findings for settings that did not come out as asked.

    config: {symbol: value} of the finished configuration; asked: [(path, Setting)] in the order of merging.
    """
    last = {setting.symbol: (path, setting) for path, setting in asked}
    findings = []
    for symbol, (path, setting) in last.items():
        value = config.get(symbol)
        if value is None and setting.value == "n" or value is not None and same(value, setting.value):
            continue
        wanted = written(symbol, setting.value)
        if value is None:
            text = f"{wanted} was dropped: an option it depends on is off, or the name is wrong; ask for that option too"
        elif value == "n":
            text = f"{wanted} was dropped and is off: an option it depends on is off; ask for that option too"
        elif setting.value == "n":
            text = f"{symbol} was to be off and is {value}: another option selects it; switch that one off, or accept it here"
        else:
            text = f"{wanted} became {value}: what it depends on or what selects it has another value; ask for what is meant"
        findings.append(Finding(path, setting.line, text))
    return findings


def contradictions(asked):
    """Findings for settings that override another value of the same symbol. asked: [(path, Setting)] in the order of merging."""
    last, findings = {}, []
    for path, setting in asked:
        before = last.get(setting.symbol)
        if before and not same(before[1].value, setting.value):
            sentence = f"{setting.symbol}={setting.value} overrides ={before[1].value} of {before[0]}:{before[1].line}: decide for one"
            findings.append(Finding(path, setting.line, sentence))
        last[setting.symbol] = path, setting
    return findings


def values(settings):
    """{symbol: value}, the last one standing."""
    return {setting.symbol: setting.value for setting in settings}


def shown(path):
    """A path for people: from the working folder where it lies below it."""
    path = Path(path).resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def main(words):
    """Compare files; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", metavar="CONFIG")
    parser.add_argument("fragments", metavar="FRAGMENT", nargs="+")
    parser.add_argument("--json", action="store_true", help="findings as JSON")
    options = parser.parse_args(words)
    config = values(parse(read_text(options.config, CONFIG_MAX_BYTES))[0])
    if not config:
        raise CheckError(f"{options.config} sets nothing: it is not a finished configuration.")
    asked, findings = [], []
    for path in options.fragments:
        settings, problems = parse(read_text(path))
        findings += [Finding(shown(path), line, text) for line, text in problems]
        asked += [(shown(path), setting) for setting in settings]
    return report(findings + contradictions(asked) + dropped(config, asked), options.json)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CheckError as error:
        print(f"leither: {error}", file=sys.stderr)
        sys.exit(2)
