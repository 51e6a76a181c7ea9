"""Record what the product says, and compare it (see `tests.net.record`)."""

import sys

from tests.net.record import main

sys.exit(main())
