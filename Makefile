# make demo and make test do everything on a machine with Python 3.11 or later and make.
PYTHON ?= python3
VENV := .venv
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-slow lint bench gpu wheelhouse clean

demo: $(VENV)/installed
	$(VENV)/bin/gridproof demo

# Compiled tests are kept for the next call, whatever the shell says; processes that share the cores have a BLAS thread each.
test test-slow: export PYTHONDONTWRITEBYTECODE :=
test test-slow: export OPENBLAS_NUM_THREADS := 1
test: $(VENV)/tested
	$(VENV)/bin/python -m pytest --forks 4 -m "not slow" --durations 15

# What repeats at length what those tests prove. Two at a time: a node of Ray must start within its time limit.
test-slow: $(VENV)/tested
	$(VENV)/bin/python -m pytest --forks 2 -m slow --durations 15

lint: $(VENV)/tested
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(VENV)/tested
	$(VENV)/bin/python -m benchmarks.bench

# Proves the cuda backend on this machine's GPU, in eight minutes; see docs/cuda.md.
gpu: $(VENV)/gpu
	$(VENV)/bin/python -m benchmarks.gpu

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "gridproof needs Python 3.11 or later: make demo PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# Python compiles what is imported when it is imported: all that is installed takes a minute.
$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --no-compile -e .
	@touch $@

$(VENV)/tested: $(VENV)/bin/python pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --no-compile -e '.[test]'
	@touch $@ $(VENV)/installed

$(VENV)/gpu: $(VENV)/tested pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --no-compile -e '.[gpu,test]'
	@touch $@

# Every wheel that a machine without a network needs, and their versions; for this machine's Python and platform.
EXTRAS ?= gpu,cluster
wheelhouse: $(VENV)/bin/python
	rm -rf wheelhouse
	$(VENV)/bin/python -m pip wheel --quiet --wheel-dir wheelhouse '.[$(EXTRAS)]'
	cd wheelhouse && ls *.whl | sed -E 's/^([^-]+)-([^-]+)-.*/\1==\2/' > requirements.txt

clean:
	rm -rf $(VENV) build dist wheelhouse *.egg-info
