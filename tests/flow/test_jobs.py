"""Jobs: one for the same work, found again, stopped, bounded, forgotten."""

import pytest
import trio
import trio.testing

from leither_edge.flow import jobs
from leither_edge.mimei.errors import Busy, Conflict, NotFound

ANNA, BEN = b"a" * 20, b"b" * 20


class Clock:
    now = 1000

    def __call__(self):
        return self.now


class Log:
    def __init__(self):
        self.lines = []

    def error(self, event, **fields):
        self.lines.append((event, fields))


class Told(Conflict):
    pass


def run(main):
    """Run main(jobs, clock, log) with jobs in a nursery that ends with it."""

    async def inside():
        clock, log, numbers = Clock(), Log(), iter(range(1000))
        async with trio.open_nursery() as nursery:
            await main(jobs.Jobs(nursery, clock, lambda count: next(numbers).to_bytes(count, "big"), log), clock, log)
            nursery.cancel_scope.cancel()

    trio.run(inside)


def test_work_is_found_again_and_its_end_is_kept():
    async def main(found, clock, log):
        go = trio.Event()

        async def work(tell):
            tell({"done": 5, "total": 9})
            await go.wait()
            return {"versions": [1]}

        job = found.start(ANNA, "sync", "notes", work)
        assert found.start(ANNA, "sync", "notes", work) is job and found.start(BEN, "sync", "notes", work) is not job
        await trio.testing.wait_all_tasks_blocked()
        facts = found.find(ANNA, job.id).facts()
        assert (facts["state"], facts["progress"], facts["result"]) == ("running", {"done": 5, "total": 9}, None)
        with pytest.raises(NotFound):
            found.find(BEN, job.id)
        go.set()
        assert (await found.wait(ANNA, job.id, 10)).facts()["result"] == {"versions": [1]}
        assert [one.id for one in found.of(ANNA)] == [job.id]
        assert found.start(ANNA, "sync", "notes", work) is not job
        clock.now += jobs.KEPT_S + 1
        with pytest.raises(NotFound):
            found.find(ANNA, job.id)

    run(main)


def test_failures_are_told_in_words_and_what_is_unforeseen_is_not_quoted():
    async def main(found, clock, log):
        async def refused(tell):
            raise ExceptionGroup("", [Told("Another version is there. Compare them.")])

        async def broken(tell):
            raise KeyError("a secret")

        ends = [await found.wait(ANNA, found.start(ANNA, "sync", name, work).id, 10) for name, work in (("a", refused), ("b", broken))]
        assert [end.state for end in ends] == ["failed", "failed"]
        assert ends[0].error == ("conflict", "Another version is there. Compare them.")
        assert ends[1].error[0] == "internal" and "secret" not in ends[1].error[1]
        assert log.lines[0][1]["type"] == "KeyError" and "secret" not in str(log.lines)

    run(main)


def test_stopping_and_bounds():
    async def main(found, clock, log):
        async def forever(tell):
            await trio.sleep_forever()

        own = [found.start(ANNA, "sync", str(number), forever) for number in range(jobs.OF_A_USER_MAX)]
        with pytest.raises(Busy):
            found.start(ANNA, "sync", "one more", forever)
        others = [found.start(BEN, "sync", str(number), forever) for number in range(jobs.RUNNING_MAX - jobs.OF_A_USER_MAX)]
        with pytest.raises(Busy):
            found.start(b"c" * 20, "sync", "another", forever)
        found.stop(ANNA, own[0].id)
        assert (await found.wait(ANNA, own[0].id, 10)).state == "stopped"
        assert found.stop(ANNA, own[0].id).state == "stopped"
        found.start(ANNA, "sync", "one more", forever)
        assert others[0].state == "running"

        async def at_once(tell):
            return {}

        found.stop(BEN, others[0].id)
        await found.wait(BEN, others[0].id, 10)
        for number in range(jobs.KEPT_MAX + 5):
            clock.now += 1
            await found.wait(BEN, found.start(BEN, "ping", str(number), at_once).id, 10)
        assert len([job for job in found.of(BEN) if job.state == "done"]) == jobs.KEPT_MAX

    run(main)


def test_waiting_ends_with_its_time():
    async def main():
        async with trio.open_nursery() as nursery:
            found = jobs.Jobs(nursery, trio.current_time, lambda count: bytes(count))

            async def forever(tell):
                await trio.sleep_forever()

            job = found.start(ANNA, "sync", "notes", forever)
            begin = trio.current_time()
            assert (await found.wait(ANNA, job.id, 1e9)).state == "running"
            assert trio.current_time() - begin == pytest.approx(jobs.WAIT_MAX_S)
            nursery.cancel_scope.cancel()
        assert job.state == "stopped"

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
