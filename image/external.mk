include $(sort $(wildcard $(BR2_EXTERNAL_LEITHER_PATH)/package/*/*.mk))

# What a start reads lies together, in the order in which it is read: see package/leither-edge/first_read.py.
ROOTFS_SQUASHFS_ARGS += -sort $(BASE_DIR)/first-read
ifeq ($(BR2_TARGET_ROOTFS_SQUASHFS4_ZSTD),y)
ROOTFS_SQUASHFS_ARGS += -Xcompression-level 22
endif
