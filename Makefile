# make run, make test, make check, make install, make help: see README.md.

PYTHON ?= python3
JUPYTER ?= notebook
PORT ?= 8888
SAVES ?= 200
KILLS ?= 30
PEOPLE ?= 20
ROUNDS ?= 2
# Of Debian 12; another Debian has another one.
CEPH ?= 16.2.*
# The folder for the files of `make run`; also its Jupyter config directory.
RUN ?= run

# Compiled modules are kept, also where the machine says otherwise: without them, each
# process of the tests compiles all of ours again.
export PYTHONDONTWRITEBYTECODE :=

PACKAGES := $(addprefix packages/bookstore-,client core archiver web) packages/bookstore
EDITABLE := $(foreach package,$(PACKAGES),-e $(package))
CEPH_PACKAGES := ceph-common ceph-mon ceph-osd radosgw
PIP_FLAGS := --quiet --disable-pip-version-check
WEB := packages/bookstore-web
TYPINGS := $(WEB)/node_modules/.installed
# What is copied into an environment: a change needs another one.
COPIED := $(shell find packages/bookstore-archiver/etc $(WEB)/etc $(WEB)/labextension $(WEB)/src/bookstore_web/front/nbextension -type f)
MANIFESTS := Makefile pyproject.toml constraints.txt $(PACKAGES:=/pyproject.toml) $(COPIED)

.PHONY: help install run s3 collect test test-floors test-s3 chromium hub-proxy postgres nginx tools ceph chaos chaos-hub bench check check-scripts docs release-check renderers format clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  make run JUPYTER=notebook|lab|classic PORT=8888"

install: .venv/.installed .venv-classic/.installed  ## Set up .venv (modern) and .venv-classic (notebook 6.5.7)

# An incomplete environment has no stamp, and is removed and made again.
# uv installs in seconds what takes pip minutes, most of them to compile what is never used.
.venv/.installed .venv-classic/.installed: %/.installed: $(MANIFESTS)
	@echo "Setting up $* (this takes some minutes) ..."
	@rm -rf $*
	@$(PYTHON) -m venv $*
	@$*/bin/python -m pip install $(PIP_FLAGS) -c constraints.txt 'pip>=25.1' uv
	@$*/bin/uv pip install --quiet --python $* -c constraints.txt --group build \
		--group $(if $(filter .venv,$*),modern,classic)
	@$*/bin/uv pip install --quiet --python $* -c constraints.txt --no-build-isolation $(EDITABLE)
	@touch $@

SERVER_classic := .venv-classic/bin/jupyter-notebook
SERVER_notebook := .venv/bin/jupyter-notebook
SERVER_lab := .venv/bin/jupyter-lab
SERVER := $(SERVER_$(JUPYTER))

run: $(if $(filter classic,$(JUPYTER)),.venv-classic,.venv)/.installed  ## Start a notebook server with all of bookstore enabled
	@$(if $(SERVER),,echo "JUPYTER must be notebook, lab or classic, not '$(JUPYTER)'." >&2; exit 2)
	@mkdir -p $(RUN)/notebooks $(RUN)/labconfig
	@cp jupyter_config.py.example $(RUN)/jupyter_notebook_config.py
	@cp jupyter_config.py.example $(RUN)/jupyter_server_config.py
	@cp docs/example/page_config.json $(RUN)/labconfig/
	@test -e $(RUN)/notebooks/welcome.ipynb || cp docs/example/welcome.ipynb $(RUN)/notebooks/
	@echo "Notebooks are in $(RUN)/notebooks; start with welcome.ipynb."
	@if [ -n "$$JPYNB_S3_BUCKET" ]; \
		then echo "Versions go to the bucket $$JPYNB_S3_BUCKET."; \
		else echo "Versions go to $(RUN)/store. For S3 instead: export JPYNB_S3_BUCKET=your-bucket"; \
			echo "(and JPYNB_S3_ENDPOINT_URL, _REGION_NAME, _ACCESS_KEY_ID, _SECRET_ACCESS_KEY as needed)."; \
	fi
	@echo "Ctrl-C stops the server."
	@exec env JUPYTER_CONFIG_DIR=$(abspath $(RUN)) $(SERVER) --port=$(PORT) $(if $(filter 0,$(shell id -u)),--allow-root)

