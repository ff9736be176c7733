"""What a boot loader hands over to the kernel, where QEMU stands for the loader."""

from collections import namedtuple

# slot: "a" or "b"; is_trial: whether it runs on trial; kernel, device_tree, initramfs: paths, the last two may be None;
# command_line: the kernel's arguments.
BootPlan = namedtuple("BootPlan", "slot is_trial kernel device_tree initramfs command_line")
