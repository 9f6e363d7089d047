#!/usr/bin/env python3
"""A second verifier of Jawort bundles, written from docs/evidence.md alone ("The bundle, format 1").

    python3 contrib/verify.py FILE [KEY...]

KEY: verifier keys of the site, or files with one a line. Without any the keys inside are used, and nothing says who
made the file. Exit 0: in order; 3: not, with the place as a JSON Pointer on each line; 2: usage.
Needs Debian's python3-cryptography. Time stamps are only counted: openssl ts -verify checks them.
"""
import base64
import hashlib
import json
import os
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
HASH = re.compile(r"[0-9a-f]{64}\Z")
PARTS = ("core", "ip", "fields")


class Wrong(Exception):
    pass


def b64(text):
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not the one spelling")
    return raw


def sha(data):
    return hashlib.sha256(data).digest()


def vkey(text):
    """(name, id, public key) of a C2SP verifier key."""
    name, ident, key = text.split("+", 2)
    raw = b64(key)
    if len(raw) != 33 or raw[0] != 1 or not name:
        raise ValueError("not Ed25519")
    if sha(name.encode() + b"\n" + raw)[:4].hex() != ident:
        raise ValueError("id is not that of name and key")
    return name, ident, raw[1:]


def signed(key, signature, data):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
        return True
    except (InvalidSignature, ValueError):
        return False


def no_twice(pairs):
    out = {}
    for name, value in pairs:
        if name in out:
            raise ValueError("name twice: " + name)
        out[name] = value
    return out


def strict_json(data):
    def no(word):
        raise ValueError(word)
    if isinstance(data, bytes):
        data = data.decode("utf-8")
    return json.loads(data, object_pairs_hook=no_twice, parse_constant=no)


# ---- members and types: what the tables of the page say

S, N, H, T, B, ANY = "string", "number", "hash", "time", "base64", "any"
NAMES = "names"
PART = {"c": H, "salt?": H, "text?": S}
BODY = {
    "format": S, "program": S, "made": T,
    "site": {"id": S, "base_url": S, "controller": S, "time_zone": S},
    "person": {"number": N, "channel": S, "address?": S, "fields?": NAMES, "lang": S, "state": S, "created": T,
               "purposes": [{"id": S, "state": S, "since": T}]},
    "events": [{"seq": N, "commitment": H, "core": PART, "ip": PART, "fields": PART, "shown?": H,
                "proofs": [{"size": N, "path": [H]}]}],
    "texts": [{"hash": H, "kind": S, "lang": S, "format": N, "body": S}],
    "records": ANY,
    "checkpoints": [{"size": N, "note": S, "stamps": [B]}],
    "keys": [S],
}


def fits(value, kind):
    if kind == N:
        return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2 ** 63
    if kind == NAMES:
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if kind == ANY:
        return True
    if not isinstance(value, str):
        return False
    if kind == B:
        try:
            return len(b64(value)) > 0
        except ValueError:
            return False
    return kind == S or bool({H: HASH, T: TIME}[kind].match(value))


def shape(value, want, place, faults):
    before = len(faults)
    if isinstance(want, dict):
        if not isinstance(value, dict):
            faults.append((place, "must be an object"))
            return False
        for name, below in want.items():
            must = not name.endswith("?")
            name = name.rstrip("?")
            if name in value:
                shape(value[name], below, place + "/" + name, faults)
            elif must:
                faults.append((place + "/" + name, "missing"))
        known = {name.rstrip("?") for name in want}
        faults.extend((place + "/" + name, "unknown member") for name in value if name not in known)
    elif isinstance(want, list):
        if not isinstance(value, list):
            faults.append((place, "must be an array"))
            return False
        for i, one in enumerate(value):
            shape(one, want[0], "%s/%d" % (place, i), faults)
    elif not fits(value, want):
        faults.append((place, "must be a " + want))
    return len(faults) == before


# ---- the log

