# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""bootd's web application (WSGI): all routes, a 500 where one of them has a fault, and the middleware."""

from __future__ import annotations

from collections.abc import Callable, Sequence

try:
    from bottle import Bottle, HTTPError, response
except ImportError:
    pass

from ..process.faults import Contained
from ..runtime.services import Services
from . import api, configuration, images, metadata, reports, responses, scripts
from .middleware import Application, Middleware
from .site import Explain, Render, Site

Route = Callable[..., object]


def create_app(
    services: Services, boot_files: Sequence[str], render: Render, explain: Explain | None = None
) -> Application:
    """Return the WSGI application; ``boot_files`` are directories, ``render`` makes a machine's iPXE script.

    ``explain`` tells what a machine would get next.
    """
    site = Site.of(services, boot_files, render, explain)
    app = Bottle()
    app.install(_contain_faults(services))
    # Images first: ``/ipxe/autoexec.ipxe`` also looks like ``/<mac>/autoexec.ipxe``, and the first match counts.
    for subject in (images, scripts, reports, configuration, metadata, api):
        subject.add_routes(app, site)
    for status in (400, 404, 405, 500):
        app.error(status)(_plain_error)
    return Middleware(app, site)


def _contain_faults(services: Services) -> Callable[[Route], Route]:
    """Return the plugin that turns a fault in a route into a 500 and one line in the log."""
    contained = Contained("http", services.metrics, services.log)

    def plugin(callback: Route) -> Route:
        def route(*args: object, **kwargs: object) -> object:
            with contained:
                return callback(*args, **kwargs)
            return responses.text(500, "bootd has a fault; its log says more\n")

        return route

    return plugin


def _plain_error(error: HTTPError) -> bytes:
    response.content_type = "text/plain; charset=utf-8"
    return f"{error.status_line}\n".encode("latin-1", "replace")
