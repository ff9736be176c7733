"""Whether a device does what a signed command asks: the rules, in the order in which they are asked."""

from collections import namedtuple

from leither_edge.core import cose, delegation
from leither_edge.core import keyset as keysets
from leither_edge.core.roles import includes
from leither_edge.core.time_floor import Untimely

# role: the one needed. dangerous: the command must answer a challenge of the device.
VerbRule = namedtuple("VerbRule", ("role", "dangerous"))
# role: the one held. verbs: the verbs a pass names, or None for all of the role. via: the Pass, or None for a key of the keyset.
Authority = namedtuple("Authority", ("role", "verbs", "via"))


class Refused(ValueError):
    """A command is not obeyed.

    Args: code (one of wrong-device, unknown-key, bad-signature, revoked, old-keyset, replay, expired, future, unknown-verb,
    not-allowed, challenge-required, challenge-wrong, bad-pass, pass-expired, malformed, too-large; a device adds stale,
    id-reused and bad-argument), sentence (for people), authentic (true if the signature was good: only then does the device sign
    its refusal).
    """

    def __init__(self, code, sentence, authentic=False):
        super().__init__(sentence)
        self.code = code
        self.authentic = authentic


def authorize(command, sign1, keyset, device_id, floor, clock_s, last_sequence, verbs, verify, challenge_ok):
    """The Authority under which a command is obeyed.

    Args: command (Command) and sign1 (Sign1) of the same message; keyset (in force); device_id (20 bytes); floor (TimeFloor);
    clock_s (s, what the clock says); last_sequence (the issuer's last, 0 for none); verbs ({verb: VerbRule}); verify as for
    cose.verify1; challenge_ok (16 bytes -> bool; called last, so it may use the challenge up).
    Raises Refused. Nothing is changed: the caller stores the sequence number before it acts.
    """
    if command.issuer != sign1.key_id:
        raise Refused("malformed", "the command names another issuer than the key that signed it")
    if command.device_id != device_id:
        raise Refused("wrong-device", "the command is for another device")
    authority, public_key = _authority_of(command, keyset, device_id, verify)
    try:
        cose.verify1(sign1, public_key, verify)
    except cose.BadSignature as error:
        raise Refused("bad-signature", str(error)) from None
    # From here on the sender is known, and every refusal is one that the device signs.
    _check_standing(command, keyset, authority)
    if command.sequence <= last_sequence:
        raise Refused("replay", f"sequence {command.sequence} is not above {last_sequence}, the last one of this key", True)
    _check_time(command, authority, floor, clock_s)
    rule = verbs.get(command.verb)
    if rule is None:
        raise Refused("unknown-verb", f'this device knows no verb "{command.verb}"', True)
    _check_right(command, authority, rule)
    if rule.dangerous:
        if command.challenge is None:
            raise Refused("challenge-required", f'"{command.verb}" must answer a challenge; ask for one and sign again', True)
        if not challenge_ok(command.challenge):
            raise Refused("challenge-wrong", "the challenge is unknown, used or too old; ask for a new one", True)
    return authority


def _authority_of(command, keyset, device_id, verify):
    """What the sender's key may do, by a pass if it sent one, else by the keyset; and that key."""
    if command.delegation is None:
        entry = keysets.find_key(keyset, command.issuer)
        if entry is None:
            raise Refused("unknown-key", "the key is not one of this device's keys, and the command carries no pass")
        return Authority(entry[0], None, None), entry[1]
    try:
        given, message = delegation.parse_signed_pass(command.delegation)
        if keysets.key_id(given.subject) != command.issuer:
            raise delegation.PassError("bad-pass", "the pass was given to another key")
        if given.device_id is not None and given.device_id != device_id:
            raise delegation.PassError("bad-pass", "the pass is for another device")
        entry = keysets.find_key(keyset, given.issuer)
        if entry is None or entry[0] != "owner":
            raise delegation.PassError("bad-pass", "the pass was not given by an owner of this device")
        cose.verify1(message, entry[1], verify)
    except (delegation.PassError, cose.BadSignature) as error:
        raise Refused("bad-pass", str(error)) from None
    return Authority(given.role, given.verbs, given), given.subject


def _check_standing(command, keyset, authority):
    if command.issuer in keyset.revoked:
        raise Refused("revoked", "the key was revoked", True)
    if authority.via is not None and authority.via.issuer in keyset.revoked:
        raise Refused("revoked", "the owner's key that gave the pass was revoked", True)
    if command.keyset_version != keyset.version:
        raise Refused("old-keyset", f"the command was made for keyset {command.keyset_version}; in force is {keyset.version}", True)


def _check_time(command, authority, floor, clock_s):
    try:
        floor.check(command.issued, command.expires, clock_s)
    except Untimely as error:
        raise Refused(error.code, f"the command is refused: {error}", True) from None
    given = authority.via
    if given is None:
        return
    # The clock cannot be trusted, so the command's own time counts as well as the floor.
    if given.not_after <= max(floor.floor, command.issued):
        raise Refused("pass-expired", "the pass has ended; ask the owner for a new one", True)
    if command.issued < given.not_before:
        raise Refused("pass-expired", "the pass is not valid yet", True)


def _check_right(command, authority, rule):
    if not includes(authority.role, rule.role):
        raise Refused("not-allowed", f'"{command.verb}" needs the role {rule.role}, and this key has {authority.role}', True)
    if authority.verbs is not None and command.verb not in authority.verbs:
        raise Refused("not-allowed", f'the pass does not name "{command.verb}"', True)
    if rule.dangerous and authority.role != "owner":
        raise Refused("not-allowed", f'"{command.verb}" is for owners', True)
