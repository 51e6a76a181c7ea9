"""Start the dashboard: `python dashboard.py` or `streamlit run dashboard.py`.

The script that Streamlit runs is pages/shell.py. This file must not be that script: Streamlit would take the
folder `pages` beside it for pages of its own and, on a fresh server, run them without the shell.
"""

import os
import sys
from pathlib import Path

# Many readers and small matrices: threads of the linear algebra would only wait for one another. Before numpy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import streamlit as st

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from pages.parts.frame import web  # noqa: E402 (the checkout must be on the path first)

os.umask(0o077)  # nobody else reads what is written
web.check_cities()
app = st.App(
    ROOT / "pages" / "shell.py",
    middleware=web.MIDDLEWARE,
    routes=web.ROUTES,
    lifespan=web.prepare,
    on_script_error=web.on_script_error,
)

if __name__ == "__main__":
    app.run(config=web.settings())
