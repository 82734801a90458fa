// The official TypeScript clients sign in by themselves: v2 in both eras, and v1; the local issuer asks nobody.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { check, same, URL_ } from './report.mjs';

const MCP = `${URL_}/mcp`;
const REDIRECT = 'http://127.0.0.1:1/callback';

const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

function issued(...given) {
  const options = { cwd: process.env.INTEROP_FOLDER, encoding: 'utf8', timeout: 20_000 };
  return execFileSync(process.env.INTEROP_PROGRAM, ['token', 'ann', ...given], options).trim();
}

/** What an application keeps for its client, and the browser that it opens. */
class Application {
  asked = [];

  constructor(token) {
    this.own = token && { access_token: token, token_type: 'Bearer', scope: claims(token).scope };
  }
  get redirectUrl() {
    return REDIRECT;
  }
  get clientMetadata() {
    return {
      client_name: 'Interop',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }
  state() {
    return (this.sent = randomUUID());
  }
  clientInformation() {
    return this.client;
  }
  saveClientInformation(client) {
    this.client = client;
  }
  tokens() {
    return this.own;
  }
  saveTokens(tokens) {
    this.own = tokens;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
  async redirectToAuthorization(url) {
    this.asked.push(url);
    const reply = await fetch(url, { redirect: 'manual' });
    same(reply.status, 302);
    this.answer = new URL(reply.headers.get('location'));
    same([this.answer.origin + this.answer.pathname, this.answer.searchParams.get('state')], [REDIRECT, this.sent]);
  }
}

const self = { name: 'interop', version: '1' };
const kinds = [
  ['2026-07-28', () => new Client(self, { versionNegotiation: { mode: 'auto' } }), StreamableHTTPClientTransport],
  ['2025-11-25', () => new Client(self, { versionNegotiation: { mode: 'legacy' } }), StreamableHTTPClientTransport],
  ['SDK v1', () => new ClientV1(self), TransportV1],
];

/** Does what needs a token; what comes of the browser is given to the client, which then does it again. */
async function signingIn(application, transport, work) {
  try {
    return await work();
  } catch (error) {
    if (!application.answer) throw error;
    const { searchParams } = application.answer;
    application.answer = undefined;
    await transport.finishAuth(...(transport instanceof TransportV1 ? [searchParams.get('code')] : [searchParams]));
    return work();
  }
}

async function connected(application, client, Transport) {
  const transport = () => new Transport(new URL(MCP), { authProvider: application });
  const first = transport();
  try {
    await client.connect(first);
    return { client, transport: first };
  } catch (error) {
    if (!application.answer) throw error;
    const { searchParams } = application.answer;
    application.answer = undefined;
    await first.finishAuth(...(Transport === TransportV1 ? [searchParams.get('code')] : [searchParams]));
    const second = transport();
    await client.connect(second);
    return { client, transport: second };
  }
}

for (const [version, make, Transport] of kinds) {
  const named = (text) => `TypeScript client, ${version}, signing in: ${text}`;
  const application = new Application();

  await check(named('finds the issuer, registers, signs in, lists and calls a tool'), async () => {
    const { client } = await connected(application, make(), Transport);
    const { tools } = await client.listTools();
    const got = await client.callTool({ name: 'invoices.list', arguments: { page_size: 1 } });
    same([tools.some((tool) => tool.name === 'invoices.list'), got.isError ?? false], [true, false]);
    await client.close();
  });

  await check(named('is given a token for this endpoint alone'), async () => {
    const { sub, aud, iss } = claims(application.own.access_token);
    same([sub, aud, iss], ['ann', MCP, `${URL_}/issuer`]);
    same(application.asked[0].searchParams.get('resource'), MCP);
  });

  await check(named('refreshes a token that is not good any more'), async () => {
    const before = application.own;
    application.own = { ...before, access_token: issued('--audience', MCP, '--expires', '1s').replace(/.$/, '!') };
    const { client } = await connected(application, make(), Transport);
    const got = await client.callTool({ name: 'invoices.list', arguments: { page_size: 1 } });
    same([got.isError ?? false, application.asked.length], [false, 1]);
    same(application.own.refresh_token !== before.refresh_token, true);
    await client.close();
  });

  await check(named('steps up when a scope is missing'), async () => {
    const narrow = new Application(issued('--scope', 'invoices:read', '--audience', MCP));
    const { client, transport } = await connected(narrow, make(), Transport);
    const name = 'customers.create';
    const call = () => client.callTool({ name, arguments: { name: 'Grace', email: `${randomUUID()}@example.com` } });
    const got = await signingIn(narrow, transport, call);
    same([got.isError ?? false, narrow.asked.length], [false, 1]);
    same(claims(narrow.own.access_token).scope.includes('invoices:write'), true);
    await client.close();
  });
}
