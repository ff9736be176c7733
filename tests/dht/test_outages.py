"""What a node does while others, the network or its disk are away, and when they come back."""

import random

import pytest
import trio

from leither_edge.dht import DhtError, compact, udp
from leither_edge.dht import node as dht_node
from leither_edge.dht.item import mutable_target
from leither_edge.dht.kept import CONTACTS, SEQUENCES, TABLES, WAITING_MAX, Sequences, load_published, save_contacts
from leither_edge.dht.questions import POLLED_MAX, POLLS_BEFORE_SEARCH, REPUBLISH_S
from leither_edge.storage import StorageError, open_store
from tests.dht.test_node import KEY, NETWORK, node, nodes, run, signed


def dead_contacts(count):
    rand = random.Random(1)
    return b"\1\4" + b"".join(rand.randbytes(20) + compact.pack(f"127.77.{number}.1", 9) for number in range(1, count + 1))


def test_who_knows_only_nodes_that_have_gone_asks_the_entrance(tmp_path):
    async def test():
        with open_store(str(tmp_path), map_bytes=4 << 20, tables=TABLES) as store:
            with store.write() as tx:
                save_contacts(tx, 4, NETWORK, b"o" * 20, dead_contacts(2))
            async with nodes(3) as opened, node(hosts=("127.9.20.1",), bootstrap=opened[0].addresses, store=store) as back:
                await back.joined()
                assert sum(engine.table.good_count() for engine in back.engines.values()) == 3

    run(test)


def test_a_family_that_comes_later_is_entered_too(monkeypatch):
    monkeypatch.setattr(dht_node, "REJOIN_OTHER_S", (0.1,))

    async def test():
        both = {"hosts": ("127.0.0.1", "::1")}
        _, free = udp.open_udp("::1", 0)
        door = free.getsockname()[:2]
        free.close()
        async with nodes(1) as opened, node(**both, bootstrap=(*opened[0].addresses, door)) as early:
            await early.joined()
            assert not early.engines[6].table.good_count()
            async with node(hosts=door[:1], port=door[1]):
                while not early.engines[6].table.good_count():
                    await trio.sleep(0.05)

    run(test)


def test_nobody_of_one_network_is_asked_in_another(tmp_path):
    async def test():
        with open_store(str(tmp_path), map_bytes=4 << 20, tables=TABLES) as store:
            async with nodes(1) as opened, node(hosts=("127.9.20.1",), bootstrap=opened[0].addresses, store=store) as before:
                await before.joined()
                assert before.contacts == 1
            async with node(hosts=("127.9.20.1",), network=b"another1", store=store) as after:
                await after.joined()
                assert not after.contacts and after.stat()["ipv4"]["packets_out"] == 0
                assert after.engines[4].own_id != before.engines[4].own_id

    run(test)


def test_an_entrance_that_cannot_be_one_is_passed_over():
    async def test():
        async with nodes(1) as opened:
            doors = (("fe80::1%lo", 6881), ("a..b", 6881), ("x" * 70 + "ü.example", 6881), *opened[0].addresses)
            async with node(hosts=("127.9.20.1",), bootstrap=doors) as other:
                assert await other.joined() == 1

    run(test)


def test_what_was_learned_is_kept_when_the_node_is_told_to_stop(tmp_path):
    async def test():
        with open_store(str(tmp_path), map_bytes=4 << 20, tables=TABLES) as store:
            async with nodes(1) as opened:
                with trio.CancelScope() as stop:
                    async with node(hosts=("127.9.20.1",), bootstrap=opened[0].addresses, store=store) as stopped:
                        await stopped.joined()
                        stopped.shared.items.put(signed(8), None, b"\x7f\x00\x00\x01\x1a\xe1", 0)
                        stop.cancel()
                        await trio.sleep_forever()
            with store.read() as tx:
                assert tx.get(SEQUENCES, mutable_target(KEY)) == 8 and tx.count(CONTACTS) == 1

    run(test)


def test_numbers_that_could_not_be_written_are_not_counted(tmp_path):
    with open_store(str(tmp_path), map_bytes=4 << 20, tables=TABLES) as store:
        sequences = Sequences(4, store)
        for number in range(4):
            sequences.set(bytes([number]) * 20, number)
        for _ in range(3):
            with pytest.raises(OSError), store.write() as tx:
                sequences.write(tx, sequences.take(), random.Random(1))
                raise OSError
        with store.write() as tx:
            sequences.write(tx, sequences.take(), random.Random(1))
            assert tx.count(SEQUENCES) == 4


