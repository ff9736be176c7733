import pytest

from appliance.commands.arguments import BadArgument, Text, check_arguments
from appliance.commands.desired_state import CONFIG_KEY, DesiredState, Superseded
from appliance.commands.tables import CONTROL, TABLES
from leither_edge.storage import open_store

from .device import PROFILE


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path, 2**20, TABLES) as store:
        yield store


def test_every_key_has_a_default(store):
    with store.read() as tx:
        document = DesiredState(PROFILE, "Leither-abcd").read(tx)
    assert document == {
        "name": "Leither-abcd",
        "language": "en",
        "storage_share_mib": PROFILE.storage.data_quota_mib * 7 // 8,
        "bandwidth_up_kib_per_s": PROFILE.peers.bandwidth_up_kib_per_s,
        "bandwidth_down_kib_per_s": PROFILE.peers.bandwidth_down_kib_per_s,
        "reach": "lan",
        "metrics_remote": False,
        "mimei": "on",
        "mimei_users": "owners",
        "mimei_labels": "users",
        "timezone": "UTC",
        "peers": "on",
        "tunnel_offer": "off",
        "dht_network": "",
        "dht_bootstrap": "",
    }


def test_a_change_keeps_the_other_keys_and_the_newest_wins(store):
    state = DesiredState(PROFILE, "x")
    with store.write() as tx:
        state.apply(tx, state.check({"name": "咖啡馆", "reach": "mainline"}), 10)
        state.apply(tx, state.check({"name": "b"}), 10)
        with pytest.raises(Superseded):
            state.apply(tx, {"name": "c"}, 9)
        assert (state.read(tx)["name"], state.read(tx)["reach"], state.issued(tx)) == ("b", "mainline", 10)
        state.apply(tx, {"name": "on the spot"}, None)
        assert (state.read(tx)["name"], state.issued(tx)) == ("on the spot", 10)


@pytest.mark.parametrize(
    "change",
    [
        {}, {"nmae": "x"}, {"name": ""}, {"name": "x" * 33}, {"name": "a\nb"}, {"name": b"x"}, {"name": None}, {"language": "de"},
        {"storage_share_mib": -1}, {"storage_share_mib": True}, {"storage_share_mib": "5"}, {"metrics_remote": 1}, {"reach": "LAN"},
        {"mimei": True}, {"mimei_users": "all"}, {"mimei_labels": "all"},
        {"peers": True}, {"tunnel_offer": "yes"},
        {"timezone": "Europe/ Berlin"}, {"timezone": ""}, {"bandwidth_up_kib_per_s": 2**40},
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_refused_with_a_sentence_that_names_it(change):
    with pytest.raises(BadArgument) as error:
        DesiredState(PROFILE, "x").check(change)
    assert str(error.value).endswith(".")
    assert all(name in str(error.value) for name in change)


def test_a_stored_value_that_is_no_longer_allowed_gives_way_to_the_default(store):
    with store.write() as tx:
        tx.put(CONTROL, CONFIG_KEY, {"issued": 1, "keys": {"storage_share_mib": 2**50, "gone": 1, "name": "kept"}})
        document = DesiredState(PROFILE, "x").read(tx)
    assert document["storage_share_mib"] == PROFILE.storage.data_quota_mib * 7 // 8
    assert document["name"] == "kept" and "gone" not in document


def test_an_unknown_name_cannot_put_control_characters_into_the_sentence():
    with pytest.raises(BadArgument) as error:
        check_arguments({"a": Text(1, 2)}, {"x\x1b[2J" * 100: 1})
    assert str(error.value).isprintable() and len(str(error.value)) < 100
