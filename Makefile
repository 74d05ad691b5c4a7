# Everything below runs from environments under .venvs/, one for each Python, made on first use.
# A fresh machine needs make and one Python of 3.11 or later with its venv module.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENVS := .venvs

# The Pythons that the package supports and that are installed: on the PATH, under pyenv, or in .cache/pythons.
SUPPORTED := 3.11 3.12 3.13 3.14 3.15
find_python = $(shell for p in python$(1) "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$(1).*/bin/python .cache/pythons/bin/python$(1); do \
	"$$p" -c 'import sys, venv; sys.exit("%d.%d" % sys.version_info[:2] != "$(1)")' >/dev/null 2>&1 && echo "$$p" && break; done)
FOUND := $(foreach v,$(SUPPORTED),$(if $(call find_python,$(v)),$(v)))
PYTHONS ?= $(FOUND)
ifeq ($(strip $(PYTHONS)),)
$(error none of Python $(SUPPORTED) found on the PATH, under pyenv or in .cache/pythons)
endif
# The Python that tools run on: 3.13, for which all of them have wheels.
MAIN := $(or $(filter 3.13,$(FOUND)),$(lastword $(FOUND)))
BIN := $(VENVS)/$(MAIN)/bin
PYTEST_ARGS ?=
# How many tests run side by side: one more than there are processors, because tests wait for servers a third of their
# time. WORKERS=0 runs them in one process.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1 )))
# Tests start hundreds of interpreters, which would compile all that they import again and again without bytecode files.
export PYTHONDONTWRITEBYTECODE :=
# A test that hangs ends its worker and the run: it fails by its name, with the stacks of all threads. Tests themselves wait
# for at most 60 seconds times TEST_PATIENCE.
TEST_SECONDS ?= $(shell echo $$(( 240 * $${TEST_PATIENCE:-1} )))
PYTEST = python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart=0 \
	-o faulthandler_timeout=$(TEST_SECONDS) -o faulthandler_exit_on_timeout=true $(PYTEST_ARGS)
# Long tests run in full on the newest Python only.
profile = $(if $(filter $(lastword $(PYTHONS)),$(1)),full,quick)
# On one of them, the functions of tests run under the kit's own runtime client.
runtime = $(if $(filter 3.12,$(1)),TEST_RUNTIME=kit)

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENVS)/uv/bin/uv:
	$(call find_python,$(MAIN)) -m venv $(VENVS)/uv
	$(VENVS)/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9

UV := $(VENVS)/uv/bin/uv
INSTALL = $(UV) pip install --quiet --python

$(VENVS)/%/.test: pyproject.toml requirements/dev.txt | $(VENVS)/uv/bin/uv
	@echo "installing for Python $*"
	@test -x $(VENVS)/$*/bin/python || $(UV) venv --quiet --no-python-downloads --python $(call find_python,$*) $(VENVS)/$*
	@$(INSTALL) $(VENVS)/$*/bin/python --constraint requirements/dev.txt --editable '.[pydantic,local,testing]' --group test
	@touch $@

$(VENVS)/$(MAIN)/.tools: $(VENVS)/$(MAIN)/.test
	@$(INSTALL) $(BIN)/python --constraint requirements/dev.txt --editable '.[pydantic,local,testing]' --group test --group docs --group lint --group types --group bench
	@touch $@

# The peer's environment, and another one on the Python that has lazy imports.
$(VENVS)/peer/.installed: PEER_PYTHON := $(MAIN)
$(VENVS)/peer-3.15/.installed: PEER_PYTHON := 3.15
$(VENVS)/peer/.installed $(VENVS)/peer-3.15/.installed: pyproject.toml | $(VENVS)/uv/bin/uv
	@test -x $(@D)/bin/python || $(UV) venv --quiet --no-python-downloads --python $(call find_python,$(PEER_PYTHON)) $(@D)
	@$(INSTALL) $(@D)/bin/python --group bench-peer
	@touch $@

# AWS's emulator of the Runtime API, a second opinion for the tests of ours. It runs on Linux on x86_64 alone.
RIE := $(if $(filter Linux-x86_64,$(shell uname -s)-$(shell uname -m)),.cache/rie/aws-lambda-rie)
.cache/rie/aws-lambda-rie: | $(VENVS)/uv/bin/uv
	@$(VENVS)/uv/bin/python tests/local/fetch_rie.py

