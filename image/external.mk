include $(sort $(wildcard $(BR2_EXTERNAL_LEITHER_PATH)/package/*/*.mk))
