"""What a question to the network came to, node by node."""

from collections import namedtuple

# host, port, node_id (20 bytes, None where it never answered). outcome: "answered", "stored", "refused" (a put, with code and text),
# "error" (an answer that is none), "silent". ms: until its last answer, None without one.
Row = namedtuple("Row", "host port node_id outcome code text ms")

# target: 20 bytes; asked, answered, stored, refused, silent: nodes; hops: longest chain of hearsay to a node that answered;
# messages, bytes: requests and replies, both ways, UDP payload; seconds: how long it took; rows: a Row for each node asked.
Report = namedtuple("Report", "target asked answered stored refused silent hops messages bytes seconds rows")

# value: what was looked for, None where nobody has it; report: the Report.
Found = namedtuple("Found", "value report")