s3: .venv/.installed  ## Run an S3 server with a versioned bucket, and print what `make run` needs to use it
	@exec .venv/bin/python ci/s3_server.py

# Reads all tests once, so that pytest's workers find them compiled.
collect: .venv/.installed
	@.venv/bin/python -m pytest --collect-only -q >/dev/null

# What meets the contents manager and the configuration of Notebook 6.
CLASSIC_TESTS := tests/umbrella $(addprefix tests/archiver/,cli hooks renames server test_intake.py)

# Tests of servers wait more than they compute, so a few run in parallel.
test: install chromium hub-proxy postgres nginx tools  ## Run all tests, on servers of both generations
	.venv/bin/python -m pytest -n 3 --dist worksteal --rerun-show-tracebacks
	.venv-classic/bin/python -m pytest -n 2 $(CLASSIC_TESTS)

# The lowest versions that the packages accept, with the test tools of constraints.txt.
# moto would bring the newest boto3, and with it the newest botocore.
FLOOR_TOOLS := hypothesis jsonschema jupytext moto psutil pytest pytest-xdist requests
.venv-floors/.installed: .venv/.installed $(MANIFESTS)
	@echo "Setting up .venv-floors ..."
	@rm -rf .venv-floors
	@.venv/bin/uv venv --quiet --python .venv/bin/python .venv-floors
	@.venv/bin/uv pip install --quiet --python .venv-floors --resolution lowest-direct \
		$(subst -archiver,-archiver[run],$(subst -core,-core[diff],$(EDITABLE))) 'boto3>=1.36' $$(for tool in $(FLOOR_TOOLS); do grep -i "^$$tool==" constraints.txt; done | sed 's/^moto/moto[s3,server]/')
	@touch $@

# What uses dependencies; all unit tests: FLOOR_TESTS='tests/core tests/archiver ...'.
FLOOR_TESTS ?= $(addprefix tests/,umbrella client archiver web core/stores/s3 core/stores/test_local_patches.py core/cli core/diff core/jupyter \
	core/untrusted core/test_settings.py core/test_notebooks.py core/test_origins.py)

# Left out: what needs a notebook server or a kernel, a client of the API that needs a newer rich, and
# the long searches for odd values, which are about ours.
test-floors: .venv-floors/.installed  ## Run unit tests with the lowest versions of all dependencies
	.venv-floors/bin/python -m pytest -q -n 3 --dist worksteal $(FLOOR_TESTS) \
		--ignore=tests/archiver/server/test_contents_manager.py --ignore=tests/web/app/api/test_fuzz.py \
		--ignore=tests/archiver/runs/test_recipes.py \
		--ignore-glob='*/test_odd_values.py'

chromium:  # for the browser tests, which are skipped without it
	@command -v chromium >/dev/null \
		|| if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
			then apt-get update -qq && apt-get install -qq -y chromium >/dev/null; \
			else echo "Install chromium (apt-get install chromium) for the browser tests."; \
		fi

HUB_PROXY := node-configurable-http-proxy
hub-proxy:  # for the tests of JupyterHub, which are skipped without it
	@command -v configurable-http-proxy >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
				$(HUB_PROXY) >/dev/null; } \
		|| echo "Install $(HUB_PROXY) with apt-get for the tests of JupyterHub."

postgres:  # for the tests of a shared catalogue, which are skipped without it
	@ls -d /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
				postgresql >/dev/null; } \
		|| echo "Install postgresql with apt-get for the tests of a shared catalogue."

# Without a run level, its package does not start it.
nginx:  # for the tests of several replicas, which are skipped without it
	@command -v nginx >/dev/null || test -x /usr/sbin/nginx \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
			&& RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
				nginx-light >/dev/null; } \
		|| echo "Install nginx-light with apt-get for the tests of several replicas."

TOOLS := fish zsh zstd
tools:  # for tests of completion and of stored patches, which are skipped without them
	@command -v fish >/dev/null && command -v zsh >/dev/null && command -v zstd >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
				$(TOOLS) >/dev/null; } \
		|| echo "Install $(TOOLS) with apt-get for the tests of completion and of stored patches."

