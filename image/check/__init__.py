"""Checks of the image's tree that need no Buildroot."""
