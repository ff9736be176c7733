#!/bin/sh
# assemble.sh IMAGES PROFILE: make sdcard.img from what lies in IMAGES. Two runs give the same bytes.
set -eu
images=$(realpath "$1")
profile=$2
tree=$(realpath "$(dirname "$0")/../..")
board=$tree/board/$profile
# FAT knows no time before 1980.
epoch=${SOURCE_DATE_EPOCH:-315532800}
python=${LEITHER_PYTHON:-python3}
PATH=$PATH:/usr/sbin:/sbin
export PATH SOURCE_DATE_EPOCH="$epoch" E2FSPROGS_FAKE_TIME="$epoch" TZ=UTC

mib() { sed -n "s/^$1 = \([0-9]*\)\$/\1/p" "$tree/../hw_profiles/$profile.toml"; }
ext4() { # ext4 FILE MIB LABEL UUID: an empty file system whose every byte is decided here
	rm -f "$images/$1"
	truncate -s "$2M" "$images/$1"
	mke2fs -q -t ext4 -b 4096 -L "$3" -U "$4" -m 1 -O ^orphan_file \
		-E "hash_seed=$4,nodiscard,lazy_itable_init=1,lazy_journal_init=0,root_owner=0:0" "$images/$1"
}

ext4 state.ext4 "$(mib state_mib)" STATE 4c454954-0000-4000-8000-000000000007
ext4 data.ext4 "$(mib data_min_mib)" DATA 4c454954-0000-4000-8000-000000000008
"$python" "$tree/board/common/settings.py" "$images" "$board"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find "$images" -type f -exec touch -h -d "@$epoch" {} +
rm -f "$images/sdcard.img"
mkdir "$work/root"
layout() { "$python" "$tree/layout.py" "$tree/../hw_profiles/$profile.toml" --board "$board" --part "$1" > "$work/$1.cfg"; }
put_together() {
	rm -rf "$work/tmp"
	genimage --rootpath "$work/root" --tmppath "$work/tmp" --inputpath "$images" --outputpath "$images" --config "$work/$1.cfg"
}
layout fat
put_together fat
"$python" "$tree/board/common/fat_times.py" "$images/p1.vfat" "$images/p2.vfat" "$images/p3.vfat"
layout card
put_together card
