"""An SMTP server for the tests: writes each message it takes into a file, a line of JSON for each.

Usage: smtp_server.py FILE accept|refuse|busy [USER PASSWORD]

Its first line on standard output is the port. `refuse` takes no recipient, `busy` not the first; with a user and a
password it takes mail of that user only.
"""

import asyncio
import json
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, path, mode):
        self.path = path
        self.mode = mode

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mode == "refuse":
            return f"550 5.1.1 no mailbox {address}"
        if self.mode == "busy":
            self.mode = "accept"
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = {
            "helo": session.host_name,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "data": envelope.content.decode("utf-8"),
        }
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(message) + "\n")
        return f"250 2.0.0 queued for {envelope.rcpt_tos[0]}"


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (user.encode(), password.encode())
        # Not handled: the server writes the answer.
        return AuthResult(success=right, handled=right)

    return check


async def serve(path, mode, credentials):
    settings = {"enable_SMTPUTF8": True}
    if credentials:
        settings |= {"authenticator": authenticator(*credentials), "auth_required": True, "auth_require_tls": False}
    handler = Handler(path, mode)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, loop=loop, **settings), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], sys.argv[3:]))