def note_read(note, keys):
    """(name of the log, size, root) of a checkpoint signed by one of the keys."""
    text, mark, rest = note.rpartition("\n\n")
    if not mark or not rest.endswith("\n"):
        raise ValueError("not a signed note")
    text += "\n"
    good = False
    for line in rest[:-1].split("\n"):
        dash, name, sig = line.split(" ")
        if dash != "\u2014":
            raise ValueError("not a signature line")
        raw = b64(sig)
        for key_name, ident, key in keys:
            if name == key_name and raw[:4].hex() == ident:
                if len(raw) != 68 or not signed(key, raw[4:], text.encode()):
                    raise ValueError("its signature is wrong")
                good = True
    if not good:
        raise ValueError("signed by none of the keys")
    origin, size, root = text.split("\n")[:3]
    if str(int(size)) != size or len(b64(root)) != 32:
        raise ValueError("not a checkpoint")
    return origin, int(size), b64(root)


def root_of(leaf, index, size, path):
    """RFC 6962 2.1.1 read from the leaf upwards (RFC 9162 2.1.3.2); None: it does not fit."""
    if index >= size:
        return None
    at, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            node = sha(b"\x01" + sibling + node)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            node = sha(b"\x01" + node + sibling)
        at >>= 1
        last >>= 1
    return node if last == 0 else None


# ---- the checks in the order of the page

def check_signature(lines, given, faults):
    try:
        sig = strict_json(lines[-3])
        spelled = '{"key":"%s","ed25519":"%s"}' % (sig["key"], sig["ed25519"])
        if spelled.encode() != lines[-3]:
            raise ValueError("spelling")
        key = vkey(sig["key"])[2]
        raw = b64(sig["ed25519"])
    except (ValueError, KeyError, TypeError):
        faults.append(("/signature", "not a signature line"))
        return None
    body = b"\n".join(lines[1:-4]) + b"\n"
    if not signed(key, raw, b"jawort-bundle 1\n" + sha(body)):
        faults.append(("/signature/ed25519", "wrong"))
    elif given and key not in given:
        faults.append(("/signature/key", "not a key that was given"))
    return sig["key"]


def check_event(i, event, person, before, faults):
    place = "/bundle/events/%d" % i
    for name in PARTS:
        part = event[name]
        if ("salt" in part) != ("text" in part):
            faults.append((place + "/" + name, "salt and text come together"))
        elif "salt" in part and sha(bytes.fromhex(part["salt"]) + part["text"].encode()).hex() != part["c"]:
            faults.append((place + "/" + name + "/text", "altered"))
    if sha(b"\0" + b"".join(bytes.fromhex(event[n]["c"]) for n in PARTS)).hex() != event["commitment"]:
        faults.append((place + "/commitment", "not that of the parts"))
    if event["seq"] <= before:
        faults.append((place + "/seq", "must grow"))
    if "text" not in event["core"]:
        return None
    try:
        core = strict_json(event["core"]["text"])
        if (core["v"] != 1 or core["seq"] != event["seq"] or core["person"] != person or not TIME.match(core["time"])
                or not core["kind"] or core.get("prev", 0) != before):
            raise ValueError("core")
        return core
    except (ValueError, KeyError, TypeError):
        faults.append((place + "/core/text", "does not fit its place"))
        return None


def check_texts(body, cores, faults):
    there, named = set(), set()
    for i, text in enumerate(body["texts"]):
        place = "/bundle/texts/%d" % i
        if sha(text["body"].encode()).hex() != text["hash"]:
            faults.append((place + "/body", "altered"))
        if text["hash"] in there:
            faults.append((place + "/hash", "twice"))
        there.add(text["hash"])
    for i, (event, core) in enumerate(zip(body["events"], cores)):
        want = [core[k] for k in ("text_hash", "mail_hash", "notice_hash") if core and k in core]
        want += [event["shown"]] if "shown" in event else []
        named.update(want + [core["config_hash"]] if core and "config_hash" in core else want)
        if not set(want) <= there:
            faults.append(("/bundle/events/%d/core/text" % i, "a text is missing"))
    for i, text in enumerate(body["texts"]):
        if text["hash"] not in named:
            faults.append(("/bundle/texts/%d/hash" % i, "no event names it"))


