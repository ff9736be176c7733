"""Shell scripts pass shellcheck, Python compiles, and no file names a folder of somebody's machine."""

import re
import shutil
import subprocess
import warnings

from .finding import CheckError, Finding, read_text

FILE_MAX_BYTES = 1 << 20
# Folders that stand on one machine only. Those of the device and of every Linux (/usr, /etc, /dev, /state) are not among them.
_FOREIGN = re.compile(r"(?:(?<![\w./$})*-])|(?<=-[IL]))/(?:home|root|work|Users|mnt/c)/[\w$]")
_SHELL = re.compile(r"#!\s*/\S*?/(?:env\s+)?(?:sh|ash|dash)\b")
_BASH = re.compile(r"#!\s*/\S*?/(?:env\s+)?bash\b")


def shell_of(name, first_line):
    """Dialect of a shell script, None for any other file."""
    if _BASH.match(first_line):
        return "bash"
    return "sh" if name.endswith(".sh") or _SHELL.match(first_line) else None


def foreign_paths(path, text):
    """Findings for absolute paths of one machine."""
    return [
        Finding(path, number, f"{found[0]}... is a folder of one machine: take it from an argument or the environment")
        for number, line in enumerate(text.split("\n"), 1)
        if (found := _FOREIGN.search(line))
    ]


def does_not_compile(path, text):
    """Findings for Python that is not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SyntaxWarning)
            compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        return [Finding(path, getattr(error, "lineno", None) or 1, f"Python does not compile: {getattr(error, 'msg', error)}; correct it")]
    return []


def shellcheck(files):
    """Findings of shellcheck, one where it is not installed. files: [(path on disk, path for people, dialect)]. Raises CheckError."""
    findings = []
    program = shutil.which("shellcheck")
    if files and not program:
        return [Finding(files[0][1], 0, "shellcheck is not installed, so no script was checked: apt-get install shellcheck")]
    for dialect in sorted({dialect for *_, dialect in files}):
        chosen = {str(path): shown for path, shown, kind in files if kind == dialect}
        done = subprocess.run([program, "-s", dialect, "-f", "gcc", *chosen], capture_output=True, text=True)
        rows = [re.fullmatch(r"(.+?):(\d+):\d+: (?:\w+): (.*)", line) for line in done.stdout.splitlines()]
        findings += [Finding(chosen[row[1]], int(row[2]), row[3]) for row in rows if row]
        if done.returncode and not any(rows):
            raise CheckError(f"shellcheck failed: {(done.stderr or done.stdout).strip()[:200]}")
    return findings


def check(tree, shown):
    """Findings for every file under the tree."""
    findings, shells = [], []
    for path in sorted(tree.rglob("*")):
        if not path.is_file() or path.is_symlink() or "__pycache__" in path.parts or path.stat().st_size > FILE_MAX_BYTES:
            continue
        try:
            text = read_text(path)
        except CheckError:
            continue  # pictures and other binary files
        findings += foreign_paths(shown(path), text)
        first = text.split("\n", 1)[0]
        if path.suffix == ".py" or first.startswith("#!") and "python" in first:
            findings += does_not_compile(shown(path), text)
        elif dialect := shell_of(path.name, first):
            shells.append((path, shown(path), dialect))
    return findings + shellcheck(shells)
