"""All procedures in one table."""

from . import account_calls, content_calls, database_calls, file_calls, flow_calls, peer_calls, stream_calls
from .declared import calls
from .openrpc import describe

TABLE = {}
for _group in (account_calls, content_calls, file_calls, database_calls, stream_calls, peer_calls, flow_calls):
    TABLE.update(_group.TABLE)

call = calls(TABLE)


@call("rpc.discover", "", "object", "Describes all methods (OpenRPC).")
def discover(at):
    return describe(TABLE, at.gateway.version)
