"""Posts to a running receiver what the providers' own Python SDKs have signed.

    sdk_clients.py BASE_URL SOURCES_JSON

SOURCES_JSON names each source's "secret", a "wrong" one of the same form, and the registered "url".
A case is sent three times: as signed, with one byte of its body changed, and signed with the wrong
secret. Each prints `ok NAME` or `FAIL NAME: expected ..., got ...`; any failure exits with 1.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from datetime import datetime, timezone
from typing import Callable, NamedTuple, Optional
from urllib.parse import urlencode, urlparse

try:
    from Adyen.util import generate_notification_sig, generate_payload_sig
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from hubspot.utils.signature import Signature as HubSpotSignature
    from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader
    from slack_sdk.signature import SignatureVerifier as SlackSignatureVerifier
    from standardwebhooks.webhooks import Webhook as StandardWebhook
    from stripe import WebhookSignature
    from svix.webhooks import Webhook as SvixWebhook
    from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator, add_port
except ImportError as error:
    print(f"FAIL {error}: run `make deps`")
    sys.exit(1)

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Signed(NamedTuple):
    """A request as its provider would send it. The query goes behind the source's path."""

    body: str
    headers: dict
    content_type: str = JSON
    query: str = ""


class Case(NamedTuple):
    name: str
    source: str
    # A text in the body, of which the first byte is the one to change.
    changed_at: str
    # What the provider expects to be answered with 200; None: anything.
    answer: Optional[str]
    sign: Callable[[str, str], Signed]


CASES = []


def case(name, source, changed_at, answer=None):
    def add(sign):
        CASES.append(Case(name, source, changed_at, answer, sign))
        return sign

    return add


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@case("stripe", "stripe", "cus_1")
def stripe(secret, _):
    data = {"object": {"id": "cus_1", "object": "customer", "name": "Zoë"}}
    event = {"id": "evt_1", "object": "event", "type": "customer.updated", "account": "acct_1"}
    body = compact(event | {"data": data})
    signature = WebhookSignature.generate_signature_header(body, secret)
    return Signed(body, {"Stripe-Signature": signature})


def webhook(signer, prefix, message, data):
    """What Standard Webhooks and Svix have in common."""
    now = datetime.now(timezone.utc)
    body = compact(data)
    return Signed(
        body,
        {
            f"{prefix}-id": message,
            f"{prefix}-timestamp": str(int(now.timestamp())),
            f"{prefix}-signature": signer.sign(message, now, body),
        },
    )


@case("standardwebhooks", "standard", "Zoë")
def standard_webhooks(secret, _):
    data = {"type": "contact.updated", "data": {"id": "c1", "name": "Zoë"}}
    return webhook(StandardWebhook(secret), "webhook", "msg_standard", data)


@case("svix", "svix", "user_1")
def svix(secret, _):
    data = {"type": "user.created", "data": {"id": "user_1"}}
    return webhook(SvixWebhook(secret), "svix", "msg_svix", data)


@case("svix, unbranded", "svix", "user_2")
def svix_unbranded(secret, _):
    data = {"type": "user.created", "data": {"id": "user_2"}}
    return webhook(SvixWebhook(secret), "webhook", "msg_plain", data)


