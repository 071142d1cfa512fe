"""Both ends of a connection that a policy rejects, over real sockets, in two namespaces.

usage: reject_ends.py serve ADDRESS PORT      accepts connections; prints how each ends: `reset`, `closed` or `waiting`
       reject_ends.py ask ADDRESS PORT CUT    sends a ClientHello for www.wechat.com, too long for one segment, and prints how
                                              that ends; CUT > 0: in two writes, the second one begins there
"""
import socket
import ssl
import sys
import threading
import time

PATIENCE = 5  # seconds


def hello(name):
    context = ssl.create_default_context()
    # A list of protocols of 2,000 bytes: the size that key shares of today give a hello.
    context.set_alpn_protocols(["x" * 250 + str(i) for i in range(8)])
    sent = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return sent.read()


def ending(connection):
    connection.settimeout(PATIENCE)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "waiting"
    return "closed"


def serve(address, port):
    listener = socket.create_server((address, port), backlog=64)
    print("ready", flush=True)

    def take(connection):
        print(ending(connection), flush=True)

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=take, args=(connection,), daemon=True).start()


def ask(address, port, cut):
    connection = socket.create_connection((address, port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = hello("www.wechat.com")
    connection.sendall(data[:cut] if cut else data)
    if cut:
        time.sleep(0.2)
        connection.sendall(data[cut:])
    print(ending(connection))


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]))
else:
    ask(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
