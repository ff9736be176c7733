"""``leither name pet`` and ``leither name show``: what keys are called, here and everywhere."""

from leither_edge.cli.book import Book
from leither_edge.cli.failure import UsageError
from leither_edge.cli.name_book import PETS_MAX, NameBook, check_pet_name
from leither_edge.cli.name_target import key_called, named
from leither_edge.cli.parser import nearest


def add(home, out, args):
    """Give a key a pet name."""
    from leither_edge.names.z_base_32 import key_to_name

    pet, key = check_pet_name(args.name), named(home, args.key)
    if key.labels:
        raise UsageError(f"“{key.labels}” stands before the key.", "A pet name is for a key, and labels are written before it.")
    if key_called(home, pet)[1] in ("key", "own", "device"):
        raise UsageError(f"“{pet}” is a key or a device of yours already.", fix="Choose another name.", code="taken")
    name, book = key_to_name(key.key), NameBook(home)
    with book.changing():
        before = book.pets.get(pet)
        if before not in (None, name) and not args.replace:
            raise UsageError(
                f"“{pet}” is the name of another key: {before}.",
                fix=f"If it is to mean this one: {args.parser.prog} {pet} {name} --replace", code="taken",
            )  # fmt: skip
        if before is None and len(book.pets) >= PETS_MAX:
            raise UsageError(f"There are {PETS_MAX} pet names already.", fix="Remove one: leither name pet remove NAME")
        book.pets[pet] = name

    def tell():
        out.done(f"{pet} is {name}.")
        out.next_step("See what is published under it:", f"leither name resolve {pet}")

    out.result({"pet": pet, "name": name, "replaced": before if before != name else None}, tell)


def remove(home, out, args):
    """Forget a pet name."""
    book = NameBook(home)
    with book.changing():
        pet = args.name if args.name in book.pets else check_pet_name(args.name)
        if pet not in book.pets:
            fix = nearest(pet, book.pets) + "See them: leither name pet list"
            raise UsageError(f"There is no pet name “{pet}”.", fix=fix, code="unknown-name")
        name = book.pets.pop(pet)
    out.result({"pet": pet, "name": name}, lambda: out.done(f"{pet} is forgotten. It was {name}."))


def list_pets(home, out, args):
    """List the pet names."""
    pets = sorted(NameBook(home).pets.items())

    def tell():
        if pets:
            out.table(["PET NAME", "KEY"], [list(pet) for pet in pets], {(number, 0): "bold" for number in range(len(pets))})
        else:
            out.line("There are no pet names.")
            out.next_step("Give a key one:", "leither name pet add NAME KEY")

    out.result({"pets": [{"pet": pet, "name": name} for pet, name in pets]}, tell)


def show(home, out, args):
    """Show the name of a key."""
    from leither_edge.cli.keyring import find_key
    from leither_edge.core.ids import public_key_to_text
    from leither_edge.names.z_base_32 import key_to_name

    if args.name is None:
        key = find_key(Book(home), None)
        called, public_key = key.name, key.public_key
    else:
        meant = named(home, args.name)
        called, public_key = meant.called, meant.key
    name = key_to_name(public_key)
    pairs = [("Name", name), ("As a URL", f"pk:{name}"), ("Public key", public_key_to_text(public_key))]

    def tell():
        out.facts(pairs)
        out.next_step("Publish something under it, or see what is:", "leither name publish --help", f"leither name resolve {called}")

    pet = NameBook(home).pet_of(name)
    out.result({"called": called, "name": name, "url": f"pk:{name}", "public_key": pairs[2][1], "pet": pet}, tell)
