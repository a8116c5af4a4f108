"""Serves the example with a WSGI server that has no command: `serving_wsgi NAME HOST:PORT|PATH`."""

import asyncio
import socket
import sys
from wsgiref.simple_server import make_server

import cheroot.wsgi
import eventlet.wsgi
import gevent.pywsgi
import gevent.socket
import tornado.httpserver
import tornado.netutil
import tornado.wsgi
import twisted.web.server
import twisted.web.wsgi
import werkzeug.serving
from twisted.internet import reactor

from example_project.wsgi import application


def serve_cheroot(address):
    cheroot.wsgi.Server(address, application).start()


def serve_tornado(address):
    async def serve():
        server = tornado.httpserver.HTTPServer(tornado.wsgi.WSGIContainer(application))
        if isinstance(address, str):
            server.add_socket(tornado.netutil.bind_unix_socket(address))
        else:
            server.listen(address[1], address[0])
        await asyncio.Event().wait()

    asyncio.run(serve())


def serve_twisted(address):
    resource = twisted.web.wsgi.WSGIResource(reactor, reactor.getThreadPool(), application)
    reactor.listenTCP(address[1], twisted.web.server.Site(resource), interface=address[0])
    reactor.run()


def serve_wsgiref(address):
    make_server(*address, application).serve_forever()


def serve_werkzeug(address):
    host, port = (f"unix://{address}", 0) if isinstance(address, str) else address
    werkzeug.serving.run_simple(host, port, application, threaded=True)


def serve_gevent(address):
    listener = address
    if isinstance(address, str):
        listener = gevent.socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(50)
    gevent.pywsgi.WSGIServer(listener, application).serve_forever()


def serve_eventlet(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    eventlet.wsgi.server(eventlet.listen(address, family=family), application)


if __name__ == "__main__":
    _, name, where = sys.argv
    host, _, port = where.rpartition(":")
    globals()[f"serve_{name}"](where if where.startswith("/") else (host, int(port)))
