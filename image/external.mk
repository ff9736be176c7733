include $(sort $(wildcard $(BR2_EXTERNAL_LEITHER_PATH)/package/*/*.mk))

# What a start reads lies together, in the order in which it is read: see package/leither-edge/first_read.py.
ROOTFS_SQUASHFS_ARGS += -sort $(BASE_DIR)/first-read
