################################################################################
#
# leither-edge
#
################################################################################

# The checkout this tree is part of: nothing is downloaded.
LEITHER_EDGE_VERSION = checkout
LEITHER_EDGE_SOURCE =
LEITHER_EDGE_LICENSE = Apache-2.0, MIT (recovery words)
LEITHER_EDGE_LICENSE_FILES = LICENSE LICENSE.recovery-words
LEITHER_EDGE_DEPENDENCIES = python3 python-cbor2 python-h11 python-lmdb python-pysodium python-trio

LEITHER_EDGE_CHECKOUT = $(realpath $(BR2_EXTERNAL_LEITHER_PATH)/..)
LEITHER_EDGE_PROFILE = $(call qstrip,$(BR2_PACKAGE_LEITHER_EDGE_PROFILE))
# The page's static files are packed here, not on the device; the recovery words come from a package of this machine.
LEITHER_EDGE_PYTHON = $(if $(LEITHER_PYTHON),$(LEITHER_PYTHON),python3)

define LEITHER_EDGE_INSTALL_TARGET_CMDS
	$(LEITHER_EDGE_PYTHON) $(LEITHER_EDGE_CHECKOUT)/image/package/leither-edge/install.py \
		--checkout $(LEITHER_EDGE_CHECKOUT) --profile $(LEITHER_EDGE_PROFILE) \
		--target $(TARGET_DIR) --site usr/lib/python$(PYTHON3_VERSION_MAJOR)/site-packages
	$(TARGET_CC) $(TARGET_CFLAGS) -O2 -shared -fPIC -I$(STAGING_DIR)/usr/include/python$(PYTHON3_VERSION_MAJOR) $(TARGET_LDFLAGS) -s \
		-o $(TARGET_DIR)/usr/lib/python$(PYTHON3_VERSION_MAJOR)/site-packages/leither_edge/ledger/_tree_hash.abi3.so \
		$(LEITHER_EDGE_CHECKOUT)/leither_edge/ledger/_tree_hash.c
endef

# Buildroot takes a package without a download for a part of itself, and leaves it out of the legal information.
define LEITHER_EDGE_LEGAL_INFO
	$(Q)mkdir -p $(LEITHER_EDGE_DIR)
	$(Q)cp $(LEITHER_EDGE_CHECKOUT)/LICENSE $(LEITHER_EDGE_DIR)/LICENSE
	$(Q)$(LEITHER_EDGE_PYTHON) -c 'from importlib.metadata import distribution as d; print(d("mnemonic").read_text("LICENSE"), end="")' \
		> $(LEITHER_EDGE_DIR)/LICENSE.recovery-words
	$(foreach file,$(LEITHER_EDGE_LICENSE_FILES),\
		$(Q)$(call legal-license-file,TARGET,leither-edge,$(LEITHER_EDGE_BASENAME_RAW),$(file),$(LEITHER_EDGE_DIR)/$(file),$(LEITHER_EDGE_HASH_FILES))$(sep))
	$(Q)$(call legal-manifest,TARGET,leither-edge,$(LEITHER_EDGE_VERSION),$(LEITHER_EDGE_LICENSE),$(LEITHER_EDGE_LICENSE_FILES),not saved,this checkout,$(call legal-deps,leither-edge))
endef
LEITHER_EDGE_POST_LEGAL_INFO_HOOKS += LEITHER_EDGE_LEGAL_INFO

$(eval $(generic-package))
