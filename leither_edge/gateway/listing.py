"""A folder as a page: its names, in pieces, however many there are."""

from .header_fields import quoted

_PIECE = 200

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title><style>
body{{font:1rem/1.5 system-ui,sans-serif;margin:1rem auto;max-width:60rem;padding:0 1rem}}h1{{font-size:1.1rem;overflow-wrap:anywhere}}
li{{display:flex;gap:1rem;border-bottom:1px solid #8884}}a{{flex:1;overflow-wrap:anywhere}}ul{{list-style:none;padding:0}}
</style></head><body><main><h1>{title}</h1><ul>
"""
_END = "</ul></main></body></html>\n"
# Names come from anybody: nothing in this page runs, and nothing is loaded.
HEADERS = (("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"), ("x-content-type-options", "nosniff"))
HTML = "text/html; charset=utf-8"


def page(title, entries, has_parent):
    """Yields the page in pieces (bytes). Args: entries (iterable of (name, size in bytes or None, is folder)), has_parent."""
    rows = [_HEAD.format(title=escaped(title))]
    if has_parent:
        rows.append('<li><a href="../">..</a></li>\n')
    for name, size, is_folder in entries:
        mark = "/" if is_folder else ""
        told = "" if size is None else f"<span>{_size(size)}</span>"
        # "./" before it, or a name with a colon would be taken for another address.
        rows.append(f'<li><a href="./{escaped(quoted(name))}{mark}">{escaped(name)}{mark}</a>{told}</li>\n')
        if len(rows) >= _PIECE:
            yield "".join(rows).encode("utf-8", "replace")
            rows = []
    rows.append(_END)
    yield "".join(rows).encode("utf-8", "replace")


def escaped(text):
    """Text as it may stand in HTML, in an attribute too."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _size(size):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