# Ceph is a real S3 server, and the test run starts it: see tests/harness/ceph.py.
test-s3: install ceph  ## Run the tests of stores, and a drive of saves, on Ceph
	cd tests && ../.venv/bin/python -m harness.ceph ../.venv/bin/python -m pytest -k named_s3 \
		core/stores core/history core/upkeep core/cli integration/test_drive.py \
		integration/test_events.py integration/test_upkeep.py

ceph:
	@command -v radosgw >/dev/null && command -v ceph-mon >/dev/null && command -v ceph-osd >/dev/null \
		|| if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
			then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
				--no-install-recommends $(CEPH_PACKAGES:=='$(CEPH)') >/dev/null; \
			else echo "Install Ceph first: apt-get install $(CEPH_PACKAGES)" >&2; exit 1; \
		fi

chaos-hub: .venv/.installed .venv-classic/.installed hub-proxy  ## Kill a hub and its parts while people save, and count the saves (PEOPLE=20 ROUNDS=2)
	@cd tests && ../.venv/bin/python -m chaos.hub --people $(PEOPLE) --rounds $(ROUNDS)

chaos: .venv/.installed .venv-classic/.installed  ## Kill servers, cut connections, fill disks, and count the saves (SAVES=200 KILLS=30)
	@cd tests && ../.venv/bin/python -m chaos --saves $(SAVES) --kills $(KILLS)
	@cd tests && ../.venv/bin/python -m chaos.prunes --versions 2000

bench: .venv/.installed .venv-classic/.installed  ## Measure what bookstore adds, and what work costs at growing sizes (PLOT=1 draws it; PART=search|service)
	@$(if $(PLOT),.venv/bin/python -m pip install $(PIP_FLAGS) 'matplotlib==3.11.*')
	@cd tests && ../.venv/bin/python -m bench $(if $(PART),--part $(PART)) $(if $(PLOT),--plot ../docs/performance.svg)

# Not the folders of `make run RUN=...`, which have notebooks of their own.
OURS := ci docs packages tests

check: .venv/.installed  ## Check style, types and documents
	.venv/bin/ruff check $(OURS)
	.venv/bin/ruff format --check $(OURS)
	.venv/bin/mypy
	@$(MAKE) --no-print-directory docs
	@if ! command -v npm >/dev/null; \
		then echo "npm is not installed: the types of the front ends' scripts are not checked."; \
		elif $(MAKE) --no-print-directory $(TYPINGS); then $(MAKE) --no-print-directory check-scripts; \
		else echo "npm cannot install typings: the types of the front ends' scripts are not checked."; fi

# Their typings are those that JupyterLab publishes; nothing of this is shipped.
check-scripts: $(TYPINGS)
	$(WEB)/node_modules/.bin/tsc -p $(WEB)/src/bookstore_web/front/jsconfig.json
	$(WEB)/node_modules/.bin/tsc -p $(WEB)/src/bookstore_web/front/renderers.jsconfig.json

# All is read anew: a page that has not changed would not be warned of again.
docs: .venv/.installed  ## Make the site of all documents in build/site; a broken link fails
	@.venv/bin/python -m sphinx -b html -q -E -W --keep-going -c docs -d build/doctrees . build/site
	@echo "The documents are in build/site/index.html."

# Into environments of their own, which takes minutes.
release-check: install  ## Build, install, run and uninstall what is about to be released
	.venv/bin/python -m pytest -m 'release or not release' tests/release tests/integration/test_install.py

renderers:  ## Fetch the scripts that draw rich outputs again, as in their manifest (needs npm)
	$(PYTHON) ci/renderers.py

$(TYPINGS): $(WEB)/package.json
	@echo "Installing the typings of JupyterLab ..."
	@npm install --prefix $(WEB) --silent --no-fund --no-audit --no-package-lock --ignore-scripts
	@touch $@

format: .venv/.installed  ## Format the code as `make check` expects it
	.venv/bin/ruff check --fix $(OURS)
	.venv/bin/ruff format $(OURS)

clean:  ## Remove both environments and the caches of tools
	rm -rf $(WEB)/node_modules .venv .venv-classic .venv-floors .mypy_cache .ruff_cache .pytest_cache
