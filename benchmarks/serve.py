"""What a server does under load: 32 clients on one machine, and every mask checked.

Half of the clients speak our REST API, half nnInteractive's protocol. What each mask must be was
computed before with the Python API. One client alone is the reference that the others are compared
with; health is asked by another process all the while.

    python benchmarks/serve.py --clients 32 --seconds 60
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import re
import socket
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from vesal.images import Image, open_image
from vesal.server.desk import array_image
from vesal.server.packed import pack, unpack
from vesal.session import Session

SCAN = Path(__file__).parent.parent / "src/vesal/assets/scans/example_ct.nii.gz"
CLICKS = ((40, 55, 95), (75, 50, 90), (55, 40, 60), (60, 60, 40))
"""Voxels that are clicked: liver, spleen, muscle, bowel; the second click of each is beside it."""
BESIDE = (3, -2, 2)
LONGEST_S = 300.0

Masks = dict[tuple[str, int, int], NDArray[np.bool_]]


@dataclass(slots=True)
class Tally:
    """What happened to all clients together."""

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    busy: int = 0
    refused: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Load:
    """What all clients share."""

    http: httpx.AsyncClient
    ends: float
    masks: Masks
    tally: Tally = field(default_factory=Tally)

    async def call(
        self,
        method: str,
        path: str,
        *,
        timed: bool = False,
        **sent: Any,  # noqa: ANN401  # as httpx takes it
    ) -> httpx.Response:
        """One request; a busy server is asked again when it says so."""
        while True:
            started = time.monotonic()
            answer = await self.http.request(method, path, **sent)
            if timed and answer.status_code == 200:
                self.tally.seconds.append(time.monotonic() - started)
            if answer.status_code == 503:
                self.tally.busy += 1
                await asyncio.sleep(float(answer.headers["Retry-After"]))
                continue
            if answer.status_code >= 400:
                status = answer.status_code
                self.tally.refused[status] = self.tally.refused.get(status, 0) + 1
            return answer


def expected() -> Masks:
    """The masks of the Python API, by protocol, place and number of clicks."""
    scan = open_image(SCAN)
    flipped = np.ascontiguousarray(scan.array.T)
    images = {"rest": scan, "nn": array_image(flipped, scan.grid.spacing_mm[::-1])}
    masks: Masks = {}
    for name, image in images.items():
        for place in range(len(CLICKS)):
            session = Session(image)
            for count, at in enumerate(steps(place), 1):
                index = at if name == "rest" else at[::-1]
                masks[name, place, count] = session.click(_mm(image, index)).array
    return masks


async def rest_client(load: Load, place: int) -> None:
    """Open the scan, click twice, undo, close, and anew, until the time is over."""
    scan = open_image(SCAN)
    listed = (await load.call("GET", "/api/scans")).json()["scans"]
    while time.monotonic() < load.ends:
        opened = await load.call("POST", "/api/sessions", json={"scan": listed[0]["id"]})
        session = f"/api/sessions/{opened.json()['id']}"
        for count, at in enumerate(steps(place), 1):
            body = {"object": 1, "prompts": [{"point": list(_mm(scan, at))}]}
            await load.call("POST", f"{session}/prompts", timed=True, json=body)
            patch = (await load.call("GET", f"{session}/labels")).json()
            numbers = np.frombuffer(zlib.decompress(base64.b64decode(patch["labels"])), np.uint8)
            mask = numbers.reshape(patch["shape"], order="F") > 0
            load.tally.wrong += not np.array_equal(mask, load.masks["rest", place, count])
        await load.call("POST", f"{session}/undo")
        await load.call("DELETE", session)


async def nn_client(load: Load, place: int) -> None:
    """Set the image, click twice, reset, and anew, until the time is over."""
    scan = open_image(SCAN)
    array = np.ascontiguousarray(scan.array.T)
    token = (await load.call("POST", "/claim")).json()["lease_token"]
    head = {"X-Lease-Token": token}
    spacing = ",".join(str(mm) for mm in scan.grid.spacing_mm[::-1])
    meta = {**head, "X-Meta": f'{{"image_properties":{{"spacing":[{spacing}]}}}}'}
    packed = pack(array[None])
    shape = {"shape": list(array.shape), "dtype": "uint8"}
    while time.monotonic() < load.ends:
        await load.call("POST", "/set_image", content=packed, headers=meta)
        await load.call("POST", "/set_target_buffer", json=shape, headers=head)
        buffer = np.zeros(array.shape, np.uint8)
        for count, at in enumerate(steps(place), 1):
            body = {"coordinates": list(at[::-1]), "include_interaction": True}
            path = "/add_point_interaction"
            got = await load.call("POST", path, timed=True, json=body, headers=head)
            _paste(got, buffer)
            load.tally.wrong += not np.array_equal(buffer > 0, load.masks["nn", place, count])
        await load.call("POST", "/reset_interactions", json={}, headers=head)
    await load.call("POST", "/release", headers=head)


def steps(place: int) -> tuple[tuple[int, ...], ...]:
    """The voxels that are clicked at a place, one after the other."""
    return CLICKS[place], tuple(np.add(CLICKS[place], BESIDE).tolist())


def _paste(answer: httpx.Response, buffer: NDArray[np.uint8]) -> None:
    """Lay the changed part over the buffer, as the clients do."""
    meta = json.loads(answer.headers["X-Meta"])
    if meta["bbox"] is not None:
        part = tuple(slice(a, b) for a, b in meta["bbox"])
        buffer[part] = unpack(answer.content, ndim=3, limit_bytes=2**30)


async def play(address: str, clients: int, seconds: float, masks: Masks) -> Tally:
    """So many clients for so long."""
    limits = httpx.Limits(max_connections=clients + 4)
    async with httpx.AsyncClient(
        base_url=address, timeout=LONGEST_S, limits=limits, trust_env=False
    ) as http:
        load = Load(http=http, ends=time.monotonic() + seconds, masks=masks)
        kinds = (rest_client, nn_client)
        work = [kinds[n % 2](load, n // 2 % len(CLICKS)) for n in range(clients)]
        await asyncio.wait_for(asyncio.gather(*work), seconds + LONGEST_S)
    return load.tally


def ask_health(address: str, pipe: Connection) -> None:
    """Ask for health ten times a second until told to stop, in a process of its own."""
    times = []
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
        while not pipe.poll(0.1):
            started = time.monotonic()
            http.get("/healthz")
            times.append(time.monotonic() - started)
    pipe.send(times)


def resident_mib(process: int) -> tuple[float, float]:
    """Memory of a process now and at its highest."""
    text = Path(f"/proc/{process}/status").read_text()
    now, high = (int(re.findall(rf"{name}:\s+(\d+)", text)[0]) for name in ("VmRSS", "VmHWM"))
    return now / 1024, high / 1024


def queue_seconds(address: str) -> str:
    """How long requests waited for the model, from the server's own histogram."""
    text = httpx.get(f"{address}/metrics", trust_env=False).text
    rows = re.findall(r'vesal_queue_seconds_bucket\{le="([^"]+)"\} (\S+)', text)
    total = float(rows[-1][1])
    bound = next(edge for edge, count in rows if float(count) >= 0.95 * total)
    return f"below {bound} s"


