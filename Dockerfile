# The case ledger in a container: the two commands of README.md, as an account that is not root.
#
#   docker build --build-arg REVISION=$(git rev-parse --short HEAD) -t case-ledger .
#   docker run --init -p 127.0.0.1:8000:8000 case-ledger              the demonstration
#   docker run --init --rm case-ledger test                           every check and test
#   docker run --init -p 127.0.0.1:8000:8000 -v ledger:/var/lib/case-ledger --stop-timeout 60 \
#       --entrypoint .venv/bin/ledger case-ledger serve               a ledger of your own
FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 10001 ledger \
    && install -d -o ledger -g ledger -m 0700 /opt/case-ledger /var/lib/case-ledger
WORKDIR /opt/case-ledger
USER ledger

COPY --chown=ledger:ledger . .
RUN python3 start.py setup

ARG REVISION=
ENV LEDGER_HOME=/var/lib/case-ledger LEDGER_LISTEN=0.0.0.0:8000 LEDGER_REVISION=$REVISION PYTHONUNBUFFERED=1
VOLUME /var/lib/case-ledger
EXPOSE 8000
HEALTHCHECK --start-period=3m CMD ["python3", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=8)"]
ENTRYPOINT ["python3", "start.py"]
CMD ["demo"]
