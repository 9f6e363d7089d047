"""Reads mails with Python's own email package and says what it found, as JSON on one line per file."""
import email
import email.header
import email.policy
import email.utils
import json
import sys


def structure(part):
    kind = part.get_content_type()
    if part.is_multipart():
        return [kind, [structure(p) for p in part.iter_parts()]]
    return [kind, str(part.get_content_charset()), str(part["Content-Transfer-Encoding"]).lower()]


def mailboxes(raw):
    """The older of Python's two readers: the newer one keeps the white space between two encoded words of a name (RFC
    2047 section 6.2; python/cpython issue 128110)."""
    if raw is None:
        return []
    decode = lambda s: str(email.header.make_header(email.header.decode_header(s)))
    return [[decode(name), addr] for name, addr in email.utils.getaddresses(["".join(raw.splitlines())])]


def defects(msg):
    found = []
    for part in msg.walk():
        found += [repr(d) for d in part.defects]
        for name, value in part.items():
            found += [f"{name}: {d!r}" for d in getattr(value, "defects", ())]
    return found


def body(msg, kind):
    parts = [p for p in msg.walk() if p.get_content_type() == kind]
    return parts[0].get_payload(decode=True).decode("utf-8", "strict") if len(parts) == 1 else None


def look(path):
    with open(path, "rb") as f:
        data = f.read()
    msg = email.message_from_bytes(data, policy=email.policy.default)
    old = email.message_from_bytes(data)
    text = lambda name: None if msg[name] is None else str(msg[name])
    return {
        "names": [n for n, _ in msg.items()],
        "from": mailboxes(old["From"]),
        "to": mailboxes(old["To"]),
        "reply_to": mailboxes(old["Reply-To"]),
        "subject": text("Subject"),
        "date_s": int(msg["Date"].datetime.timestamp()) if msg["Date"] and msg["Date"].datetime else None,
        "message_id": text("Message-ID"),
        "list_id": text("List-Id"),
        "list_unsubscribe": text("List-Unsubscribe"),
        "list_unsubscribe_post": text("List-Unsubscribe-Post"),
        "auto_submitted": text("Auto-Submitted"),
        "lang": text("Content-Language"),
        "structure": structure(msg),
        "text": body(msg, "text/plain"),
        "html": body(msg, "text/html"),
        "defects": defects(msg),
    }


for name in sys.argv[1:]:
    try:
        found = look(name)
    except Exception as e:  # a mail that cannot be read is a finding, and the others are read all the same
        found = {"defects": [f"gave up: {e!r}"]}
    print(json.dumps(found))
