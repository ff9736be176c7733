"""Publishes records when they have changed, and again after a failure."""

import trio

# After a failure; doubled each time.
RETRY_MIN_S, RETRY_MAX_S = 15, 900


async def publish_changes(records, publish, look_s):
    """Until cancelled. Args: records (-> [Record] as they are now), publish (async ([Record]) -> whether it was done), look_s (seconds)."""
    published = before = None
    pause_s = RETRY_MIN_S
    while True:
        now = records()
        # What comes and goes within a moment is not worth a packet; the first one is.
        if now and now != published and (published is None or now == before):
            if await publish(now):
                published, pause_s = now, RETRY_MIN_S
            else:
                await trio.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)
                continue
        before = now
        await trio.sleep(look_s)
