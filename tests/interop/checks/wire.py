"""HTTP without a library that means well: what is sent is what is written here."""

import http.client
import json
from urllib.parse import urlsplit

from report import URL

ANN = {"Authorization": "Bearer ann"}
JSON = {"Content-Type": "application/json"}


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


def send(method, path, body=None, headers=None):
    """One request on a connection of its own. A `body` is JSON unless `headers` say otherwise; bytes go as they are."""
    host = urlsplit(URL)
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=20)
    headers = dict(ANN if headers is None else headers)
    if body is not None:
        headers = JSON | headers
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        connection.request(method, path, body, headers)
        return Reply(connection.getresponse())
    finally:
        connection.close()
