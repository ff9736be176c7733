#!/bin/sh
# shellcheck disable=SC2154 # variables of udhcpc
# What the phone does with the answer of a DHCP server: take the address, and write down what was said.
[ "$1" = bound ] || exit 0
ip -4 address flush dev "$interface"
ip -4 address add "$ip/$mask" dev "$interface"
env >"$SAID"
