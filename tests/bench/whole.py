"""Whole requests through real servers, and what the package costs in memory and at the start."""

import contextlib
import functools
import gc
import socket
import statistics
import subprocess
import sys
import time
import tracemalloc
from ipaddress import ip_address
from itertools import count as count_from

from django.test import override_settings

from django_trustedproxy import wsgi
from django_trustedproxy.engine.networks import TrustedNetworks
from django_trustedproxy.engine.policy import Policy
from tests import stack
from tests.bench.contenders import application
from tests.bench.rounds import Spread, spread
from tests.bench.workloads import ENVIRON, networks
from tests.requests import CLIENT

REQUEST = (
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
    f"X-Forwarded-For: 6.6.6.6, {CLIENT}\r\nX-Forwarded-Proto: https\r\n\r\n"
).encode()


def server(name, place, port, *, is_with):
    """Run the benchmark's project under a server with one worker."""
    if name == "gunicorn":
        command = [stack.executable("gunicorn"), "tests.bench.served:wsgi()", "--threads", "2"]
        command += ["--no-control-socket", "--bind", f"127.0.0.1:{port}", "--keep-alive", "60"]
    else:
        command = [stack.executable("uvicorn"), "tests.bench.served:asgi", "--factory"]
        command += ["--no-proxy-headers", "--no-access-log", "--lifespan", "off"]
        command += ["--port", str(port)]
    env = {"DJANGO_SETTINGS_MODULE": "tests.bench.served", "BENCH_WITH": str(int(is_with))}
    ready = [("127.0.0.1", port)]
    return stack.process(command, ready=ready, log=place / f"{name}-{is_with}.log", env=env)


def exchange(client, expected, count):
    """Return the seconds that one of `count` requests took, one after the other."""
    end = f"\r\n\r\n{expected}".encode()
    begin = time.perf_counter()
    for _ in range(count):
        client.sendall(REQUEST)
        answer = received = client.recv(65536)
        while received and not answer.endswith(end):  # the head and the body may come apart
            received = client.recv(65536)
            answer += received
        if not received:
            raise RuntimeError(f"Expected an answer that ends in {expected}, got {answer!r}.")
    return (time.perf_counter() - begin) / count


class Throughput:
    """Requests per second over one connection, without and with the middleware, and their ratio."""

    def __init__(self, name, rounds, count=300):
        with stack.workplace() as place, contextlib.ExitStack() as opened:
            turns = []
            for is_with, expected in ((False, "127.0.0.1"), (True, CLIENT)):
                port = stack.free_port()
                opened.enter_context(server(name, place, port, is_with=is_with))
                client = socket.create_connection(("127.0.0.1", port), 10)
                opened.enter_context(contextlib.closing(client))
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                turns.append(functools.partial(exchange, client, expected, count))
                turns[-1]()
            seconds = [[turn() for turn in turns] for _ in range(rounds)]
        self.without = spread([1 / one for one, _ in seconds])
        self.with_us = spread([1 / two for _, two in seconds])
        self.ratio = spread([two / one for one, two in seconds])


def memory(count):
    """Return the bytes that the policy of this many networks keeps."""
    entries = networks(count)
    tracemalloc.start()
    try:
        policy = Policy.build(TrustedNetworks.parse(entries))
        del entries
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if len(policy.networks.merged) != count:
        raise RuntimeError("The networks have been merged.")
    return kept


_IMPORT = """
import time
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core import checks, signals
begin = time.process_time()
import django_trustedproxy.middleware
print(time.process_time() - begin)
"""
_START = """
import time
begin = time.process_time()
from tests.bench.served import wsgi
wsgi()
print(time.process_time() - begin)
"""


def _run(program, **env):
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=stack.ROOT,
        env={"DJANGO_SETTINGS_MODULE": "tests.bench.served", "BENCH_WITH": "1", **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def import_seconds(rounds) -> Spread:
    """Return how long the middleware takes to import, beyond what Django's handlers import."""
    return spread([_run(_IMPORT) for _ in range(rounds)])


def start_seconds(rounds):
    """Return how long an application takes to load without us, and how much longer with us."""
    pairs = [(_run(_START, BENCH_WITH="0"), _run(_START)) for _ in range(rounds)]
    return statistics.median(one for one, _ in pairs), spread([two - one for one, two in pairs])


def growth(requests, wrap=wsgi.TrustedProxy, settled=2_000):
    """Return by how many bytes memory grows while `requests` requests pass a WSGI wrapper.

    Each has a client, a trusted peer and a chain that no other has. Those that come first,
    `settled` of them, may leave behind what a policy keeps of a few peers.
    """
    with override_settings(TRUSTED_PROXIES=networks(2)):
        wrapper = wrap(application)
        addresses = count_from(int(ip_address("128.0.0.0")))
        peers = count_from(int(ip_address("10.0.0.0")))

        def send(number):
            for _ in range(number):
                hops = next(addresses), next(peers)
                header = ", ".join(str(ip_address(hop)) for hop in hops)
                peer = str(ip_address(next(peers)))
                wrapper({**ENVIRON, "REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": header}, None)

        tracemalloc.start()
        try:
            send(settled)
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            send(requests)
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    return after - before
