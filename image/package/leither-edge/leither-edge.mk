################################################################################
#
# leither-edge
#
################################################################################

# The checkout this tree is part of: nothing is downloaded.
LEITHER_EDGE_VERSION = checkout
LEITHER_EDGE_SOURCE =
LEITHER_EDGE_LICENSE = Apache-2.0
LEITHER_EDGE_DEPENDENCIES = python3 python-cbor2 python-h11 python-lmdb python-pysodium python-trio

LEITHER_EDGE_CHECKOUT = $(realpath $(BR2_EXTERNAL_LEITHER_PATH)/..)
LEITHER_EDGE_PROFILE = $(call qstrip,$(BR2_PACKAGE_LEITHER_EDGE_PROFILE))
# The page's static files are packed here, not on the device; the recovery words come from a package of this machine.
LEITHER_EDGE_PYTHON = $(if $(LEITHER_PYTHON),$(LEITHER_PYTHON),python3)

define LEITHER_EDGE_INSTALL_TARGET_CMDS
	$(LEITHER_EDGE_PYTHON) $(LEITHER_EDGE_CHECKOUT)/image/package/leither-edge/install.py \
		--checkout $(LEITHER_EDGE_CHECKOUT) --profile $(LEITHER_EDGE_PROFILE) \
		--target $(TARGET_DIR) --site usr/lib/python$(PYTHON3_VERSION_MAJOR)/site-packages
endef

$(eval $(generic-package))
