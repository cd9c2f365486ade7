include $(sort $(wildcard $(BR2_EXTERNAL_CUBBY_PATH)/package/*/*.mk))
