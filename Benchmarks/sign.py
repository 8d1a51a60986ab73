# Writes signed HubSpot v3 requests as a Lua table: bodies of 1 KB with so many events each.
# usage: sign.py SECRET URL EVENTS
import base64, hashlib, hmac, json, sys, time

BODY_BYTES = 1024


def event(number, filler):
    return {
        "eventId": 3000000000 + number, "subscriptionId": 1160452, "portalId": 62515,
        "appId": 54823, "occurredAt": 1700000000000 + number,
        "subscriptionType": "contact.propertyChange", "attemptNumber": 0,
        "objectId": 900000 + number, "propertyName": "email", "propertyValue": "x" * filler,
        "changeSource": "CRM_UI",
    }


def body(number, events):
    def text(filler):
        rows = [event(number * events + row, filler) for row in range(events)]
        return json.dumps(rows, separators=(",", ":"))

    left = BODY_BYTES - len(text(0))
    whole = text(max(0, left // events))
    # White space between elements is no part of any event.
    return whole[:-1] + " " * (BODY_BYTES - len(whole)) + "]"


def requests(secret, url, events, count):
    """Headers and body of so many requests, signed now."""
    for number in range(count):
        content = body(number, events)
        timestamp = str(int(time.time() * 1000))
        signed = ("POST" + url + content + timestamp).encode()
        signature = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        yield {
            "Content-Type": "application/json",
            "User-Agent": "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-nio)",
            "X-HubSpot-Request-Timestamp": timestamp, "X-HubSpot-Signature-v3": signature,
            "X-HubSpot-Signature-Version": "v1",
        }, content


if __name__ == "__main__":
    print("return {")
    for headers, content in requests(sys.argv[1].encode(), sys.argv[2], int(sys.argv[3]), 2000):
        fields = ",".join('["%s"]="%s"' % field for field in headers.items())
        print("{headers={%s},body=[==[%s]==]}," % (fields, content))
    print("}")
