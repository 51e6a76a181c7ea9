# Python 3.11 or newer with its venv module, make and git are all that these targets need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
STAMP := $(VENV)/.installed
SAIL := $(VENV)/.sail
ENGINES := $(VENV)/.engines

# Where it is set, each process compiles all libraries and tests anew: half of what a server takes to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup sail engines run serve test test-fast test-full check real bench net fuzz mutants pictures components vulnerabilities format lock messages clean

run: $(RUNS)
	$(BIN)/python dashboard.py

# Several processes behind one address, for more readers (needs haproxy): make serve SERVE="--processes 4 --port 8501"
SERVE ?=
serve: $(RUNS)
	$(BIN)/curim serve $(SERVE)

# Each worker takes whole files (tests/conftest.py): make test PYTEST="--durations=50"
PYTEST ?=
test: $(STAMP)
	$(BIN)/pytest -n auto --maxprocesses 8 --dist loadfile $(PYTEST)

# For the inner loop, in a minute: no browser, no page, no simulation, nothing that writes files.
test-fast: $(STAMP)
	$(BIN)/pytest -n auto --maxprocesses 8 --dist loadfile -m "not slow and not files" tests/unit $(PYTEST)

# All cities and languages, many more simulated maps, broken files and interrupted imports than on a push, and Spark
# (where there is Java 17).
test-full: $(STAMP) $(ENGINES)
	CURIM_TEST_EFFORT=full CURIM_TEST_ENGINES=$${CURIM_TEST_ENGINES:-sail} $(BIN)/pytest -n auto --maxprocesses 8 --dist loadfile $(PYTEST)

# Sets .venv up where it is missing or older than its requirements.
setup: $(STAMP)

# What the tests of Sail need (60 MB); what those of Spark need too (500 MB). Nothing else needs it.
sail: $(SAIL)
engines: $(ENGINES)

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Every page on every public export of ../shared/data/exports and on made-up ones, in a browser: make real CITIES=chicago PAGES=briefing
CITIES ?=
PAGES ?=
real: $(STAMP)
	$(BIN)/python -m tests.real --cities "$(CITIES)" --pages "$(PAGES)" $(WALK)

# One table of what is fast and what is not, in build/performance.md: make bench BENCH="goals --millions 5"
BENCH ?=
bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks $(BENCH)

# What commands, pages, downloads and imports say, recorded and compared: make net NET="compare ../before --quick"
NET ?= take build/net
net: $(STAMP)
	$(BIN)/python -m tests.net $(NET)

# Broken exports, many more than the tests try: make fuzz CASES=100000
CASES ?= 50000
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz $(CASES)

# Small random changes to the code, each of which some test must notice: make mutants SAMPLE=50 MUTATED=analysis/trends
SAMPLE ?= 300
SEED ?= 1
MUTATED ?= analysis curim_data/privacy curim_data/query curim_data/importing
mutants: $(STAMP)
	$(BIN)/python -m tests.mutation $(SAMPLE) --seed $(SEED) $(MUTATED)

# The pictures of the guide in Help, of the sample city in each language, and of the README: make pictures PICTURES="--languages el --names briefing"
PICTURES ?=
pictures: $(STAMP)
	$(BIN)/python -m tests.pictures $(PICTURES)

# What the product is made of, as CycloneDX, in build/components.json; and which of it has known vulnerabilities (asks the
# package index, and needs one that keeps such a list, as pypi.org does).
components: $(STAMP)
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements requirements/run.txt --pyproject pyproject.toml --output-reproducible -o build/components.json
vulnerabilities: $(STAMP)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements/run.txt

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Messages of the code into the Greek and French catalogues; what has no translation yet is left empty and fails a test.
messages: $(STAMP)
	$(BIN)/pybabel -q extract -F babel.cfg -k t -k n:1,2 -k c:1c,2 -k C_:1c,2 -k N_ -k Message -o curim_data/model/locale/curim.pot --no-location --sort-output --project=curim --version=1 .
	for lang in el fr; do $(BIN)/pybabel -q update -i curim_data/model/locale/curim.pot -d curim_data/model/locale -D curim -l $$lang --no-fuzzy-matching --ignore-obsolete --no-wrap; done

# New pins.
lock: $(RUNS)
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q pyproject.toml --group dev -o requirements/dev.txt
	for group in installer build sail engines; do $(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q --group $$group -c requirements/dev.txt -o requirements/$$group.txt; done

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

# What running needs, then what tests and checks need too: by uv, or by pip where that cannot, as behind an index that
# pip alone knows.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile
install = $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) || $(PIP) $(1)
$(RUNS): requirements/installer.txt requirements/run.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; set PYTHON=python3.12 or the like')"
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { echo "Python cannot make a virtual environment: install its venv module (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "Setting everything up in $(VENV): less than a minute, once."
	$(PYTHON) -m venv $(VENV)
	-$(PIP) --require-hashes -r requirements/installer.txt
	$(call install,--require-hashes -r requirements/run.txt -r requirements/build.txt)
	$(call install,--no-deps --no-build-isolation -e .)
	@touch $(RUNS)

$(STAMP): $(RUNS) requirements/dev.txt
	$(call install,--require-hashes -r requirements/dev.txt)
	@touch $(STAMP)

$(SAIL): requirements/sail.txt $(STAMP)
	@test -e $(ENGINES) || $(call install,--require-hashes -r requirements/sail.txt)
	@touch $(SAIL)

# PySpark holds what its client alone is made of.
$(ENGINES): requirements/engines.txt $(STAMP)
	@$(BIN)/pip uninstall --quiet --disable-pip-version-check --yes pyspark-client
	$(call install,--require-hashes -r requirements/engines.txt)
	@touch $(ENGINES)
