"""The proof that the cuda backend is right on this GPU, and how fast it is: one command of a few minutes.

For a machine without internet, with Python 3.12 and CuPy: beforehand, where there is a network, with the output of that
machine's ``pip list --format freeze`` in HAVE, ``python -m benchmarks.gpu.carry carried --have HAVE`` (some 50 MB where
it has NumPy, SciPy, pandas and Numba). Then there, in the project's folder, in less than ten minutes::

    export PYTHONPATH=/tmp/site PYTHONUNBUFFERED=1
    python3 -m pip install -q --no-index --no-deps --no-compile --target /tmp/site carried/*.whl &&
    python3 -m benchmarks.gpu --minutes 7 --out /tmp/gpu --carried carried; CODE=$?
    cp /tmp/gpu/summary.md /tmp/gpu/results.zip "${OUT:-.}"; exit $CODE

``results.zip`` has every result and log. Parts that did not fit are named by ``--only`` in a second call; a record of
the proof is made where one call has all parts that prove.
"""
