"""The fixtures of IPIP-499: what they are made of, as Kubo's test/cli/cid_profiles_test.go draws it, and their labels."""

from leither_edge.mimei.files.label_profile import V0_2015, V1_2025

from .inputs import KIB, MIB, drawn

_LETTERS = "abcdefghijklmnopqrstuvwxyz01234567890-_"

# (profile, size, seed or None for the text "hello world", label)
FILES = (
    (V0_2015, 11, None, "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"),
    (V0_2015, 256 * KIB, "chunk-v0-seed", "QmWmRj3dFDZdb6ABvbmKhEL6TmPbAfBZ1t5BxsEyJrcZhE"),
    (V0_2015, 256 * KIB + 1, "chunk-v0-seed", "QmYyLxtzZyW22zpoVAtKANLRHpDjZtNeDjQdJrcQNWoRkJ"),
    (V0_2015, 174 * 256 * KIB, "v0-seed", "QmUbBALi174SnogsUzLpYbD4xPiBSFANF4iztWCsHbMKh2"),
    (V0_2015, 174 * 256 * KIB + 1, "v0-seed", "QmV81WL765sC8DXsRhE5fJv2rwhS4icHRaf3J9Zk5FdRnW"),
    (V1_2025, 11, None, "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
    (V1_2025, MIB, "chunk-v1-seed", "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta"),
    (V1_2025, MIB + 1, "chunk-v1-seed", "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64"),
    (V1_2025, 1024 * MIB, "v1-2025-seed", "bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm"),
    (V1_2025, 1024 * MIB + 1, "v1-2025-seed", "bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe"),
)
# (profile, names, letters of a name, letters of the last name, label); every file holds "x".
FOLDERS = (
    (V0_2015, 4096, 30, 30, "QmX5GtRk3TSSEHtdrykgqm4eqMEn3n2XhfkFAis5fjyZmN"),
    (V0_2015, 4033, 31, 31, "QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP"),
    (V1_2025, 4766, 11, 21, "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4"),
    (V1_2025, 4766, 11, 22, "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu"),
)
EMPTY_FOLDERS = (
    (V0_2015, "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"),
    (V1_2025, "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"),
)


def names(profile, count, size, last_size):
    """The names of a folder's files."""
    letters = b"".join(drawn(f"hamt-{profile.name}", count * size + last_size))
    for number in range(count):
        end = number * size + (last_size if number == count - 1 else size)
        yield "".join(_LETTERS[value % len(_LETTERS)] for value in letters[number * size : end])
