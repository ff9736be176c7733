#!/bin/sh
# From kernel and root file system to a card image. Buildroot gives the images folder as the first argument.
set -eu
images=$1
tree=$BR2_EXTERNAL_LEITHER_PATH
profile=$(sed -n 's/^BR2_PACKAGE_LEITHER_EDGE_PROFILE="\(.*\)"$/\1/p' "$BR2_CONFIG")
if [ -x "$tree/board/$profile/boot-loader.sh" ]; then
	"$tree/board/$profile/boot-loader.sh" "$images"
fi
exec "$tree/board/common/assemble.sh" "$images" "$profile"
