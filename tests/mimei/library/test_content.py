"""Making, finding, changing and deleting content; quotas, collection, check, and what runs beside."""

from threading import Thread

import pytest
import trio

from leither_edge.mimei import info, rights
from leither_edge.mimei.errors import BadInput, BlockMissing, Busy, Conflict, Forbidden, NotFound, QuotaReached, TooLarge
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.tables import BY_AUTHOR, DATABASES, HEADS
from leither_edge.storage import StorageError

from .people import ANNA, BEN, Clock, opened, read, work, write


@pytest.fixture
def library(tmp_path):
    with opened(tmp_path) as library:
        yield library


@pytest.fixture
def anna(library):
    return library.local_session(ANNA)


class TestMaking:
    def test_same_words_same_mimei(self, library, anna):
        mid = library.create(anna, "app", "ext", "mark", info.FILE)
        assert library.create(anna, "app", "ext", "mark", info.FILE) == mid == info.mid_of(ANNA.id, "app", "ext", "mark")
        assert library.create(library.local_session(BEN), "app", "ext", "mark", info.FILE) != mid
        with pytest.raises(Conflict, match="holds file"):
            library.create(anna, "app", "ext", "mark", info.DATABASE)
        assert library.create(anna) != library.create(anna)

    @pytest.mark.parametrize(
        "words", [("a" * 257, "", ""), ("", 1, ""), ("", "", "\0"), ("", "", "\ud800"), ("", "", "m", 5), ("", "", "m", "1")]
    )
    def test_what_makes_none_is_refused(self, library, anna, words):
        with pytest.raises(BadInput):
            library.create(anna, *words)

    @pytest.mark.parametrize("mid", [b"", b"x" * 21, "x" * 26, None, 7])
    def test_what_is_no_id_is_refused(self, library, anna, mid):
        with pytest.raises(BadInput):
            library.info(anna, mid)
        with pytest.raises(NotFound):
            library.info(anna, bytes(20))

    def test_list_in_parts_shows_what_may_be_seen(self, library, anna):
        ben = library.local_session(BEN)
        mine = sorted(library.create(anna, right={"guest": rights.SEE} if number % 2 else None) for number in range(6))
        assert [found.mid for found in library.list(anna)] == mine
        first = library.list(anna, limit=4)
        assert [found.mid for found in library.list(anna, first[-1].mid)] == mine[4:]
        assert len(library.list(ben)) == 3 == len(library.list(library.guest(), author=ANNA.id))
        assert library.list(anna, author=BEN.id) == []

    def test_deleted_is_gone_with_its_rows_and_blocks(self, library, anna):
        kept = library.create(anna, data_type=info.FILE)
        for data_type in info.DATA_TYPES:
            mid = library.create(anna, mark="gone", ext=str(data_type), data_type=data_type)
            write(library, anna, mid, b"secret")
            library.backup(anna, mid)
            library.delete(anna, mid)
            with pytest.raises(NotFound):
                library.open(anna, mid)
            # Made anew it is empty.
            assert library.create(anna, mark="gone", ext=str(data_type), data_type=data_type) == mid
            assert read(library, anna, mid) == b"" and library.versions(anna, mid) == []
            library.delete(anna, mid)
        work(library)
        library.collect(anna)
        with library.store.read() as tx:
            assert [tx.count(name) for name in ("data", "changed", "records", "versions", "heads")] == [0, 0, 0, 0, 1]
        assert [found.mid for found in library.list(anna)] == [kept] and library.fsck(anna) == []
        assert library.stat(anna)["blocks"] == 1


