# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""bootd's web application: the routes, with one wall around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

try:
    from bottle import Bottle, HTTPError, response
except ImportError:
    Bottle = HTTPError = response = None

from ..process.faults import Contained
from ..runtime.services import Services
from . import api, configuration, images, metadata, replies, reports, scripts
from .middleware import Middleware
from .site import Environ, Site

Application = Callable[[Environ, Callable], Iterable[bytes]]


def create_app(services: Services, boot_files: Sequence[str], render: Callable[..., str]) -> Application:
    """Return the WSGI application; ``boot_files`` are directories, ``render`` makes a machine's iPXE script."""
    site = Site.of(services, boot_files, render)
    app = Bottle()
    app.install(_wall(services))
    # Images first: ``/ipxe/autoexec.ipxe`` also looks like ``/<mac>/autoexec.ipxe``, and the first match counts.
    for subject in (images, scripts, reports, configuration, metadata, api):
        subject.add_routes(app, site)
    for status in (400, 404, 405, 500):
        app.error(status)(_plain_error)
    return Middleware(app, site)


def _wall(services: Services) -> Callable:
    """Return the plugin that turns a fault in a route into a 500 and one line in the log."""
    contained = Contained("http", services.metrics, services.log)

    def plugin(callback: Callable) -> Callable:
        def route(*args: object, **kwargs: object) -> object:
            with contained:
                return callback(*args, **kwargs)
            return replies.text(500, "bootd has a fault; its log says more\n")

        return route

    return plugin


def _plain_error(error: HTTPError) -> bytes:
    response.content_type = "text/plain; charset=utf-8"
    return f"{error.status_line}\n".encode("latin-1", "replace")
