"""Lets ``python -m leither_edge.cli`` do what ``leither`` does."""

import sys

from leither_edge.cli.main import main

sys.exit(main())