def test_numbers_that_wait_for_a_full_disk_are_bounded(tmp_path):
    with open_store(str(tmp_path), map_bytes=4 << 20, tables=TABLES) as store:
        sequences = Sequences(16384, store)
        for number in range(10 * WAITING_MAX):
            sequences.set(number.to_bytes(20, "big"), number)
        assert len(sequences.take()) <= 8 * WAITING_MAX
        assert sequences.get((10 * WAITING_MAX - 1).to_bytes(20, "big")) == 10 * WAITING_MAX - 1


def test_who_keeps_what_was_looked_up_once_is_not_remembered():
    async def test():
        async with nodes(3, requests_per_s=1000, checks_per_s=1000) as opened:
            for number in range(POLLED_MAX + 4):
                await opened[1].put_mutable(signed(1, salt=b"%d" % number))
            await opened[2].poll_mutable(KEY, b"0", 1)
            for number in range(POLLED_MAX + 4):
                await opened[2].get_mutable(KEY, b"%d" % number)
            assert list(opened[2]._keepers) == [mutable_target(KEY, b"0")]

    run(test)


def test_those_who_kept_an_old_item_are_not_asked_for_ever():
    async def test():
        async with nodes(12) as opened:
            await opened[1].poll_mutable(KEY, b"box", None)
            # Nodes far from it that had the last one, before the network grew.
            target = mutable_target(KEY, b"box")
            far = sorted(opened[2:], key=lambda each: int.from_bytes(each.engines[4].own_id, "big") ^ int.from_bytes(target, "big"))[-1]
            opened[1]._keepers[target] = (((None, compact.pack(*far.addresses[0])),), POLLS_BEFORE_SEARCH)
            await opened[1].poll_mutable(KEY, b"box", None)
            assert len(opened[1]._keepers[target][0]) == 8

    run(test)


def test_the_only_one_who_answers_finds_what_was_put_with_it():
    async def test():
        async with node(hosts=("127.9.1.1",)) as alone, node(hosts=("127.9.2.1",), bootstrap=alone.addresses, read_only=True) as client:
            await client.joined()
            await client.put_mutable(signed(5, salt=b"box"))
            assert (await alone.poll_mutable(KEY, b"box", None)).value == signed(5, salt=b"box")
            assert (await alone.get_mutable(KEY, b"box")).value == signed(5, salt=b"box")
            with pytest.raises(DhtError):
                await alone.poll_mutable(KEY, b"box", 5)
            with pytest.raises(DhtError) as nobody:
                await alone.put_mutable(signed(7, salt=b"answer"))
            assert nobody.value.code == "no-contacts"
            assert (await client.get_mutable(KEY, b"answer")).value == signed(7, salt=b"answer")

    run(test)


def test_what_could_not_be_renewed_is_tried_again_before_it_is_gone(monkeypatch):
    async def test():
        async with nodes(1) as opened, node(hosts=("127.9.20.1",), bootstrap=opened[0].addresses) as back:
            await back.joined()
            await back.keep(signed(3, salt=b"kept"))
            tries, now = [], 1e6

            async def silence(*args, **kwargs):
                tries.append(now)
                raise DhtError("silent", "Nobody answers.")

            monkeypatch.setattr(back, "put_mutable", silence)
            for now in range(1_000_000, 1_000_000 + REPUBLISH_S, 60):
                await back.republish(now)
            assert 6 < len(tries) < 20

    run(test)


def test_what_a_full_disk_kept_from_being_forgotten_can_still_be(tmp_path, monkeypatch):
    async def test():
        with open_store(str(tmp_path), map_bytes=4 << 20, tables=TABLES) as store:
            async with node(hosts=("127.9.1.1",), store=store) as only:
                await only.keep(signed(1))
                target, commit = mutable_target(KEY), store.commit

                async def full(fn, reserve=False):
                    raise StorageError("full")

                monkeypatch.setattr(store, "commit", full)
                with pytest.raises(StorageError):
                    await only.forget(target)
                monkeypatch.setattr(store, "commit", commit)
                assert only.kept_item(target) is not None
                with monkeypatch.context() as patched:
                    patched.setattr(type(only), "contacts", 1)
                    patched.setattr(only, "put_mutable", None)
                    await only.republish(1e9)
                await only.forget(target)
                assert only.kept_item(target) is None and not load_published(store)

    run(test)


def test_no_socket_left_for_the_look_from_outside_does_not_end_the_node(monkeypatch):
    async def test():
        async with nodes(1) as opened:

            def none_left(host, port):
                raise DhtError("listen", "no file handles")

            monkeypatch.setattr(udp, "open_udp", none_left)
            engine = opened[0].engines[4]
            await opened[0]._try_from_outside(engine, compact.pack("127.9.1.1", 6881))

    run(test)
