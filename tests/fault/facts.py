"""What the files of a site hold about each person, as JSON: facts.py DATA. No times and nothing random, so that two states can be compared."""
import json
import sqlite3
import sys

db = sqlite3.connect(f"{sys.argv[1]}/data.db")
keys = sqlite3.connect(f"{sys.argv[1]}/keys.db")


def rows(sql, *args):
    return [list(r) for r in db.execute(sql, args)]


def key(person):
    text, state = keys.execute("SELECT key, state FROM slot WHERE id = ?", (person,)).fetchone()
    return ["overwritten" if text == bytes(32) else "there", state]


def one(person):
    n = {t: rows(f"SELECT count(*) FROM {t} WHERE person_id = ?", person)[0][0]
         for t in ("person_purpose", "request", "outbox", "move")}
    return {
        "row": rows("SELECT state, address_ct IS NOT NULL, fields_ct IS NOT NULL, confirmed_ms IS NOT NULL, lang"
                    " FROM person WHERE id = ?", person)[0],
        "lookup": rows("SELECT hex(lookup) FROM person WHERE id = ?", person)[0][0],
        "key": key(person), "rows": n,
        "events": rows("SELECT kind, core_ct IS NOT NULL, fields_ct IS NOT NULL FROM event"
                       " WHERE person_id = ? ORDER BY seq", person),
        "ips": rows("SELECT count(ip_ct) FROM event WHERE person_id = ?", person)[0][0],
        "erasure": rows("SELECT reason, keys_done_ms IS NOT NULL, done_ms IS NOT NULL, keep_until_ms IS NOT NULL,"
                        " keep_lookup IS NOT NULL, journaled FROM erasure WHERE person_id = ?", person),
        "contact": rows("SELECT provider, purpose, action, address_ct IS NOT NULL FROM contact"
                        " WHERE person_id = ? ORDER BY provider, purpose", person),
    }


print(json.dumps({
    "people": {str(p): one(p) for (p,) in db.execute("SELECT id FROM person ORDER BY id").fetchall()},
    "strangers": rows("SELECT kind, count(*) FROM outbox WHERE person_id = 0 GROUP BY kind"),
    "blocks": rows("SELECT hex(lookup), purpose, reason FROM suppression ORDER BY lookup"),
}))
