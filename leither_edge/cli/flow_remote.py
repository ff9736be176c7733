"""What goes between nodes, asked of a running one by JSON-RPC."""

# Names of FlowCalls, and of the procedures that call them.
PROCEDURES = {
    "peer_list": "PeerList", "peer_add": "PeerAdd", "peer_invite": "PeerInvite", "peer_accept": "PeerAccept", "peer_ping": "PeerPing",
    "peer_block": "PeerBlock", "peer_unblock": "PeerUnblock", "peer_remove": "PeerRemove", "peer_set": "PeerSet", "peer_stat": "PeerStat",
    "publish": "MMPublish", "publish_prepare": "MMPublishPrepare", "publish_finish": "MMPublishFinish", "provide": "MMProvide",
    "findprovs": "MMFindProvs", "sync": "MMSync", "unfollow": "MMUnfollow", "follows": "MMFollows", "compare": "MMCompare",
    "share": "MMShare", "unshare": "MMUnshare", "shares": "MMShares", "share_accept": "MMShareAccept", "search_peers": "MMSearchPeers",
    "backup_to": "BackupTo", "backup_stop": "BackupStop", "backup_stat": "BackupStat", "backup_check": "BackupCheck",
    "restore_from": "RestoreFrom", "key_answer": "KeyAnswer", "leave": "MMLeave",
    "take_back": "MMTakeBack", "take_sealed": "MMTakeSealed", "job_list": "JobList", "job_wait": "JobWait", "job_stop": "JobStop",
}  # fmt: skip
# Whole seconds on the wire: what is asked every half second waits one there.
WAIT_S = 1


class RemoteNode:
    """A running node. Args: content (RemoteContent, signed in)."""

    is_remote = True

    def __init__(self, content):
        self.content = content

    def call(self, name, *arguments):
        """What FlowCalls' method of a name gives there. Raises MimeiError as the node's own, Failure."""
        if name == "job_wait":
            arguments = (arguments[0], WAIT_S)
        return self.content.procedure(PROCEDURES[name], *map(_outgoing, arguments))

    def publish(self, mid):
        """The job of publishing: signed here where the key is here."""
        from leither_edge.cli.flow_signing import checked_pointer
        from leither_edge.cli.mimei_rpc import of_bytes

        sign = self.content.sign
        if sign is None:
            return self.call("publish", mid)
        prepared = self.call("publish_prepare", mid)
        message = of_bytes(prepared["message"])
        checked_pointer(message, mid)
        return self.call("publish_finish", prepared["ticket"], sign(message))


def _outgoing(thing):
    from leither_edge.cli.mimei_remote_values import id_text

    return id_text(thing) if isinstance(thing, bytes) and len(thing) == 20 else thing
