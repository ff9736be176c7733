"""What the node costs on 32-bit ARM, measured with qemu's user mode: see README.md."""