def slack_signed(secret, body, content_type):
    now = str(int(time.time()))
    signature = SlackSignatureVerifier(secret).generate_signature(timestamp=now, body=body)
    headers = {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": signature}
    return Signed(body, headers, content_type)


@case("slack event", "slack", "héllo")
def slack_event(secret, _):
    event = {"type": "message", "channel": "C1", "user": "U1", "text": "héllo"}
    body = {"team_id": "T1", "event": event, "type": "event_callback", "event_id": "Ev1"}
    return slack_signed(secret, compact(body), JSON)


@case("slack command", "slack", "weather")
def slack_command(secret, _):
    fields = {"command": "/weather", "text": "a b+c", "team_id": "T1", "channel_id": "C2"}
    return slack_signed(secret, urlencode(fields | {"trigger_id": "13.37"}), FORM)


@case("slack challenge", "slack", "3eZb", answer="3eZbrw1a")
def slack_challenge(secret, _):
    body = {"challenge": "3eZbrw1a", "type": "url_verification"}
    return slack_signed(secret, compact(body), JSON)


class Fields(dict):
    """A form whose fields may have several values, as the web frameworks give it to the SDK."""

    def getlist(self, name):
        return self[name]


def twilio_headers(secret, url, fields, algorithm):
    headers = {
        "X-Twilio-Signature": RequestValidator(secret).compute_signature(url, fields, algorithm)
    }
    if algorithm != HMAC_SHA1:
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key=shared_1,algorithm={algorithm}"
    return headers


def twilio_form(secret, url, sid, algorithm=HMAC_SHA1):
    fields = Fields(
        MessageSid=[sid], MessageStatus=["delivered"], AccountSid=["AC1"], From=["+15017122661"],
        Body=["é & a+b=%c"], Empty=[""], Media=["b", "a", "b"],
    )
    body = urlencode([(name, value) for name, values in fields.items() for value in values])
    return Signed(body, twilio_headers(secret, url, fields, algorithm), FORM)


@case("twilio form", "twilio", "SM1")
def twilio_form_sha1(secret, url):
    return twilio_form(secret, url, "SM1")


@case("twilio form, port in the URL", "twilio", "delivered")
def twilio_form_with_port(secret, url):
    return twilio_form(secret, add_port(urlparse(url)), "SM2")


@case("twilio form, shared key", "twilio", "AC1")
def twilio_form_sha256(secret, url):
    return twilio_form(secret, url, "SM3", HMAC_SHA256)


def twilio_json(secret, url, event, algorithm=HMAC_SHA1):
    """Event Streams: the URL is signed, and carries the body's hash."""
    data = {"accountSid": "AC1", "messageSid": "SM9", "text": "Zoë"}
    body = compact([{"specversion": "1.0", "type": "message.sent", "id": event, "data": data}])
    digest = RequestValidator(secret).compute_hash(body)
    query = f"?a=1&bodySHA256={digest}"
    return Signed(body, twilio_headers(secret, url + query, {}, algorithm), JSON, query)


@case("twilio JSON", "twilio", "SM9")
def twilio_json_sha1(secret, url):
    return twilio_json(secret, url, "EZ1")


@case("twilio JSON, shared key", "twilio", "Zoë")
def twilio_json_sha256(secret, url):
    return twilio_json(secret, url, "EZ2", HMAC_SHA256)


def hubspot(secret, url, version, number):
    query = "?a=1&b=two"
    event = {
        "eventId": number, "portalId": 62515, "occurredAt": 1700000000000, "attemptNumber": 0,
        "subscriptionType": "contact.creation", "objectId": 101, "sourceId": "Zoë",
    }
    body, now = compact([event]), str(int(time.time() * 1000))
    signature = HubSpotSignature.get_signature(secret, body, version, url + query, "POST", now)
    if version == "v3":
        headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": now}
    else:
        headers = {"X-HubSpot-Signature": signature, "X-HubSpot-Signature-Version": version}
    return Signed(body, headers, JSON, query)


@case("hubspot v3", "hubspot", "101")
def hubspot_v3(secret, url):
    return hubspot(secret, url, "v3", 3)


@case("hubspot v2", "hubspot-old", "Zoë")
def hubspot_v2(secret, url):
    return hubspot(secret, url, "v2", 2)


@case("hubspot v1", "hubspot-old", "contact")
def hubspot_v1(secret, url):
    return hubspot(secret, url, "v1", 1)


# Each item has its own signature, over some of its fields; the second one's is what is broken.
@case("adyen", "adyen", "ünpaid-2", answer="[accepted]")
def adyen(secret, _):
    def item(reference, code, order, more):
        fields = {
            "amount": {"currency": "EUR", "value": 1130}, "eventCode": code, "success": "true",
            "merchantAccountCode": "Shop", "merchantReference": order, "pspReference": reference,
        } | more
        signature = generate_notification_sig(fields, secret).decode()
        fields["additionalData"] = {"hmacSignature": signature}
        return {"NotificationRequestItem": fields}

    items = [
        item("psp1", "AUTHORISATION", "paid-1", {}),
        item("psp2", "REFUND", "ünpaid-2", {"originalReference": "psp1"}),
    ]
    return Signed(compact({"live": "false", "notificationItems": items}), {})


@case("adyen platform", "adyen-platform", "authorised")
def adyen_platform(secret, _):
    data = {"balancePlatform": "Shop", "id": "TR1", "status": "authorised"}
    when = "2026-01-02T03:04:05Z"
    body = compact({"data": data, "type": "balancePlatform.transfer.created", "timestamp": when})
    return Signed(body, {"HmacSignature": generate_payload_sig(body.encode(), secret).decode()})


@case("sendgrid", "sendgrid", "delivered")
def sendgrid(secret, _):
    """The SDK has no signer: the key is the case's own, and the SDK must accept the signature."""
    event = {"email": "zoë@example.com", "event": "delivered", "timestamp": 1700000000}
    body = compact([event | {"sg_event_id": "sg1", "sg_message_id": "m1.filter1"}]) + "\r\n"
    now = str(int(time.time()))
    key = serialization.load_pem_private_key(secret.encode(), None)
    signature = b64encode(key.sign((now + body).encode(), ec.ECDSA(hashes.SHA256()))).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if not EventWebhook(b64encode(public).decode()).verify_signature(body, signature, now):
        raise ValueError("SendGrid's SDK refuses the signature")
    headers = {EventWebhookHeader.SIGNATURE: signature, EventWebhookHeader.TIMESTAMP: now}
    return Signed(body, headers)


# No proxy of the environment may stand between: it is the loopback address.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(url, signed, body):
    headers = signed.headers | {"Content-Type": signed.content_type}
    request = urllib.request.Request(url + signed.query, body, headers, method="POST")
    try:
        with OPENER.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def changed(body, at):
    """One byte differs, and a text stays one: a letter's or a digit's lowest bit."""
    place = body.index(at.encode())
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def main():
    base, sources = sys.argv[1], json.loads(sys.argv[2])
    failures = 0

    def report(name, expected, got):
        nonlocal failures
        failures += expected != got
        print(f"ok {name}" if expected == got else f"FAIL {name}: expected {expected}, got {got}")

    for case in CASES:
        source = sources[case.source]
        url = f"{base}/hooks/{case.source}"
        right = case.sign(source["secret"], source["url"])
        body = right.body.encode()
        status, answer = post(url, right, body)
        expected = 200 if case.answer is None else (200, case.answer)
        report(case.name, expected, status if case.answer is None else (status, answer))
        status, _ = post(url, right, changed(body, case.changed_at))
        report(f"{case.name}, a byte changed", 401, status)
        wrong = case.sign(source["wrong"], source["url"])
        status, _ = post(url, wrong, wrong.body.encode())
        report(f"{case.name}, wrong secret", 401, status)
    print(f"{len(CASES)} cases, {failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
