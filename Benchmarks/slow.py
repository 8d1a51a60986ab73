# Holds connections to the receiver open until it is killed. usage: slow.py PORT COUNT idle|slow
# `idle` sends nothing. `slow` drips a signed-looking request, a few bytes at a time on every
# connection, half of them in the head and half in the body, and begins again when it is cut off.
# Prints `holding COUNT` once all are open.
import random, resource, selectors, socket, sys, time

port, count, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
HEAD = (b"POST /hooks/crm HTTP/1.1\r\nHost: x\r\nX-HubSpot-Signature-v3: "
        + b"A" * 44 + b"\r\nX-HubSpot-Request-Timestamp: 1700000000000\r\n")
BODY = HEAD + b"Content-Length: 100000\r\n\r\n"
selector = selectors.DefaultSelector()
connections = []


def connect(index):
    one = socket.create_connection(("127.0.0.1", port), timeout=10)
    one.setblocking(False)
    selector.register(one, selectors.EVENT_READ, index)
    state = [one, 0]
    if kind == "slow" and index % 2:
        one.send(BODY)
    return state


def drip(index):
    state = connections[index]
    part = HEAD[state[1]:state[1] + 3] if index % 2 == 0 else b"xyz"
    state[1] += 3
    try:
        state[0].send(part or b"X-%d: y\r\n" % state[1])
    except OSError:
        pass


for index in range(count):
    connections.append(connect(index))
print("holding", count, flush=True)
cut = 0
at = 0
step = 0.005
next_step = time.monotonic()
while True:
    if kind == "slow":
        # Everybody gets a few bytes twice a second.
        for _ in range(max(1, int(count * step * 2))):
            drip(at % count)
            at += 1
    next_step = max(next_step + step, time.monotonic())
    for key, _ in selector.select(max(0, next_step - time.monotonic())):
        try:
            if key.fileobj.recv(4096):
                continue
        except OSError:
            pass
        selector.unregister(key.fileobj)
        key.fileobj.close()
        cut += 1
        connections[key.data] = connect(key.data)
    pause = next_step - time.monotonic()
    if pause > 0:
        time.sleep(pause)
