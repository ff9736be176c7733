#!/bin/sh
# shellcheck disable=SC2154 # variables of udhcpc
# Called by udhcpc (busybox) with what happened; the router's words are in its environment and are never evaluated.
# LEITHER_LEASE: file that gets the address; LEITHER_RESOLV: file for the name servers; LEITHER_METRIC: of the route, lowest first.
umask 022
case "$1" in
deconfig)
    ip -4 address flush dev "$interface"
    : >"$LEITHER_LEASE"
    rm -f "$LEITHER_RESOLV.$interface"
    ;;
bound | renew)
    # A renewed address stays as it is: taking it away for a moment would break what is connected.
    if [ "$(cat "$LEITHER_LEASE" 2>/dev/null)" != "$ip" ]; then
        ip -4 address flush dev "$interface"
        ip -4 address add "$ip/${mask:-24}" ${broadcast:+broadcast "$broadcast"} dev "$interface" || exit 1
    fi
    for gateway in $router; do
        ip -4 route replace default via "$gateway" dev "$interface" metric "$LEITHER_METRIC"
        break
    done
    for server in $dns; do printf 'nameserver %s\n' "$server"; done >"$LEITHER_RESOLV.$interface"
    printf '%s\n' "$ip" >"$LEITHER_LEASE.new"
    mv "$LEITHER_LEASE.new" "$LEITHER_LEASE"
    ;;
*) exit 0 ;;
esac
cat "$LEITHER_RESOLV".* >"$LEITHER_RESOLV-new" 2>/dev/null
mv "$LEITHER_RESOLV-new" "$LEITHER_RESOLV"
