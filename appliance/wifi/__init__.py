"""Wi-Fi and Ethernet of a device, carried out by wpa_supplicant, udhcpc and dnsmasq."""
