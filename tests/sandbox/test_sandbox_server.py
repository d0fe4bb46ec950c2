"""The sandbox on a real socket: starts at once, ends at once, and only on this machine."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from lightfield import Lightfield

from etl.sandbox.app import Sandbox
from etl.sandbox.faults import Faults
from etl.sandbox.server import ServerThread, serve
from etl.sandbox.workspace import Workspace

SERVE = """
from etl.sandbox.app import Sandbox
from etl.sandbox.server import serve
from etl.sandbox.workspace import Workspace
serve(Sandbox(Workspace.sample()), announce=lambda url: print(url, flush=True))
print("ended")
"""


def get(url, headers=()):
    request = urllib.request.Request(url, headers=dict(headers))
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.status, answer.headers


def test_a_server_in_a_thread_leaves_no_thread_and_no_socket(raw, capfd):
    started = time.monotonic()
    before = threading.active_count()
    with ServerThread(Sandbox(Workspace())) as server:
        assert raw(server.url).post("/v1/tasks").startswith(b"HTTP/1.1 400")
        port = int(server.url.rsplit(":", 1)[1])
    assert threading.active_count() == before
    assert time.monotonic() - started < 3
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    assert capfd.readouterr() == ("", "")


def test_a_server_does_not_wait_for_a_slow_answer_when_it_ends(raw, capfd):
    sandbox = Sandbox(Workspace.sample(), faults=Faults(slow=1.0, slow_seconds=60))
    with ServerThread(sandbox) as server:
        with pytest.raises(TimeoutError):
            raw(server.url).post("/v1/tasks", timeout=0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 3
    assert len(sandbox.tasks) == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"NONSENSE"])
def test_what_is_no_http_while_a_request_is_answered_closes_the_connection_and_nothing_else(caplog, method):
    sandbox = Sandbox(Workspace.sample(), latency_seconds=60)
    with ServerThread(sandbox) as server, socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=5) as client:
        client.sendall(method + b" /v1/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        time.sleep(0.05)
        client.sendall(b"\x16\x03 and so on")
        while client.recv(65536):
            pass
    assert caplog.records == []


def test_the_date_is_the_servers_and_stands_there_once(clock, workspace):
    headers = {"Authorization": "Bearer sk_lf_sandbox", "Lightfield-Version": "2026-03-01"}
    with ServerThread(Sandbox(workspace, clock=clock)) as server:
        assert get(f"{server.url}/v1/auth/validate", headers)[1].get_all("date") == ["Mon, 02 Mar 2026 08:00:00 GMT"]
        clock.advance(hours=25)
        assert get(f"{server.url}/v1/auth/validate", headers)[1].get_all("date") == ["Tue, 03 Mar 2026 09:00:00 GMT"]


def test_answers_on_a_kept_connection_do_not_wait_for_acknowledgements():
    """Nagle's algorithm and delayed acknowledgements together would cost 40 ms for each answer."""
    with ServerThread(Sandbox(Workspace.sample())) as server, Lightfield(api_key="sk_lf_sandbox", base_url=server.url) as client:
        client.auth.validate()
        started = time.monotonic()
        for _ in range(20):
            client.auth.validate()
    assert time.monotonic() - started < 20 * 0.04


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_announces_its_url_and_returns_on_a_signal(number):
    command = [sys.executable, "-W", "error", "-c", SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            with pytest.raises(urllib.error.HTTPError, match="401") as refused:
                get(f"{url}/v1/auth/validate")
            refused.value.close()
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_another_host_than_this_machine_is_refused():
    with pytest.raises(ValueError, match=r"on 127\.0\.0\.1 only, not on '0\.0\.0\.0'"):
        serve(Sandbox(Workspace()), host="0.0.0.0")


def test_a_port_that_is_taken_is_an_os_error():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(Sandbox(Workspace()), port=taken.getsockname()[1])


def test_an_error_of_the_sandbox_itself_comes_to_light(raw):
    sandbox = Sandbox(Workspace())
    sandbox.workspace.keys = None
    with pytest.raises(AttributeError), ServerThread(sandbox) as server:
        assert b" 500 " in raw(server.url).post("/v1/tasks")
    assert len(sandbox.crashes) == 1
