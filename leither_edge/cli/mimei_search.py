"""``leither mimei search --peers``: what is found here and on friends' nodes, weighed as one likes."""

from leither_edge.cli.flow_place import between, work
from leither_edge.cli.output import clean


def search_peers(home, out, args, text):
    """Find words here and with friends; tell who did not answer in time."""
    with between(home, out, args) as node:
        found = work(out, node, "Asking friends", "search_peers", text, args.peers, args.limit, args.seconds)

    def page():
        for hit in found["hits"]:
            path = f":/{hit['path']}" if hit["path"] else ""
            where = out.styled(clean(", ".join(hit["nodes"]) or "here", 60), "dim")
            out.line(f"{clean(hit['id'], 40)}{clean(path)}  {out.styled(clean(hit['title'], 100), 'bold')}  {where}".rstrip())
        if not found["hits"]:
            out.note("Nothing has all these words.")

    for one in found["missing"]:
        out.warn(f"{clean(one['peer'], 64)} did not answer: {clean(one['why'], 200)}")
    out.result({"hits": found["hits"], "asked": found["asked"], "missing": found["missing"]}, page)
