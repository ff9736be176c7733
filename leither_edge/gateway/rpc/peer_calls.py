"""Procedures on other nodes: who is known, invited, let in, shut out; they are for owner and operators of this node.

A peer is named by its name here, its id or the beginning of it, its public key, or an address.
"""

from .declared import calls

TABLE = {}
call = calls(TABLE)

_SID_PEER = "sid:session peer:text "


@call("PeerList", "sid:session", "object[]", "The nodes that are known here.")
async def peer_list(at, session):
    return await (await at.flow()).peer_list(session)


@call(
    "PeerAdd", _SID_PEER + 'addresses:text[]? name:text="" friend:bool=false', "object",
    "Enters a node into the address book; one that is named by an address alone is asked who it is.",
)  # fmt: skip
async def peer_add(at, session, peer, addresses, name, is_friend):
    return await (await at.flow()).peer_add(session, peer, addresses or [], name, is_friend)


@call("PeerInvite", 'sid:session name:text="" minutes:int=10', "object", "Invites a friend; the job's progress holds code and link.")
async def peer_invite(at, session, name, minutes):
    return await (await at.flow()).peer_invite(session, name, minutes)


@call("PeerAccept", 'sid:session invitation:text name:text=""', "object", "Takes up an invitation, by its code or link; gives a job.")
async def peer_accept(at, session, invitation, name):
    return await (await at.flow()).peer_accept(session, invitation, name)


@call("PeerPing", _SID_PEER + "count:int=4", "object", "Asks a node for a sign of life; gives a job.")
async def peer_ping(at, session, peer, count):
    return await (await at.flow()).peer_ping(session, peer, count)


@call("PeerBlock", _SID_PEER, "object", "Shuts a node out: its channels end, and it gets no new one.")
async def peer_block(at, session, peer):
    return await (await at.flow()).peer_block(session, peer)


@call("PeerUnblock", _SID_PEER, "object", "Lets a node in again, as one that is known.")
async def peer_unblock(at, session, peer):
    return await (await at.flow()).peer_unblock(session, peer)


@call("PeerRemove", _SID_PEER, "null", "Forgets a node, and what it keeps here.")
async def peer_remove(at, session, peer):
    await (await at.flow()).peer_remove(session, peer)


@call(
    "PeerSet", _SID_PEER + "name:text? friend:bool? addresses:text[]? may:text[]?", "object",
    "Changes what is kept of a node: its name here, whether it is a friend, where it is, what it may ask for. What is left out stays.",
)  # fmt: skip
async def peer_set(at, session, peer, name, is_friend, addresses, roles):
    return await (await at.flow()).peer_set(session, peer, name, is_friend, addresses, roles)


@call("PeerStat", "sid:session peer:text?", "object", "What passed between this node and another, or all others.")
async def peer_stat(at, session, peer):
    return await (await at.flow()).peer_stat(session, peer)
