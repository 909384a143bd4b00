# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that curl can't play, for the tests of the API.

    api_client.py SOCKET parallel COUNT PATH    COUNT connections at once, each asks, then all are read:
                                                prints "STATUS COUNT" for each status that came
    api_client.py SOCKET full HELD MORE PATH    HELD connections, each of which asks and stays open, then MORE that ask:
                                                prints "STATUS COUNT" for each status that came to the latter
    api_client.py SOCKET slow COUNT PATH        watches without reading while COUNT empty POSTs to PATH make
                                                notices, then reads: prints "TOLD LOST"
    api_client.py SOCKET idle COUNT             COUNT connections that say nothing, until its input ends
"""
import http.client
import json
import socket
import sys

PATH = sys.argv[1]


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(PATH)
    s.settimeout(60)
    return s


def send(s, method, path, body=b""):
    s.sendall(b"%s %s HTTP/1.1\r\nHost: ostler\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
              % (method, path.encode(), len(body), body))


def rest(s):
    data = b""
    while True:
        try:
            piece = s.recv(65536)
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece


def full(held, more, path):
    crowd = [Client("ostler") for _ in range(held)]
    for one in crowd:
        one.request("GET", path)
        if one.getresponse().read() and one.sock is None:
            sys.exit("a connection was closed that should stay")
    parallel(more, path)


def parallel(count, path):
    sockets = [connect() for _ in range(count)]
    for s in sockets:
        try:
            send(s, b"GET", path)
        except BrokenPipeError:
            pass
    statuses = {}
    for s in sockets:
        status = rest(s).split(b" ", 2)[1:2]
        key = status[0].decode() if status else "none"
        statuses[key] = statuses.get(key, 0) + 1
    for key in sorted(statuses):
        print(key, statuses[key])


class Client(http.client.HTTPConnection):
    def connect(self):
        self.sock = connect()


def slow(count, path):
    watch = Client("ostler")
    watch.request("GET", "/v1/watch")
    stream = watch.getresponse()
    if json.loads(stream.readline())["change"] != "alive":
        sys.exit("the stream doesn't begin with a sign of life")
    for _ in range(count):
        s = connect()
        send(s, b"POST", path, b'{"wait":true}')
        if b" 200 " not in rest(s)[:20]:
            sys.exit("a request failed")
    told = lost = 0
    while told + lost < count:
        notice = json.loads(stream.readline())
        told += notice["change"] == "collected"
        lost += notice.get("lost", 0)
    print(told, lost)


def idle(count):
    sockets = [connect() for _ in range(count)]
    print(len(sockets), flush=True)
    sys.stdin.read()


if sys.argv[2] == "parallel":
    parallel(int(sys.argv[3]), sys.argv[4])
elif sys.argv[2] == "full":
    full(int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
elif sys.argv[2] == "slow":
    slow(int(sys.argv[3]), sys.argv[4])
else:
    idle(int(sys.argv[3]))