# AWS's services on this machine, and faults on the way to them, for tests. Each pins what we do not, and so stands apart.
$(VENVS)/ministack/.installed: pyproject.toml | $(VENVS)/uv/bin/uv
	@test -x $(VENVS)/ministack/bin/python || $(UV) venv --quiet --no-python-downloads --python $(call find_python,$(MAIN)) $(VENVS)/ministack
	@$(INSTALL) $(VENVS)/ministack/bin/python --group ministack
	@touch $@

$(VENVS)/microburst/.installed: pyproject.toml | $(VENVS)/uv/bin/uv
	@test -x $(VENVS)/microburst/bin/python || $(UV) venv --quiet --no-python-downloads --python $(call find_python,$(MAIN)) $(VENVS)/microburst
	@$(INSTALL) $(VENVS)/microburst/bin/python --group microburst
	@touch $@

# Requests that are made of an OpenAPI document, for tests of HTTP. It pins what we do not, too.
$(VENVS)/schemathesis/.installed: pyproject.toml | $(VENVS)/uv/bin/uv
	@test -x $(VENVS)/schemathesis/bin/python || $(UV) venv --quiet --no-python-downloads --python $(call find_python,$(MAIN)) $(VENVS)/schemathesis
	@$(INSTALL) $(VENVS)/schemathesis/bin/python --group schemathesis
	@touch $@

# Random input whose next try follows from what the last one reached. It has wheels for some Pythons only.
$(VENVS)/fuzz/.installed: pyproject.toml | $(VENVS)/uv/bin/uv
	@test -x $(VENVS)/fuzz/bin/python || $(UV) venv --quiet --no-python-downloads --python $(call find_python,$(MAIN)) $(VENVS)/fuzz
	@$(INSTALL) $(VENVS)/fuzz/bin/python --requirements pyproject.toml --extra pydantic --extra multipart --extra yaml --group fuzz
	@touch $@

# Tests that run functions under a runtime client.
END_TO_END := $(wildcard tests/*/test_under_the_runtime.py) tests/batch/end_to_end tests/local/test_environment.py \
	tests/local/test_managed.py tests/local/test_init.py tests/logger/test_own_records.py tests/tracer/test_otel_export.py

# The check of the template of examples/shop. What it needs is large, and nothing else needs it.
$(VENVS)/cfn-lint/.installed: pyproject.toml | $(VENVS)/uv/bin/uv
	@test -x $(VENVS)/cfn-lint/bin/python || $(UV) venv --quiet --no-python-downloads --python $(call find_python,$(MAIN)) $(VENVS)/cfn-lint
	@$(INSTALL) $(VENVS)/cfn-lint/bin/python --group cfn-lint
	@touch $@

SERVICES := $(VENVS)/ministack/.installed $(VENVS)/microburst/.installed $(VENVS)/peer/.installed $(VENVS)/schemathesis/.installed \
	$(VENVS)/cfn-lint/.installed

.PHONY: demo
demo: $(VENVS)/$(MAIN)/.test ## run a whole shop of four functions, with faults, and an API of one function
	@$(MAKE) --no-print-directory $(VENVS)/ministack/.installed >/dev/null 2>&1 || echo "ministack could not be installed"
	@cd examples && PYTHONPATH=. ../$(BIN)/python -m shop.demo
	@echo && echo "One function behind HTTP: examples/shop_api.py"
	@cd examples && ../$(BIN)/lambda-kit invoke shop_api.lambda_handler --event shop_api.json

.PHONY: examples
examples: $(VENVS)/$(MAIN)/.test ## run single functions under the real runtime client, cold and warm
	@cd examples && ../$(BIN)/lambda-kit invoke orders.place_order --event orders.json --repeat 3
	@cd examples && ../$(BIN)/lambda-kit invoke shop_api.lambda_handler --event shop_api.json
	@cd examples && ../$(BIN)/lambda-kit openapi shop_api:app --check shop_api.openapi.json && echo "shop_api.openapi.json is up to date"
	@cd examples && ../$(BIN)/lambda-kit invoke chat.lambda_handler --event websocket-connect

# What tests need beside the Pythons; `make -j environments` makes all of it while something else is done.
ENVIRONMENTS := $(foreach v,$(PYTHONS),$(VENVS)/$(v)/.test) $(RIE) $(SERVICES)
# The newest Python comes third: its tests take longest, and by then it is known how quick the machine is.
FIRST_TWO := $(wordlist 1,2,$(PYTHONS))
OTHERS := $(filter-out $(FIRST_TWO),$(PYTHONS))
IN_ORDER := $(FIRST_TWO) $(lastword $(OTHERS)) $(filter-out $(lastword $(OTHERS)),$(OTHERS))
# Where two run at a time, the last one of five has the machine for itself.
LAST_WORKERS ?= $(WORKERS)

.PHONY: environments
environments: $(ENVIRONMENTS)

.PHONY: test
test: $(IN_ORDER:%=test-%) ## run the tests on every Python found (PYTHONS=3.12 for one, -j2 for two at a time)
	@echo "tested on Python $(PYTHONS)$(if $(filter-out $(PYTHONS),$(SUPPORTED)),; not on $(filter-out $(PYTHONS),$(SUPPORTED)))"

.PHONY: $(PYTHONS:%=test-%)
$(PYTHONS:%=test-%): test-%: $(ENVIRONMENTS)
	@profile=$${HYPOTHESIS_PROFILE:-$(call profile,$*)}; \
	if [ $$profile = full ] && [ "$$(date +%s)" -gt "$${FULL_UNTIL:-9999999999}" ]; then profile=short; fi; \
	echo "== Python $*, profile $$profile $(call runtime,$*)"; \
	$(call runtime,$*) HYPOTHESIS_PROFILE=$$profile $(VENVS)/$*/bin/$(PYTEST) $(if $(filter $*,$(lastword $(IN_ORDER))),--numprocesses $(LAST_WORKERS))

.PHONY: test-lazy
test-lazy: $(VENVS)/3.15/.test $(RIE) $(SERVICES) ## run the tests on Python 3.15 with all imports lazy
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-quick} $(VENVS)/3.15/bin/$(PYTEST) -p tests.lazy_imports

