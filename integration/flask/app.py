"""Flask programs, one for each configuration, that do with flask.session what a request says.

The first line of standard input is a JSON object of configurations. All of them are served
at one address, which is printed, until standard input ends. A request names its
configuration in X-Config and the time, in Unix seconds, in X-Now; its body has an operation
in each line, and the answer is the JSON list of what they return.
"""

import json
import os
import sys
import threading
from datetime import datetime
from importlib.metadata import version

import flask
import flask.sessions
import itsdangerous
from flask import session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.serving import WSGIRequestHandler, make_server

now = 0


class Clock(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(now, tz)


# All that Flask asks for the time, of its own and of the signer's.
flask.sessions.datetime = Clock
itsdangerous.TimestampSigner.get_timestamp = lambda self: now


class FallbackInterface(SecureCookieSessionInterface):
    """SECRET_KEY_FALLBACKS for a Flask before 3.1."""

    def get_signing_serializer(self, app):
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.secret_keys = [*app.config.get("SECRET_KEY_FALLBACKS", []), *serializer.secret_keys]
        return serializer


DEFAULTS = {"theme": "light"}


class Reply:
    """What a script has done so far, and what it said of the response."""

    def __init__(self):
        self.results = []
        self.status = 200
        self.headers = {}
        self.cookies = []
        self.late = None

    def run(self, line):
        op, _, rest = line.partition(" ")
        key, _, value = rest.partition(" ")
        result = getattr(self, "op_" + op.replace("-", "_"))(key, value and json.loads(value))
        if op in ("get", "index", "has", "pop", "setdefault", "all", "is-permanent", "new", "modified", "accessed"):
            self.results.append(result)

    def op_get(self, key, _):
        return session.get(key, DEFAULTS.get(key))

    def op_index(self, key, _):
        return session[key]

    def op_has(self, key, _):
        return key in session

    def op_set(self, key, value):
        session[key] = value

    def op_setdefault(self, key, value):
        return session.setdefault(key, value)

    def op_pop(self, key, _):
        return session.pop(key, None)

    def op_append(self, key, value):
        session[key].append(value)

    def op_put(self, key, value):
        session[key].update(value)

    def op_poke(self, key, value):
        session[key][0] = value

    def op_clear(self, *_):
        session.clear()

    op_destroy = op_clear

    def op_permanent(self, value, _):
        session.permanent = json.loads(value)

    def op_is_permanent(self, *_):
        return session.permanent

    def op_new(self, *_):
        return session.new

    def op_modified(self, *_):
        return session.modified

    def op_accessed(self, *_):
        return session.accessed

    def op_modify(self, *_):
        session.modified = True

    def op_all(self, *_):
        state = {key: value for key, value in session.items() if key != "_permanent"}
        return {**state, "permanent": True} if session.permanent else state

    def op_status(self, value, _):
        self.status = int(value)

    def op_header(self, key, value):
        self.headers[key] = value

    def op_cookie(self, name, value):
        self.cookies.append((name, value))

    def op_raise(self, *_):
        raise RuntimeError("as asked")

    def op_late(self, key, value):
        self.late = key, value

    def body(self):
        yield json.dumps(self.results)
        if self.late:
            key, value = self.late
            session[key] = value


def serve_script(path=""):
    reply = Reply()
    for line in flask.request.get_data(as_text=True).splitlines():
        reply.run(line)
    body = flask.stream_with_context(reply.body()) if reply.late else "".join(reply.body())
    response = flask.Response(body, reply.status, reply.headers)
    for name, value in reply.cookies:
        response.set_cookie(name, value)
    return response


def make_app(config):
    app = flask.Flask(__name__)
    if "SECRET_KEY_FALLBACKS" not in app.config:
        app.session_interface = FallbackInterface()
    app.config.update(config)
    app.add_url_rule("/", view_func=serve_script, methods=["POST"])
    app.add_url_rule("/<path:path>", view_func=serve_script, methods=["POST"])
    return app


apps = {name: make_app(config) for name, config in json.loads(sys.stdin.readline()).items()}


def dispatch(environ, start_response):
    global now
    now = int(environ["HTTP_X_NOW"])
    return apps[environ["HTTP_X_CONFIG"]](environ, start_response)


class QuietHandler(WSGIRequestHandler):
    def log_request(self, *_):
        pass


def notices_every_use():
    """Whether the flag accessed is set by every use of the session, as of Flask 3.1.3."""
    app = make_app({"SECRET_KEY": "any"})
    with app.test_request_context():
        "key" in session
        return session.accessed


def end_with_input():
    sys.stdin.read()
    os._exit(0)


server = make_server("127.0.0.1", 0, dispatch, request_handler=QuietHandler)
threading.Thread(target=end_with_input, daemon=True).start()
hello = {
    "address": "127.0.0.1:%d" % server.server_port,
    "version": version("flask"),
    "partitioned": "SESSION_COOKIE_PARTITIONED" in flask.Flask.default_config,
    "notices_every_use": notices_every_use(),
}
print(json.dumps(hello), flush=True)
server.serve_forever()
