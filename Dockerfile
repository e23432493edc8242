# gridproof on the nodes of a cluster, built without a network: `make wheelhouse` first, then `docker build -t gridproof .`
FROM rayproject/ray:2.60.0-py311
COPY --chown=ray:users wheelhouse /tmp/wheelhouse
RUN pip install --no-cache-dir --no-index --find-links /tmp/wheelhouse -r /tmp/wheelhouse/requirements.txt \
    && rm -rf /tmp/wheelhouse
ENV RAY_USAGE_STATS_ENABLED=0