.PHONY: test-runtime
test-runtime: $(VENVS)/$(MAIN)/.test $(SERVICES) ## run the end-to-end tests under the kit's own runtime client
	@TEST_RUNTIME=kit HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-quick} $(BIN)/$(PYTEST) $(END_TO_END)

.PHONY: soak
soak: $(VENVS)/$(MAIN)/.test ## run 100,000 invocations in one process under each runtime client, and say what it held on the way
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest --numprocesses 2 --dist load -rP $(PYTEST_ARGS) tests/soak tests/runtime/test_soak.py

.PHONY: coverage
coverage: $(VENVS)/$(MAIN)/.test $(RIE) $(SERVICES) ## run the tests once and report the lines and branches they miss
	@$(BIN)/$(PYTEST) --cov --cov-report=term
	@echo "the cores:" && $(CORES_REPORT)

# The cores are those of mutants/cores.py.
CORES_REPORT = $(BIN)/python -m coverage report --no-skip-covered --include="$$($(BIN)/python -c \
	"from mutants.cores import CORES; print(*('lambda_kit/' + file for core in CORES.values() for file in core.files), sep=',')")"
CORES_ROOMS := $(addprefix tests/,pipeline init_cache idempotency batch flags logger metrics aws http)

.PHONY: coverage-cores
coverage-cores: $(VENVS)/$(MAIN)/.test $(SERVICES) ## report what the tests of their own rooms miss of the cores
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-quick} $(BIN)/$(PYTEST) --cov --cov-report= $(CORES_ROOMS)
	@$(CORES_REPORT)

FUZZ_SECONDS ?= 60
FUZZ_SEED ?= 0
.PHONY: fuzz
fuzz: $(VENVS)/fuzz/.installed ## try random input for a minute (FUZZ_SECONDS=600 for longer, FUZZ_TARGET=name for one kind)
	@$(VENVS)/fuzz/bin/python -m fuzz --seconds $(FUZZ_SECONDS) --seed $(FUZZ_SEED) $(FUZZ_TARGET)

.PHONY: mutants
mutants: $(VENVS)/$(MAIN)/.test ## put small faults into the cores and see whether tests notice (MUTANTS_ARGS="flags --sample 40")
	@PYTHONPATH=. $(BIN)/python -m mutants $(MUTANTS_ARGS)

.PHONY: lint
lint: $(VENVS)/$(MAIN)/.tools ## check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: format
format: $(VENVS)/$(MAIN)/.tools ## format the code and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: types
types: mypy pyright ## check types with mypy and pyright, both strict

.PHONY: mypy
mypy: $(VENVS)/$(MAIN)/.tools
	@$(BIN)/mypy

.PHONY: pyright
pyright: $(VENVS)/$(MAIN)/.tools
	@$(BIN)/pyright --pythonpath $(BIN)/python

.PHONY: docs
docs: $(VENVS)/$(MAIN)/.tools ## build the documentation site into site/
	@mkdir -p .cache; NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict 2>.cache/docs.log \
		|| { grep -v '^INFO' .cache/docs.log; exit 1; } # with --quiet no warning would count
	@echo "site/index.html; the search needs a server: make docs-serve"

