#!/usr/bin/env python3
"""Joins two network name spaces by a wire of a given delay: delayed_link.py SPACE ADDRESS SPACE ADDRESS MILLISECONDS

For kernels without netem. Each space gets a device rondo0 of its address (of a /24); packets that one sends come out at the other after the
delay, whatever their number. Prints "joined" when both are there and runs until it is ended.
"""
import collections
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)


def enter(path):
    with open(path, "rb") as space:
        if libc.setns(space.fileno(), 0x40000000) != 0:  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns " + path)


def device(space, address):
    """The file of a device that was made inside a name space."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter("/run/netns/" + space)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"rondo0", 0x0001 | 0x1000))  # TUNSETIFF: IFF_TUN | IFF_NO_PI
    if libc.setns(home, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    run = ["ip", "netns", "exec", space, "ip"]
    subprocess.run(run + ["address", "add", address + "/24", "dev", "rondo0"], check=True)
    subprocess.run(run + ["link", "set", "rondo0", "mtu", "9000", "up"], check=True)
    subprocess.run(run + ["link", "set", "lo", "up"], check=True)
    return tun


def main():
    first, first_address, second, second_address = sys.argv[1:5]
    delay = float(sys.argv[5]) / 1000
    ends = [device(first, first_address), device(second, second_address)]
    print("joined", flush=True)
    on_the_way = [collections.deque(), collections.deque()]  # to the other end: (when it arrives, packet)
    while True:
        now = time.monotonic()
        due = [queue[0][0] for queue in on_the_way if queue]
        readable, _, _ = select.select(ends, [], [], max(0.0, min(due) - now) if due else None)
        now = time.monotonic()
        for end in readable:
            try:
                for _ in range(64):
                    on_the_way[ends.index(end)].append((now + delay, os.read(end, 65536)))
            except BlockingIOError:
                pass
        now = time.monotonic()
        for number, queue in enumerate(on_the_way):
            while queue and queue[0][0] <= now:
                try:
                    os.write(ends[1 - number], queue[0][1])
                except BlockingIOError:
                    break
                queue.popleft()


main()
