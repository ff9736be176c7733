"""``leither profile``: the limits a node works under."""

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.output import clean


def load(name):
    """Load a profile, or say what is wrong with it, line by line."""
    from leither_edge.profile import ProfileError, load

    try:
        return load(name)
    except ProfileError as error:
        problems = error.problems
        missing = len(problems) == 1 and problems[0][0] == 0
        details = {"problems": [{"line": line or None, "message": text} for line, text in problems]}
        if missing:
            raise UsageError(
                f"The profile “{clean(name, 200)}” cannot be used.",
                sentence(problems[0][1]),
                "See them: leither profile list",
                code="no-profile",
                details=details,
            ) from None
        count = f"{len(problems)} mistakes" if len(problems) > 1 else "a mistake"
        raise Failure(f"{clean(name, 200)} has {count}.", clean_lines(str(error)), code="bad-profile", details=details) from None


def sentence(text):
    """A phrase as a sentence."""
    text = clean(text, 1000)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def clean_lines(text):
    """Clean text that has lines of its own."""
    return "\n".join(clean(line, 400) for line in text.splitlines())


def show(home, out, args):
    """Show every limit with its unit and meaning."""
    from leither_edge.profile import describe

    profile = load(args.name)
    limits = describe(profile)
    sections = {}
    for section, name, value, _, _ in limits:
        sections.setdefault(section, {})[name] = value

    def page():
        room = max(len(name) for _, name, _, _, _ in limits)
        before = None
        for section, name, value, _unit, meaning in limits:
            if section != before:
                if before is not None:
                    out.line()
                out.line(out.styled(f"[{section}]", "bold"))
                before = section
            out.line(f"  {name:<{room}}  {out.styled(f'{value!s:>10}', 'cyan')}  {out.styled(meaning, 'dim')}")

    out.result({"profile": sections["board"]["name"], "file": profile.path if hasattr(profile, "path") else None, **sections}, page)


def check(home, out, args):
    """Check a file."""
    profile = load(args.file)
    out.result(
        {"file": args.file, "good": True, "name": profile.board.name},
        lambda: out.done(f"{args.file} is a good profile ({profile.board.name})."),
    )


def list_profiles(home, out, args):
    """List the profiles there are."""
    from leither_edge.profile import names

    profiles = [{"name": name, "description": load(name).board.description} for name in names()]
    rows = [[entry["name"], entry["description"]] for entry in profiles]
    out.result({"profiles": profiles}, lambda: out.table(["NAME", "FOR"], rows, {(n, 0): "bold" for n in range(len(rows))}))
