#!/usr/bin/python3
"""A submission server of foreign make (Debian's python3-aiosmtpd) on loopback: TLS and a login are demanded.

    smtpd.py --cert FILE --key FILE --user U --password P --sender ADDR --journal FILE [--implicit]

Prints "port N". Refuses another sender (553), recipients nobody@ (550) and busy@ (451). A line of JSON for each mail.
"""
import argparse
import asyncio
import email.policy
import json
import re
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

ask = argparse.ArgumentParser()
for name in ("cert", "key", "user", "password", "sender", "journal"):
    ask.add_argument(f"--{name}", required=True)
ask.add_argument("--implicit", action="store_true")
opt = ask.parse_args()


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address != opt.sender:
            return f"553 5.7.1 <{address}>: Sender address rejected: not owned by user"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        if address.startswith("busy@"):
            return "451 4.3.0 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        raw = envelope.content
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        defects = [str(d) for part in mail.walk() for d in part.defects]
        with open(opt.journal, "a") as f:
            f.write(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "authenticated": bool(session.authenticated),
                "tls": session.ssl is not None or opt.implicit, "bare": bool(re.search(rb"(?<!\r)\n|\r(?!\n)", raw)),
                "defects": defects, "subject": mail["Subject"], "text": mail.get_body(("plain",)).get_content()}) + "\n")
        return "250 2.0.0 queued"


def login(server, session, envelope, mechanism, data):
    right = data.login == opt.user.encode() and data.password == opt.password.encode()
    return AuthResult(success=right, handled=False)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(opt.cert, opt.key)
    how = {"auth_require_tls": False} if opt.implicit else {"tls_context": context, "require_starttls": True}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Handler(), hostname="mail.example.org", auth_required=True, authenticator=login, **how),
        "127.0.0.1", 0, ssl=context if opt.implicit else None)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())