.PHONY: docs-serve
docs-serve: $(VENVS)/$(MAIN)/.tools ## build the site again at each change, and show it on this machine
	@$(BIN)/mkdocs serve --dev-addr 127.0.0.1:8000

.PHONY: licences
licences: $(VENVS)/$(MAIN)/.tools ## check the licences of all dependencies, those of development included
	@$(BIN)/python -m release.licences

.PHONY: api
api: $(VENVS)/$(MAIN)/.test ## accept a change of the public names: write tests/public_api.txt and their table in the package anew
	@$(BIN)/python -m tests.public_api
	@$(BIN)/python -m tests.public_names

.PHONY: reference
reference: $(VENVS)/$(MAIN)/.test ## write the generated pages and tables of docs/ anew
	@for part in reference_pages environment_page testing.reference_page events.kinds runtime.differences; do \
		$(BIN)/python -m tests.$$part || exit 1; done

.PHONY: bench
bench: $(VENVS)/$(MAIN)/.tools $(VENVS)/peer/.installed ## measure beside the peers; a table, and JSON in benchmarks/results/
	@$(BIN)/python -m benchmarks --peer-python $(VENVS)/peer/bin/python $(BENCH_ARGS)

.PHONY: bench-lazy
bench-lazy: $(VENVS)/3.15/.test $(VENVS)/peer-3.15/.installed ## measure cold starts on Python 3.15 with lazy imports on both sides
	@$(VENVS)/3.15/bin/python -m benchmarks --peer-python $(VENVS)/peer-3.15/bin/python --only lazy_start $(BENCH_ARGS)

.PHONY: charts
charts: $(VENVS)/$(MAIN)/.tools ## draw the charts of the documentation from the tables of docs/benchmarks.md
	@$(BIN)/python -m benchmarks.charts

# What is published. The programs are in release/.
$(VENVS)/dist/.installed: pyproject.toml | $(VENVS)/uv/bin/uv
	@test -x $(VENVS)/dist/bin/python || $(UV) venv --quiet --no-python-downloads --python $(call find_python,$(MAIN)) $(VENVS)/dist
	@$(INSTALL) $(VENVS)/dist/bin/python --group dist
	@touch $@

.PHONY: dist
dist: $(VENVS)/dist/.installed ## build wheel, source distribution and bill of materials of this commit into dist/
	@$(VENVS)/dist/bin/python -m release.dist

.PHONY: layer
layer: $(VENVS)/dist/.installed ## build the Lambda layers for x86_64 and arm64 from the wheel in dist/
	@$(VENVS)/dist/bin/python -m release.layer $(LAYER_ARGS)

.PHONY: try-wheel
try-wheel: $(VENVS)/dist/.installed ## try the wheel in dist/ in new environments, with each extra, on the oldest and newest Python
	@$(VENVS)/dist/bin/python -m release.try_wheel $(call find_python,$(firstword $(PYTHONS))) $(call find_python,$(lastword $(PYTHONS)))

.PHONY: test-wheel
test-wheel: $(VENVS)/dist/.installed $(RIE) $(SERVICES) ## run the tests against the wheel in dist/, where there are no sources of the package
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-quick} $(VENVS)/dist/bin/python -m release.test_wheel $(call find_python,$(MAIN)) $(PYTEST_ARGS)

LOCK = $(UV) pip compile --quiet --universal --python-version $(firstword $(SUPPORTED)) --generate-hashes --custom-compile-command "make lock"
IN_THE_RUNTIME := $(shell cat requirements/in-the-runtime.txt)
.PHONY: lock
lock: $(VENVS)/uv/bin/uv ## pin the newest versions that pyproject.toml allows, in requirements/
	@$(LOCK) --upgrade --all-extras --group test --group docs --group lint --group types --group bench pyproject.toml -o requirements/dev.txt
	@$(LOCK) --upgrade requirements/build.in -o requirements/build.txt
	@$(LOCK) --upgrade pyproject.toml -o requirements/layer-core.txt
	@$(LOCK) --upgrade --extra pydantic --extra fast pyproject.toml -o requirements/layer-models.txt
	@$(LOCK) --upgrade --extra all pyproject.toml $(addprefix --no-emit-package ,$(IN_THE_RUNTIME)) -o requirements/layer-all.txt

.PHONY: clean
clean: ## remove environments, caches and what was built
	rm -rf $(VENVS) .cache .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache benchmarks/results dist site