def check_records(body, cores, faults):
    events = {e["seq"]: (e, c) for e, c in zip(body["events"], cores)}
    try:
        for i, record in enumerate(body["records"]["@graph"]):
            if record.get("@type") != "dpv:ConsentRecord":
                continue
            if not record["dpv:hasConsentStatus"]:
                raise ValueError("no state")
            for state in record["dpv:hasConsentStatus"]:
                event, core = events[state["jawort:event"]]
                if state["jawort:commitment"] != event["commitment"] or (
                        core and state["dpv:isIndicatedAtTime"] != core["time"]):
                    raise ValueError("state")
    except (ValueError, KeyError, TypeError, AttributeError):
        faults.append(("/bundle/records", "does not fit the events"))


def check_log(body, keys, faults):
    points, last = {}, 0
    for i, point in enumerate(body["checkpoints"]):
        place = "/bundle/checkpoints/%d" % i
        try:
            size, root = note_read(point["note"], keys)[1:]
            if size != point["size"] or size <= last:
                raise ValueError("size")
            points[size] = root
        except ValueError as why:
            faults.append((place + "/note", str(why)))
        last = max(last, point["size"])
    for i, event in enumerate(body["events"]):
        place = "/bundle/events/%d/proofs" % i
        for k, proof in enumerate(event["proofs"]):
            root = root_of(bytes.fromhex(event["commitment"]), event["seq"] - 1, proof["size"],
                           [bytes.fromhex(h) for h in proof["path"]])
            if root is None or root != points.get(proof["size"]):
                faults.append(("%s/%d" % (place, k), "does not lead to the checkpoint"))
        if event["seq"] <= last and last not in [p["size"] for p in event["proofs"]]:
            faults.append((place, "none in the newest checkpoint"))


def check(data, given=()):
    """Faults as (place, why); none: in order."""
    faults = []
    lines = data.split(b"\n")
    if len(lines) < 6 or lines[0] != b'{"bundle":' or lines[-4] != b',"signature":' or lines[-2:] != [b"}", b""]:
        return [("", "not the lines of a bundle")]
    signer = check_signature(lines, given, faults)
    try:
        body = strict_json(b"\n".join(lines[1:-4]))
    except (ValueError, RecursionError) as why:
        return faults + [("/bundle", "not JSON: %s" % why)]
    if not isinstance(body, dict) or body.get("format") != "jawort-bundle 1":
        return faults + [("/bundle/format", "unknown")]
    if not shape(body, BODY, "/bundle", faults):
        return faults
    keys = []
    for i, text in enumerate(body["keys"]):
        try:
            keys.append(vkey(text))
        except ValueError as why:
            faults.append(("/bundle/keys/%d" % i, str(why)))
    if signer and signer not in body["keys"]:
        faults.append(("/bundle/keys", "the signing key is not among them"))
    keys = [k for k in keys if not given or k[2] in given]
    if not body["events"]:
        faults.append(("/bundle/events", "there is none"))
    before, cores = 0, []
    for i, event in enumerate(body["events"]):
        cores.append(check_event(i, event, body["person"]["number"], before, faults))
        before = event["seq"]
    check_texts(body, cores, faults)
    check_records(body, cores, faults)
    check_log(body, keys, faults)
    return faults


def keys_of(word):
    text = open(word).read() if os.path.exists(word) else word
    for line in text.split("\n"):
        line = line.split(None, 1)[0] if line.strip() else ""
        if not line or line.startswith("#"):
            continue
        yield vkey(line)[2] if "+" in line else base64.urlsafe_b64decode(line + "=")


def plain(text):
    """Without controls and changes of direction: a forged file cannot write on the terminal of who checks it."""
    return "".join(c if c.isprintable() else "?" for c in text)


def main(argv):
    if len(argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    faults = check(open(argv[1], "rb").read(), [k for word in argv[2:] for k in keys_of(word)])
    for place, why in faults:
        print("%s: %s" % (plain(place) or "/", plain(str(why))))
    if not faults:
        print("in order" if len(argv) > 2 else "in order; no key was given, so nothing says who made it")
    return 3 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
