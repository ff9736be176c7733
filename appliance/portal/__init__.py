"""The setup portal: the pages that claim a device and, afterwards, show and change it."""
