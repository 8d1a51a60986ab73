# Posts signed requests at a rate of its own, whatever the answers take, and says by status how long
# they took from the moment they were sent. usage:
#   load.py PORT RATE CONNECTIONS SECONDS SECRET URL     RATE 0: as fast as the connections go
# Prints: STATUS COUNT P50 P99 MAX (milliseconds), one line a status; `late` requests found no free
# connection within a second and were not sent.
import collections, json, selectors, socket, sys, time
import sign

port, rate, connections, seconds = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), float(
    sys.argv[4])
requests = [
    ("POST /hooks/crm HTTP/1.1\r\nHost: x\r\n"
     + "".join("%s: %s\r\n" % field for field in headers.items())
     + "Content-Length: %d\r\n\r\n" % len(content)).encode() + content.encode()
    for headers, content in sign.requests(sys.argv[5].encode(), sys.argv[6], 1, 500)
]
selector = selectors.DefaultSelector()
free = collections.deque()
due = collections.deque()
taken = {}
answers = collections.defaultdict(list)
late = broken = sent = 0


def connect():
    one = socket.create_connection(("127.0.0.1", port), timeout=5)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.setblocking(False)
    selector.register(one, selectors.EVENT_READ)
    free.append(one)


def end(one):
    selector.unregister(one)
    one.close()


def post(one):
    global sent, broken
    taken[one] = time.monotonic()
    sent += 1
    try:
        one.send(requests[sent % len(requests)])
    except OSError:
        taken.pop(one)
        broken += 1
        end(one)
        connect()


def receive(one):
    global broken
    try:
        answer = one.recv(4096)
    except OSError:
        answer = b""
    when = taken.pop(one, None)
    if when is None or not answer:
        if when is not None:
            broken += 1
        else:
            try:
                free.remove(one)
            except ValueError:
                pass
        end(one)
        connect()
        return
    answers[answer[9:12].decode()].append(time.monotonic() - when)
    if b"Connection: close" in answer:
        end(one)
        connect()
    else:
        free.append(one)


for _ in range(connections):
    connect()
start = time.monotonic()
next_due = start
while True:
    now = time.monotonic()
    if now >= start + seconds:
        break
    if rate > 0:
        while next_due <= now:
            due.append(next_due)
            next_due += 1 / rate
        while due and now - due[0] > 1:
            due.popleft()
            late += 1
        while due and free:
            due.popleft()
            post(free.popleft())
    else:
        while free:
            post(free.popleft())
    for key, _ in selector.select(max(0, min(next_due - time.monotonic(), 0.05)) if rate else 0.05):
        receive(key.fileobj)

for status, times in sorted(answers.items()):
    times.sort()
    print(status, len(times), *("%.2f" % (times[int(len(times) * part)] * 1000)
                                for part in (0.5, 0.99)), "%.2f" % (times[-1] * 1000))
print("late", late, "broken", broken)
