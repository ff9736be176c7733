#!/bin/sh
# boot-loader.sh IMAGES: pack U-Boot as the S905's first stages want it. Called before the card is put together.
set -eu
images=$1
"$HOST_DIR/bin/fip_create" --bl30 "$images/bl30.bin" --bl301 "$images/bl301.bin" --bl31 "$images/bl31.bin" \
	--bl33 "$images/u-boot.bin" "$images/fip.bin"
cat "$images/bl2.package" "$images/fip.bin" > "$images/signed-input.bin"
"$HOST_DIR/bin/amlbootsig" "$images/signed-input.bin" "$images/u-boot.img"
# The first 48 KiB are the vendor's first stage, which bl1.bin.hardkernel is for this board.
dd if="$images/u-boot.img" of="$images/uboot-odc2.img" bs=512 skip=96 status=none