def main() -> None:
    """Start a server, play, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--memory", type=float, default=0.25, help="bound of the server, GiB")
    given = parser.parse_args()
    masks = expected()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    vesal = Path(sys.executable).parent / "vesal"
    command = [str(vesal), "serve", str(SCAN), "--port", str(port)]
    command += ["--memory", str(given.memory)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  # ours
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        started_mib, _ = resident_mib(server.pid)
        alone = asyncio.run(play(address, 1, min(10.0, given.seconds / 3), masks))
        mine, theirs = multiprocessing.Pipe()
        health = multiprocessing.Process(target=ask_health, args=(address, theirs))
        health.start()
        many = asyncio.run(play(address, given.clients, given.seconds, masks))
        mine.send("stop")
        times = np.array(mine.recv())
        health.join()
        _print(address, server.pid, given, alone, many, times, started_mib)
    finally:
        server.terminate()
        server.wait(30)


def _print(
    address: str,
    process: int,
    given: argparse.Namespace,
    alone: Tally,
    many: Tally,
    times: NDArray[np.float64],
    started_mib: float,
) -> None:
    now, high = resident_mib(process)
    one, every = np.array(alone.seconds), np.array(many.seconds)
    rate = len(every) / given.seconds * one.mean()
    together = " ".join(f"p{p} {np.percentile(every, p):.2f}" for p in (50, 95, 99))
    beat = f"p99 {1e3 * np.percentile(times, 99):.0f}, highest {1e3 * times.max():.0f}"
    for name, value in (
        ("clicks", f"{len(every)} of {given.clients} clients in {given.seconds:.0f} s"),
        ("wrong masks", str(alone.wrong + many.wrong)),
        ("refused", str({**alone.refused, **many.refused} or "none")),
        ("busy (503)", str(many.busy)),
        ("alone, s a click", f"median {np.median(one):.2f}"),
        ("together, s a click", together),
        ("clicks a second", f"{rate:.2f} of what one client alone gets"),
        ("95 % waited for the model", queue_seconds(address)),
        ("health, ms", beat),
        ("memory, MiB", f"start {started_mib:.0f}, highest {high:.0f}, end {now:.0f}"),
    ):
        print(f"{name:28}{value}")


def _wait(address: str) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            httpx.get(f"{address}/healthz", trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the server did not start")


def _mm(image: Image, index: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(image.grid.to_world(np.array([index], np.float64))[0].tolist())


if __name__ == "__main__":
    main()
