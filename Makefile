# `make run` and `make test` are all a newcomer needs. Everything is installed into .venv, what is built is cached
# outside of this folder (see `python -m lab --help`).
SHELL := /bin/bash
PYTHON ?= $(shell for p in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-heavy test-kubernetes-older check bench sim sim-kubernetes storm storm-kubernetes crowd-kubernetes fuzz-api load-api show docs pictures clean lab-up lab-down

run: $(VENV)/.installed  ## a lab with Slurm and Kubernetes, a demo repository, the daemon, a live table
	@exec $(BIN)/python -m lab demo $(ARGS)

test: $(VENV)/.installed  ## everything, on real parts
	$(BIN)/python -m pytest $(ARGS)

test-heavy: $(VENV)/.installed  ## vLLM for real, on the processor: 3 GB to fetch once, then some fifteen minutes
	$(BIN)/python -m pytest tests/recipes/heavy --durations=10 $(ARGS)

test-kubernetes-older: $(VENV)/.installed  ## what concerns Kubernetes, on Kubernetes 1.34 (`make test` runs on 1.36)
	RECONCILER_LAB_KUBERNETES=1.34 $(BIN)/python -m pytest tests/kube $(ARGS)

check: $(VENV)/.installed  ## lint, format, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.installed  ## the measures of docs/performance.md
	$(BIN)/python -m tests.bench $(ARGS)

sim: $(VENV)/.installed  ## a million random steps on the simulated Slurm
	$(BIN)/python -m tests.sim --steps 1000000 --jobs 2 $(ARGS)

sim-kubernetes: $(VENV)/.installed  ## a million random steps on the simulated API server
	$(BIN)/python -m tests.sim.kubernetes --steps 1000000 --jobs 2 $(ARGS)

storm: $(VENV)/.installed  ## hundreds of random faults on the real Slurm
	$(BIN)/python -m tests.storm --events 300 $(ARGS)

storm-kubernetes: $(VENV)/.installed  ## hundreds of random faults on the real API server
	$(BIN)/python -m tests.storm.kubernetes --events 300 $(ARGS)

crowd-kubernetes: $(VENV)/.installed  ## five thousand services, while daemon and API server are killed
	$(BIN)/python -m tests.faults.kubernetes --services 5000 $(ARGS)

fuzz-api: $(VENV)/.installed  ## ten thousand requests that schemathesis makes of the API's own description
	$(BIN)/python -m tests.fuzz $(ARGS)

load-api: $(VENV)/.installed  ## the API under load, beside a daemon that keeps a thousand services
	$(BIN)/python -m tests.bench --only load $(ARGS)

show: $(VENV)/.installed  ## two services through ten time limits, two node failures and five daemon kills
	$(BIN)/python -m tests.storm.show $(ARGS)

docs: $(VENV)/.installed  ## pages that are made from the code
	$(BIN)/python -m docs.generate

pictures: $(VENV)/.installed  ## docs/pictures/: the dashboards, drawn from a real Prometheus' answers
	$(BIN)/python -m tests.dashboards.pictures

lab-up lab-down: lab-%: $(VENV)/.installed
	$(BIN)/python -m lab $* $(ARGS)

$(VENV)/.installed: pyproject.toml constraints.txt
	@bash lab/bootstrap.sh "$(PYTHON)" $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