class TestFiles:
    def test_file_system_step_by_step(self, library, anna):
        mid = library.create(anna)
        files = library.open(anna, mid).file_system
        label = files.put("a/b.txt", [b"one ", b"two"])
        assert label == library.add(anna, [b"one two"])
        files.copy("a/b.txt", "c.txt")
        files.rename("a/b.txt", "a/d.txt")
        files.write("a/d.txt", 4, b"TWO")
        files.write("a/d.txt", -1, b"!")
        files.write("new.txt", 2, b"x")
        files.truncate("c.txt", 3)
        assert [b"".join(files.read(path)) for path in ("a/d.txt", "c.txt", "new.txt")] == [b"one TWO!", b"one", b"\0\0x"]
        assert [entry.name for entry in files.list()] == ["a", "c.txt", "new.txt"]
        assert [entry.name for entry in files.list(start="a", limit=1)] == ["c.txt"]
        files.make_directory("empty")
        files.remove("empty")
        with pytest.raises(Conflict):
            files.remove("a")
        files.remove("a", recursive=True)
        with pytest.raises(NotFound):
            files.stat("a")
        assert not files.exists("a") and files.exists("c.txt")

    def test_copy_out_of_a_version(self, library, anna):
        mid = library.create(anna)
        write(library, anna, mid, b"old")
        library.backup(anna, mid)
        write(library, anna, mid, b"new")
        files = library.open(anna, mid).file_system
        files.copy("folder", "before", 0)
        assert b"".join(files.read("before/name.txt")) == b"old" and read(library, anna, mid) == b"new"
        with pytest.raises(Conflict):
            files.copy("folder", "before", 0)

    @pytest.mark.parametrize("path", ["../x", "/x/../y", "a/..", "x" * 300, "a\0b", "a/" * 100])
    def test_bad_paths_are_refused(self, library, anna, path):
        mid = library.create(anna)
        with pytest.raises(BadInput):
            library.put_file(anna, mid, path, [b"x"])

    def test_views_refuse_what_does_not_fit(self, library, anna):
        mid = library.create(anna)
        write(library, anna, mid, b"one")
        library.backup(anna, mid)
        version = library.open(anna, mid, 0)
        assert not version.writable
        with pytest.raises(Conflict, match="cannot be changed"):
            version.file_system.remove("folder", True)
        with pytest.raises(Conflict, match="not database"):
            version.database  # noqa: B018
        with pytest.raises(TooLarge):
            library.open(anna, mid).file_system.write("folder/name.txt", 0, bytes(17 << 20))
        with pytest.raises(BadInput):
            library.read_file(anna, mid, "cur", "folder/name.txt", -1)

    def test_folder_of_the_computer_there_and_back(self, library, anna, tmp_path):
        source, target = tmp_path / "source", tmp_path / "target"
        (source / "sub").mkdir(parents=True)
        (source / "sub" / "file").write_bytes(b"content")
        mid = library.create(anna)
        files = library.open(anna, mid).file_system
        assert files.put_folder("put", source).files == 1
        assert files.get_folder("put", target).files == 1 and (target / "sub" / "file").read_bytes() == b"content"
        whole = files.put_folder("", source)
        assert files.label() == whole.cid == library.add_folder(anna, source)
        library.put_file(anna, mid, "one", source / "sub" / "file")
        with pytest.raises(BadInput, match="cannot be read"):
            library.put_file(anna, mid, "two", source / "nothing")
        assert library.find(anna, files.label(), "sub/file") == library.add(anna, [b"content"])
        with pytest.raises(NotFound):
            library.find(anna, files.label(), "sub/nothing")

    def test_writers_at_once_lose_nothing(self, library, anna):
        mid = library.create(anna)

        def put(number):
            library.put_file(anna, mid, f"{number}.txt", [b"%d" % number])

        threads = [Thread(target=put, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(list(library.open(anna, mid).file_system.list())) == 8


class TestRows:
    def test_open_version_beside_cur(self, library, anna):
        mid = library.create(anna, data_type=info.DATABASE)
        write(library, anna, mid, b"one")
        library.backup(anna, mid)
        write(library, anna, mid, b"two")
        versions = [library.open(anna, mid, 0) for _ in range(2)]
        assert [version.database.execute([b"GET", b"key"]) for version in versions] == [b"one", b"one"]
        assert versions[0].database.core is versions[1].database.core
        assert b"READONLY" in versions[0].database.execute([b"SET", b"key", b"x"]).text
        versions[0].close()
        assert versions[1].database.execute([b"GET", b"key"]) == b"one"
        versions[1].close()
        work(library)
        library.held.flush_now()
        with library.store.read() as tx:
            assert [key for key in tx.keys(DATABASES) if key != b"next"] == []

    def test_restore_is_seen_by_who_has_cur_open_and_by_who_watches(self, library, anna):
        mid = library.create(anna, data_type=info.DATABASE)
        write(library, anna, mid, b"one")
        library.backup(anna, mid)
        view = library.open(anna, mid).database
        write(library, anna, mid, b"two")
        before = view.core.watch_version(b"key")
        library.restore(anna, mid, 0)
        assert view.execute([b"GET", b"key"]) == b"one" and view.core.watch_version(b"key") != before
        view.execute([b"SET", b"key", b"three"])
        library.backup(anna, mid)
        assert read(library, anna, mid, 1) == b"three"

    def test_transaction_of_a_killed_process_is_taken_back(self, tmp_path):
        with opened(tmp_path) as library:
            anna = library.local_session(ANNA)
            mid = library.create(anna, data_type=info.DATABASE)
            write(library, anna, mid, b"one")
            view = library.open(anna, mid).database
            with pytest.raises(BadInput):
                view.begin(100000)
            view.begin(10)
            view.execute([b"SET", b"key", b"half"])
            with pytest.raises(Busy):
                library.open(anna, mid).database.execute([b"SET", b"key", b"other"])
        with opened(tmp_path) as library:
            assert read(library, library.local_session(ANNA), mid) == b"one"

    def test_keys_end(self, tmp_path):
        clock = Clock()
        with opened(tmp_path, clock) as library:
            anna = library.local_session(ANNA)
            mid = library.create(anna, data_type=info.DATABASE)
            library.open(anna, mid).database.execute([b"SET", b"key", b"x", b"EX", b"10"])
            clock.now += 11
            assert read(library, anna, mid) == b"" and library.stat(anna, mid)["keys"] == 1
            library.held.call(library.rows.expire_some)
            assert library.stat(anna, mid)["keys"] == 0

    def test_stream_in_parts_both_ways(self, library, anna):
        mid = library.create(anna, data_type=info.STREAM)
        stream = library.open(anna, mid).stream
        assert stream.append([b"%d" % number for number in range(5)]) == 0
        library.backup(anna, mid)
        work(library)
        assert stream.append([b"x"]) == 5 and stream.length() == 6
        assert stream.read(4) == [(4, b"4"), (5, b"x")] and stream.read(1, 2, True) == [(1, b"1"), (0, b"0")]
        assert library.open(anna, mid, 0).stream.length() == 5
        with pytest.raises(TooLarge):
            stream.append([bytes((1 << 20) + 1)])
        with pytest.raises(BadInput):
            stream.append([bytes(1 << 20)] * 5)
        assert stream.length() == 6 and library.stat(anna, mid)["records"] == 6


class TestSearch:
    def test_names_tags_and_text_as_far_as_one_may_read(self, library, anna):
        ben = library.local_session(BEN)
        mid = library.create(anna, mark="Holiday", right={"guest": rights.SEE})
        library.set_tags(anna, mid, ["sea", "sun", "sea"])
        library.put_file(anna, mid, "Island/diary.txt", [b"we saw a lighthouse"])
        library.backup(anna, mid)
        work(library)
        library.held.flush_now()

        def found(session, text):
            return [hit.path for hit in library.search(session, text)]

        assert library.tags(ben, mid) == ["sea", "sun"]
        assert found(anna, "holiday") == found(ben, "#sun") == [""]
        assert found(anna, "lighthouse") == found(anna, "island") == ["Island/diary.txt"] and found(ben, "lighthouse") == []
        library.set_right(anna, mid, "guest", rights.READ_ONLY)
        assert found(ben, "lighthouse") == ["Island/diary.txt"]
        library.open(anna, mid).file_system.remove("Island", True)
        library.put_file(anna, mid, "new.txt", [b"a harbour"])
        library.backup(anna, mid)
        library.set_tags(anna, mid, [])
        work(library)
        library.held.flush_now()
        assert found(ben, "lighthouse") == found(ben, "#sun") == [] and found(ben, "harbour") == ["new.txt"]
        library.delete(anna, mid)
        assert found(anna, "harbour") == []
        work(library)

    @pytest.mark.parametrize("tags", [["x" * 65], [""], "text", [1], list(map(str, range(65))), ["a\0"]])
    def test_what_are_no_tags_is_refused(self, library, anna, tags):
        mid = library.create(anna)
        with pytest.raises(BadInput):
            library.set_tags(anna, mid, tags)

    @pytest.mark.parametrize("limit", [0, -1, 1000, "5"])
    def test_limit_is_bounded(self, library, anna, limit):
        with pytest.raises(BadInput):
            library.search(anna, "x", limit)


class TestRoom:
    def test_share_of_a_user_is_full_until_a_collection(self, tmp_path):
        with opened(tmp_path, mimei={"user_quota_mib": 1}) as library:
            anna, ben = library.local_session(ANNA), library.local_session(BEN)
            mid = library.create(anna, data_type=info.FILE)
            library.put_file(anna, mid, "", [b"a" * 700_000])
            label = library.open(anna, mid).file.label()
            # The same again is not charged; neither is it to another.
            library.put_file(anna, mid, "", [b"a" * 700_000])
            used = library.usage(anna)[0]
            assert 700_000 <= used < 700_500 and library.add(ben, [b"a" * 700_000]) == label and library.usage(ben)[0] == 0
            with pytest.raises(QuotaReached, match="share"):
                library.put_file(anna, mid, "", [b"b" * 700_000])
            assert library.open(anna, mid).file.label() == label and library.usage(anna)[0] == used
            library.put_file(anna, mid, "", [b"small"])
            with pytest.raises(QuotaReached):
                library.put_file(anna, mid, "", [b"b" * 700_000])
            library.collect(anna)
            assert library.usage(anna)[0] < 1000
            library.put_file(anna, mid, "", [b"b" * 700_000])

    def test_uploads_at_once_share_one_quota(self, tmp_path):
        with opened(tmp_path, mimei={"user_quota_mib": 1}) as library:
            anna = library.local_session(ANNA)
            mid = library.create(anna, data_type=info.FILE)

            def while_another_comes():
                yield b"a" * 700_000
                library.put_file(anna, mid, "", [b"b" * 700_000])

            with pytest.raises(QuotaReached, match="share"):
                library.put_file(anna, mid, "", while_another_comes())
            assert read(library, anna, mid) == b"b" * 700_000 and library.usage(anna)[0] < 1 << 20

    def test_full_map_refuses_and_lets_delete(self, tmp_path):
        with opened(tmp_path, storage={"data_map_mib": 2}) as library:
            anna = library.local_session(ANNA)
            mid = library.create(anna, mark="m", data_type=info.DATABASE)
            view, count = library.open(anna, mid).database, 0
            with pytest.raises((StorageError, QuotaReached)):
                for count in range(1000):
                    view.execute([b"SET", b"%d" % count, bytes(3000)])
            assert count and view.execute([b"DBSIZE"]) == count
            library.delete(anna, mid)
            work(library)
            mid = library.create(anna, mark="m", data_type=info.DATABASE)
            write(library, anna, mid, b"room again")
            assert read(library, anna, mid) == b"room again"

    def test_members_write_on_the_authors_account(self, library, anna):
        ben = library.local_session(BEN)
        mid = library.create(anna, data_type=info.FILE)
        library.set_right(anna, mid, BEN.id, rights.WRITE)
        library.put_file(ben, mid, "", [b"a" * 5000])
        assert library.usage(ben)[0] == 0 and library.usage(anna)[0] >= 5000

    def test_only_who_lives_here_looks_after_the_store(self, tmp_path):
        with opened(tmp_path, may_join=lambda key, granted: key == ANNA.public_key) as library:
            ben = library.local_session(BEN)
            for call in (library.collect, library.fsck, library.stat):
                for session in (ben, library.guest()):
                    with pytest.raises(Forbidden):
                        call(session)
            with pytest.raises(Forbidden):
                library.add(ben, [b"x"])

    def test_labels_may_be_kept_from_strangers(self, tmp_path):
        with opened(tmp_path, may_join=lambda key, granted: key == ANNA.public_key) as library:
            anna = library.local_session(ANNA)
            label = library.add(anna, [b"x"])
            strangers = (library.guest(), library.local_session(BEN))
            for call in (library.cat, library.block, library.export_car, lambda session, label: library.find(session, label, "")):
                for session in strangers:
                    call(session, label)
                    library.labels_open = False
                    with pytest.raises(Forbidden):
                        call(session, label)
                    call(anna, label)
                    library.labels_open = True

    def test_who_may_not_refer_to_a_label_does_not_learn_whether_it_is_here(self, library, anna):
        mid = library.create(anna)
        for label in (library.add(anna, [b"x"]), cids.of(cids.RAW, b"not here")):
            with pytest.raises(Forbidden):
                library.add_references(library.guest(), mid, [label])
        library.set_right(anna, mid, BEN.id, rights.REFERENCE)
        stranger = library.local_session(BEN)
        stranger.may_keep = library.labels_open = False
        with pytest.raises(Forbidden, match="by label"):
            library.add_references(stranger, mid, [cids.of(cids.RAW, b"x")])

    def test_pins_and_references_take_what_is_here(self, library, anna):
        missing = cids.of(cids.RAW, b"not here")
        mid = library.create(anna)
        for call in (lambda: library.pin(anna, missing), lambda: library.add_references(anna, mid, [missing])):
            with pytest.raises(BlockMissing):
                call()
        for bad in (b"", b"x" * 300, missing + b"x", "text"):
            with pytest.raises(BadInput):
                library.pin(anna, bad)


class TestCheck:
    def test_wrong_rows_are_found_and_strays_dropped(self, library, anna):
        mid = library.create(anna, data_type=info.FILE)
        write(library, anna, mid, b"one")
        version = library.backup(anna, mid)

        def spoil(tx):
            tx.put(BY_AUTHOR, BEN.id + bytes(20), b"")
            head = tx.get(HEADS, mid)
            head[4] = 7
            tx.put(HEADS, mid, head)
            tx.delete("blocks", cids.digest(version.root))

        library.held.call(spoil)
        found = library.fsck(anna, repair=True)
        assert "release points to version 7" in " ".join(found) and "belongs to no MiMei" in " ".join(found) and len(found) >= 3
        assert "belongs to no MiMei" not in " ".join(library.fsck(anna))


class TestBeside:
    def test_run_indexes_clears_and_collects(self, tmp_path):
        clock = Clock()

        async def main(library):
            anna = library.local_session(ANNA)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(library.run)
                mid = await trio.to_thread.run_sync(lambda: library.create(anna, mark="lighthouse", data_type=info.DATABASE))
                await trio.to_thread.run_sync(write, library, anna, mid, b"one")
                await trio.to_thread.run_sync(library.backup, anna, mid)
                await trio.to_thread.run_sync(library.delete, anna, mid)
                clock.now += 100_000
                library.wake()
                while await trio.to_thread.run_sync(left, library):
                    await trio.sleep(0.01)
                nursery.cancel_scope.cancel()

        def left(library):
            library.held.flush_now()
            with library.store.read() as tx:
                return tx.count("data") + tx.count("blocks") + tx.count("to_index")

        with opened(tmp_path, clock) as library:
            trio.run(main, library)


def test_a_command_without_a_word_is_refused(library, anna):
    view = library.open(anna, library.create(anna, data_type=info.DATABASE)).database
    with pytest.raises(BadInput, match="one word"):
        view.execute([])
    with library.held.quick() as tx, pytest.raises(BadInput, match="one word"):
        view.run(tx, [])


def test_a_database_is_not_opened_inside_a_quick_block(library, anna):
    found = library.open(anna, library.create(anna, data_type=info.DATABASE))
    with library.held.quick(), pytest.raises(RuntimeError, match="inside quick"):
        found.database  # noqa: B018
    assert found.database.execute([b"DBSIZE"]) == 0
