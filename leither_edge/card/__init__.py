"""What the flashing step and the device agree on."""
