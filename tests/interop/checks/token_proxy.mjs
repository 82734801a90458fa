// Passes requests on with a token, for the conformance suite, which cannot send one. Prints its own address.

import http from 'node:http';

const [target, token] = process.argv.slice(2);
const { hostname, port } = new URL(target);

http
  .createServer((request, response) => {
    const headers = request.rawHeaders.concat('Authorization', `Bearer ${token}`);
    const { method, url: path } = request;
    const upstream = http.request({ hostname, port, method, path, headers, setHost: false }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  })
  .listen(0, '127.0.0.1', function () {
    console.log(`http://127.0.0.1:${this.address().port}`);
  });
