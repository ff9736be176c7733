"""The words of ``leither card``."""

ELSEWHERE = (
    "On Windows and macOS write the image with Raspberry Pi Imager, without its own settings. Then put the card in again, and let "
    "leither card settings fill in the file leither.toml on the drive LEITHER."
)


def add_card(top, common):
    """Add ``leither card``.

    Args:
        top: Parser of ``leither``.
        common: function that adds the options every command has.
    """
    card = top.command(
        "card", "Make the card a new device starts from.", group="START HERE",
        details=["A card carries the image, and a claim token with which the device becomes yours.", ELSEWHERE],
        examples=[
            ("which disk is it?", "leither card list"),
            ("", "sudo leither card write sdcard.img.xz --device /dev/sdX"),
        ],
    )  # fmt: skip
    common(card)
    _add_write(card, common)
    ls = card.command(
        "list", "List the disks that could be a card.", run="card_show:list_disks",
        examples=[("", "leither card list"), ("built-in disks too", "leither card list --all")],
    )  # fmt: skip
    ls.add_argument("--all", action="store_true", help="show built-in disks too")
    common(ls)
    show = card.command(
        "show", "Show what a card tells its device, without secrets.", run="card_show:show",
        examples=[
            ("", "sudo leither card show /dev/sdX"),
            ("the file itself, where the card is open", "leither card show /media/LEITHER/leither.toml"),
        ],
    )  # fmt: skip
    show.add_argument("target", metavar="CARD", help="a disk, an image, or a leither.toml")
    common(show)
    _add_settings(card, common)
    imager = card.command(
        "imager-list", "Print the list with which Raspberry Pi Imager offers images.", run="card_imager:imager_list",
        details=["Give the printed file to Imager: its option “Content Repository”, or rpi-imager --repo FILE."],
        examples=[
            ("images on this computer", "leither card imager-list sdcard.img.xz > leither.rpi-imager-manifest"),
            ("images on a web server", "leither card imager-list *.img.xz --base-url https://example.org/images > os-list.json"),
        ],
    )  # fmt: skip
    imager.add_argument("images", nargs="+", metavar="IMAGE", help="sdcard.img or sdcard.img.xz; name, date and profile from IMAGE.json")
    imager.add_argument("--base-url", metavar="URL", help="where the images can be fetched (default: these files)")
    imager.add_argument("--tag", action="append", metavar="TAG", help="board in Imager's words, instead of those of the image's profile")
    common(imager)


def _add_write(card, common):
    write = card.command(
        "write", "Write an image to a card, with its first settings.", run="card_write:write",
        details=[
            "Checks the image, erases the disk, writes, and reads everything back from the card itself. Then it shows the claim token, "
            "the password of the device's own Wi-Fi, and QR codes for a phone.",
            "What lies beside the image is used: IMAGE.sha256 and IMAGE.json to check it, IMAGE.bmap to write only what is in use.",
            "Refused are disks in use, the system's disk, partitions, and, without --really, built-in disks, those over 1 TB, and files: "
            "with --really an existing file that is large enough stands in for a disk.",
            ELSEWHERE,
        ],
        examples=[
            ("which disk is it?", "leither card list"),
            ("", "sudo leither card write sdcard.img.xz --device /dev/sdX"),
            ("it shall join your Wi-Fi; asks for the password", "sudo leither card write sdcard.img.xz --device /dev/sdX --wifi Home"),
            (
                "yours from the first start, from a script",
                "sudo leither card write sdcard.img.xz --device /dev/sdX --owner PUBLICKEY --yes --json",
            ),
            ("an image file with settings in it", "truncate -s 4G my.img; leither card write sdcard.img.xz --device my.img --really"),
        ],
    )  # fmt: skip
    write.add_argument("image", metavar="IMAGE", help="sdcard.img or sdcard.img.xz")
    write.add_argument("--device", metavar="DISK", help="the card, like /dev/sdX or /dev/mmcblk0; everything on it is erased")
    _add_choices(write)
    write.add_argument("--really", action="store_true", help="also a built-in disk, one over 1 TB, or a file")
    write.add_argument("--yes", action="store_true", help="do not ask")
    common(write)


def _add_settings(card, common):
    settings = card.command(
        "settings", "Change what an already written card tells its device.", run="card_show:settings",
        details=["What is not named stays. A device reads them whenever it starts; one that has its owner takes no other."],
        examples=[
            ("", "sudo leither card settings /dev/sdX --wifi Home"),
            ("where the card is open, without sudo", "leither card settings /media/LEITHER/leither.toml --wifi Home"),
            ("a new claim token, no network", "sudo leither card settings /dev/sdX --new-token --no-wifi"),
        ],
    )  # fmt: skip
    settings.add_argument("target", metavar="CARD", help="a disk, or a leither.toml")
    _add_choices(settings)
    settings.add_argument("--no-wifi", action="store_true", help="join no network")
    settings.add_argument("--no-owner", action="store_true", help="belong to nobody yet")
    settings.add_argument("--new-token", action="store_true", help="make a new claim token")
    settings.add_argument("--fresh", action="store_true", help="forget what the card said")
    settings.add_argument("--really", action="store_true", help="also a built-in disk, one over 1 TB, or an image file")
    common(settings)


def _add_choices(parser):
    parser.add_argument("--wifi", metavar="NAME", help="the network that the device shall join")
    parser.add_argument(
        "--wifi-password-file", "--wifi-passphrase-file", metavar="FILE", help="read its password from a file (else a prompt)"
    )
    parser.add_argument("--open", action="store_true", help="the network has no password")
    parser.add_argument("--hidden", action="store_true", help="the network does not announce its name")
    parser.add_argument("--owner", metavar="KEY", help="whose the device is from the start: a public key, or the name of one of your keys")
    parser.add_argument(
        "--passphrase-file", metavar="FILE", help="read the password of the device's own Wi-Fi from a file (else a new one)"
    )
