#!/bin/sh
# After everything is installed: keep what the device uses, and check that nothing asked for was silently dropped.
# Buildroot gives the target's folder as the first argument, and BINARIES_DIR, HOST_DIR, BASE_DIR, BR2_CONFIG.
set -eu
target=${1:?target folder}
tree=$BR2_EXTERNAL_LEITHER_PATH
profile=$(sed -n 's/^BR2_PACKAGE_LEITHER_EDGE_PROFILE="\(.*\)"$/\1/p' "$BR2_CONFIG")
board=$tree/board/$profile

mkdir -p "${target:?}/etc/leither" "${target:?}/state" "${target:?}/data" "${target:?}/card"
printf '%s\n' "$profile" > "${target:?}/etc/leither/profile"
# Settings live in STATE; what a start finds out lives in memory.
rm -rf "${target:?}/etc/resolv.conf" "${target:?}/etc/init.d" "${target:?}/etc/network" "${target:?}/etc/mtab" "${target:?}/var"
ln -s /run/resolv.conf "${target:?}/etc/resolv.conf"
ln -s /proc/mounts "${target:?}/etc/mtab"
ln -s /run "${target:?}/var"
rm -rf "${target:?}/usr/share/udhcpc" "${target:?}/usr/share/man" "${target:?}/usr/share/doc" "${target:?}/media" "${target:?}/opt" "${target:?}/mnt"

"$HOST_DIR/bin/python3" "$tree/package/leither-edge/prune.py" --target "$target" --list "$tree/package/leither-edge" \
	--first-read "$BASE_DIR/first-read"
"$HOST_DIR/bin/python3" "$tree/board/common/keep.py" --target "$target" --board "$board" --rest "$BINARIES_DIR/modules-rest.tar"

PYTHONPATH=$tree/..
export PYTHONPATH
check() { name=$1; shift; "${LEITHER_PYTHON:-python3}" -m "image.check.$name" "$@"; }
with_run_path() { check traces --target "$target" --run-paths | xargs -0 -r -n 1 "$HOST_DIR/bin/patchelf" "$@"; }

# Buildroot takes run paths out, but not where the machine's own patchelf stands in for its. An empty one overwrites the text first.
with_run_path --set-rpath ""
with_run_path --remove-rpath
# Packages install libraries of which the board loads some.
list=$(mktemp)
check unloaded --target "$target" --keep "$tree/board/common/libraries" > "$list"
xargs -0 -r rm -f < "$list"
rm -f "$list"
check traces --target "$target" --folder "$BASE_DIR" --folder "$(realpath "$tree/..")" --folder "$(pwd -P)"
check configured --config "$BR2_CONFIG" --build "$BASE_DIR/build"
