# Prints the status of GET on loopback; 0 when nobody answers. usage: status.py PORT PATH
import http.client, sys

try:
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=2)
    connection.request("GET", sys.argv[2])
    print(connection.getresponse().status)
except OSError:
    print(0)
