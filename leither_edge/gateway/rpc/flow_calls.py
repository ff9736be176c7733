"""Procedures on content that goes between nodes: published, found, fetched, followed, shared, backed up.

`what` is the id of a MiMei or its link. What takes long gives a job: JobWait says how far it is, and what came out.
"""

from .declared import calls
from .json_text import Binary

TABLE = {}
call = calls(TABLE)

_SID_MID = "sid:session mid:id "
_SID_WHAT = "sid:session what:text "


@call("MMPublish", _SID_MID, "object", "Puts the newest version's pointer into the DHT under its author's key; gives a job.")
async def publish(at, session, mid):
    return await (await at.flow()).publish(session, mid)


@call("MMPublishPrepare", _SID_MID, "object", "Where the key is elsewhere: a ticket, and the message that it signs.")
async def publish_prepare(at, session, mid):
    ticket, message = await (await at.flow()).publish_prepare(session, mid)
    return {"ticket": ticket, "message": Binary(message)}


@call("MMPublishFinish", "sid:session ticket:text signature:bytes", "object", "Ends a publishing that was prepared; gives a job.")
async def publish_finish(at, session, ticket, signature):
    return await (await at.flow()).publish_finish(session, ticket, signature)


@call("MMProvide", _SID_MID + "on:bool=true", "object", "Tells the DHT that this node serves a MiMei, or no longer; gives a job.")
async def provide(at, session, mid, on):
    return await (await at.flow()).provide(session, mid, on)


@call("MMFindProvs", _SID_WHAT + "seconds:int=20", "object", "Looks for nodes that serve a MiMei; gives a job.")
async def findprovs(at, session, what, seconds):
    return await (await at.flow()).findprovs(session, what, seconds)


@call(
    "MMSync", _SID_WHAT + 'from:text[]? follow:bool=false onfork:text="refuse" all:bool=false', "object",
    "Fetches the newest version (all: each one since) from peers and gateways that are named or found, only what is missing; gives a job. "
    "Where the history took two ways (onfork): refuse, fork (takes theirs, keeps one's own as a fork), replace.",
)  # fmt: skip
async def sync(at, session, what, providers, follow, on_fork, is_all):
    return await (await at.flow()).sync(session, what, providers or [], follow, on_fork, is_all)


@call("MMFollow", _SID_WHAT + "from:text[]?", "object", "Fetches each new version as it appears, from now on; gives a job.")
async def follow(at, session, what, providers):
    return await (await at.flow()).sync(session, what, providers or [], True, "refuse", False)


@call("MMUnfollow", _SID_WHAT, "null", "Follows no longer; what was fetched stays.")
async def unfollow(at, session, what):
    await (await at.flow()).unfollow(session, what)


@call("MMFollows", "sid:session", "object[]", "What the caller follows, and how it fares.")
async def follows(at, session):
    return await (await at.flow()).follows(session)


@call("MMCompare", _SID_WHAT + "from:text[]?", "object", "Versions here and with others: which are new, which conflict; gives a job.")
async def compare(at, session, what, providers):
    return await (await at.flow()).compare(session, what, providers or [])


@call(
    "MMShare", _SID_MID + 'peer:text user:text="" right:mask?', "object",
    "Lets a friend's user in and offers his node the MiMei, which then follows it; gives a job.",
)  # fmt: skip
async def share(at, session, mid, peer, user, right):
    return await (await at.flow()).share(session, mid, peer, user, right)


@call("MMUnshare", _SID_MID + "peer:text", "object", "Shares it no longer: the next version is sealed anew; gives a job.")
async def unshare(at, session, mid, peer):
    return await (await at.flow()).unshare(session, mid, peer)


@call("MMShares", "sid:session", "object", "What is shared with whom, and what was offered to the caller.")
async def shares(at, session):
    return await (await at.flow()).shares(session)


@call("MMShareAccept", _SID_WHAT, "object", "Takes what was offered, and follows it; gives a job.")
async def share_accept(at, session, what):
    return await (await at.flow()).share_accept(session, what)


@call(
    "MMSearchPeers", "sid:session text:text peers:text[]? limit:int=20 seconds:int=5", "object",
    "Finds words here and on other nodes at once; a peer's weight may stand behind it, as name=2; gives a job.",
)  # fmt: skip
async def search_peers(at, session, text, peers, limit, seconds):
    return await (await at.flow()).search_peers(session, text, peers or [], limit, seconds)


@call("BackupTo", "sid:session peer:text", "object", "Keeps a sealed backup of this node on a friend's, from now on; gives a job.")
async def backup_to(at, session, peer):
    return await (await at.flow()).backup_to(session, peer)


@call("BackupStop", "sid:session peer:text", "null", "Backs this node up there no longer.")
async def backup_stop(at, session, peer):
    await (await at.flow()).backup_stop(session, peer)


@call("BackupStat", "sid:session", "object", "How this node's backups are, and what it holds for others.")
async def backup_stat(at, session):
    return await (await at.flow()).backup_stat(session)


@call("BackupCheck", "sid:session peer:text", "object", "Asks pieces of a backup back and compares them; gives a job.")
async def backup_check(at, session, peer):
    return await (await at.flow()).backup_check(session, peer)


@call(
    "RestoreFrom", 'sid:session peer:text key:bytes? of:text=""', "object",
    "Rebuilds this node from a friend's backup, opened by the node's own key or by one (public key) that answers from afar; gives a job.",
)  # fmt: skip
async def restore_from(at, session, peer, key, of):
    return await (await at.flow()).restore_from(session, peer, key, of)


@call("MMLeave", _SID_MID + "peer:text", "object", "Leaves it sealed with a node that may not read it, for readers; gives a job.")
async def leave(at, session, mid, peer):
    return await (await at.flow()).leave(session, mid, peer)


@call("MMTakeBack", _SID_MID + "peer:text", "null", "It lies sealed with a node no longer.")
async def take_back(at, session, mid, peer):
    await (await at.flow()).take_back(session, mid, peer)


@call("MMTakeSealed", _SID_MID + "peer:text key:bytes?", "object", "Takes the newest version that lies sealed with a node; gives a job.")
async def take_sealed(at, session, mid, peer, key):
    return await (await at.flow()).take_sealed(session, mid, peer, key)


@call("KeyAnswer", "sid:session job:text number:int data:bytes", "null", "Gives a job what its progress asks a key for (asks).")
async def key_answer(at, session, job, number, data):
    await (await at.flow()).key_answer(session, job, number, data)


@call("JobList", "sid:session", "object[]", "The caller's long work, under way or ended lately.")
async def job_list(at, session):
    return await (await at.flow()).job_list(session)


@call("JobWait", "sid:session job:text seconds:int=0", "object", "Work once it has ended, or as it is after so long.")
async def job_wait(at, session, job, seconds):
    return await (await at.flow()).job_wait(session, job, seconds)


@call("JobStop", "sid:session job:text", "object", "Stops work; gives how far it came.")
async def job_stop(at, session, job):
    return await (await at.flow()).job_stop(session, job)
