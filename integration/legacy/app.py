"""A Flask program with a log-in, as it was before it was moved.

The line of standard input is the JSON of its configuration. It prints its address, and ends with standard
input.
"""

import json
import os
import sys
import threading
from datetime import datetime, timezone

import flask
from flask import request, session
from markupsafe import Markup
from werkzeug.serving import WSGIRequestHandler, make_server

config = json.loads(sys.stdin.readline())
app = flask.Flask("old")
app.config.update(config)


@app.get("/login")
def login():
    session["user_id"] = int(request.args["id"])
    session["username"] = "hubo"
    session["visits"] = 3
    session["admin"] = True
    session["score"] = 9.5
    session["since"] = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    session["roles"] = ("editor", "author")
    session["cart"] = [{"SKU": "A1", "N": 2}, {"SKU": "B2", "N": 1}]
    session["prefs"] = {"lang": "de"}
    session["token"] = b"\x00\xffraw"
    session["_flash"] = [Markup("welcome"), "again"]
    session["theme"] = "dark"
    if "large" in request.args:
        session["filler"] = "lorem ipsum " * 200
    session.permanent = "permanent" in request.args
    return "in"


@app.get("/whoami")
def whoami():
    return str(session.get("user_id", 0))


class Quiet(WSGIRequestHandler):
    def log_request(self, *args):
        pass


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
print(server.server_address[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
