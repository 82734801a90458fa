// The official TypeScript clients: v2 in both eras, and v1, which most hosts still ship; over HTTP and over stdio.

import { Client, ResourceNotFoundError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { randomUUID } from 'node:crypto';
import { check, same, URL_ } from './report.mjs';
import { incapable, talk } from './talking.mjs';

const WRONG = { name: '', email: 'nowhere' };
const NOBODY = '00000000-0000-0000-0000-000000000000';
const headers = { Authorization: 'Bearer ann' };
const self = { name: 'interop', version: '1' };

async function rest(path, body) {
  const sent = body && { method: 'POST', body: JSON.stringify(body) };
  const reply = await fetch(`${URL_}${path}`, { ...sent, headers: { ...headers, 'Content-Type': 'application/json' } });
  return reply.json();
}

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
for (const format of ['int32', 'int64', 'uint32', 'uint64']) ajv.addFormat(format, true);

/** The structured content of a result: as its schema says, and as its text says. */
function structured(tool, result) {
  if (result.isError) throw new Error(result.content[0].text);
  if (!ajv.validate(tool.outputSchema, result.structuredContent)) throw new Error(ajv.errorsText());
  same(JSON.parse(result.content[0].text), result.structuredContent);
  return result.structuredContent;
}

async function toolsOf(client) {
  const tools = new Map();
  let cursor;
  do {
    const page = await client.listTools(cursor && { cursor });
    for (const tool of page.tools) tools.set(tool.name, tool);
    cursor = page.nextCursor;
  } while (cursor);
  return tools;
}

async function refused(promise) {
  const refusal = await promise.then(() => undefined, (error) => error);
  if (!refusal) throw new Error('it was not refused');
  return refusal;
}

async function run(name, client, version, spoken) {
  const named = (text, body) => check(`${name}, ${version}: ${text}`, body);
  const [row] = (await rest('/api/invoices?status=sent&page_size=1')).items;
  let tools = new Map();

  await named('connects', () => same([spoken(), client.getServerVersion()?.name], [version, 'invoices']));

  await named('lists the operations of the OpenAPI document as tools', async () => {
    tools = await toolsOf(client);
    const { paths } = await rest('/openapi.json');
    const operations = Object.values(paths).flatMap(Object.values).map((operation) => operation.operationId);
    operations.splice(operations.indexOf('reports.overdue_csv'), 1); // `.tool(false)`
    same([...tools.keys()].sort(), operations.sort());
  });

  await named('calls invoices.list', async () => {
    const wanted = { status: ['sent'], order: ['-amount'], page_size: 2 };
    const got = await client.callTool({ name: 'invoices.list', arguments: wanted });
    const expected = await rest('/api/invoices?status=sent&order=-amount&page_size=2');
    same(structured(tools.get('invoices.list'), got), expected);
  });

  await named('calls customers.create', async () => {
    const wanted = { name: 'Grace', email: `${randomUUID()}@example.com` };
    const got = structured(
      tools.get('customers.create'),
      await client.callTool({ name: 'customers.create', arguments: wanted }),
    );
    same(await rest(`/api/customers/${got.id}`), got);
  });

  await named('is told what is wrong with both fields, in the words of REST', async () => {
    const got = await client.callTool({ name: 'customers.create', arguments: WRONG });
    same([got.isError, got.structuredContent], [true, undefined]);
    const problem = JSON.parse(got.content[0].text);
    same(problem.errors.map((error) => error.pointer).sort(), ['/email', '/name']);
    same(problem, await rest('/api/customers', WRONG));
  });

  await named('an unknown tool is -32602', async () => {
    same((await refused(client.callTool({ name: 'nope', arguments: {} }))).code, -32602);
  });

  await named('lists the resource templates', async () => {
    const { resourceTemplates } = await client.listResourceTemplates();
    const uris = resourceTemplates.map((template) => template.uriTemplate).sort();
    const listed = 'invoices://list{?status*,customer_id,number,search,fields*,include,order,page,page_size}';
    same(uris, ['customers://{id}', listed, 'invoices://{id}']);
  });

  await named('reads an invoice', async () => {
    const uri = `invoices://${row.id}`;
    const { contents } = await client.readResource({ uri });
    same(contents.map((content) => [content.uri, content.mimeType]), [[uri, 'application/json']]);
    same(JSON.parse(contents[0].text), await rest(`/api/invoices/${row.id}`));
  });

  await named('reads a list with its filter, order and page', async () => {
    const query = 'status=sent&order=-amount&page_size=2';
    const { contents } = await client.readResource({ uri: `invoices://list?${query}` });
    same(JSON.parse(contents[0].text), await rest(`/api/invoices?${query}`));
  });

  await named('a resource that is not there is named in the error', async () => {
    const uri = `invoices://${NOBODY}`;
    const error = await refused(client.readResource({ uri }));
    same(error.data, { uri });
    // v2 has a class of its own for it, with one code for both eras; v1 shows the code that was sent.
    same(error instanceof ResourceNotFoundError || error.code === -32002, true);
  });

  await named('lists the prompt', async () => {
    const { prompts } = await client.listPrompts();
    const shown = prompts.map(({ name, title, arguments: given }) => [name, title, given.map(({ name }) => name)]);
    same(shown, [['dunning_letter', 'Dunning letter', ['number', 'tone']]]);
  });

  await named('gets the prompt, with the invoice embedded', async () => {
    const { messages } = await client.getPrompt({ name: 'dunning_letter', arguments: { number: row.number } });
    const { resource } = messages[1].content;
    const read = await rest(`/api/invoices/${row.id}`);
    // What can be done now is said to who reads, and not kept in letters.
    const shown = { ...JSON.parse(resource.text), actions: read.actions };
    same([resource.uri, shown], [`invoices://${row.id}`, read]);
  });

  await named("completes the prompt's arguments", async () => {
    const ref = { type: 'ref/prompt', name: 'dunning_letter' };
    const complete = async (name, value) => (await client.complete({ ref, argument: { name, value } })).completion;
    same(await complete('number', row.number), { values: [row.number], total: 1, hasMore: false });
    same((await complete('tone', 'fi')).values, ['firm', 'final']);
  });

  await named('a prompt that lacks an argument is -32602', async () => {
    same((await refused(client.getPrompt({ name: 'dunning_letter' }))).code, -32602);
  });
}

/** Connects, runs the checks, and ends the session as a well-behaved client does. */
async function using(name, client, transport, version, spoken) {
  await client.connect(transport);
  await run(name, client, version, () => spoken(client, transport));
  await incapable(`${name}, ${version}`, client, version);
  await check(`${name}, ${version}: ends its session`, async () => {
    await transport.terminateSession?.();
    await client.close();
  });
}

const endpoint = new URL(`${URL_}/mcp`);
const eras = [['auto', '2026-07-28'], ['legacy', '2025-11-25']];
const canBeAsked = { capabilities: { elicitation: { form: {} } } };
// The program itself, started by the client, on the same database.
const env = { ...process.env, DIPTYCH_USER: 'ann' };
const program = { command: process.env.INTEROP_PROGRAM, args: ['stdio'], env, stderr: 'inherit' };

/** Registers what the client does when it is asked and told, and runs the checks of conversations. */
async function talking(name, client, transport, version, names, overHttp) {
  const user = { asked: [], changed: () => {} };
  client.setRequestHandler(names.elicit, (request) => {
    user.asked.push(request.params);
    return user.answer;
  });
  client.setNotificationHandler(names.updated, ({ params }) => user.changed(params.uri));
  await client.connect(transport);
  const call = (tool, given, options) => {
    const wanted = { name: tool, arguments: given };
    return client instanceof ClientV1 ? client.callTool(wanted, undefined, options) : client.callTool(wanted, options);
  };
  await talk(`${name}, ${version}`, version, client, call, user, overHttp);
  await transport.terminateSession?.();
  await client.close();
}

const names = { elicit: 'elicitation/create', updated: 'notifications/resources/updated' };
for (const [mode, version] of eras) {
  const client = (options) => new Client(self, { ...options, versionNegotiation: { mode } });
  const http = () => new StreamableHTTPClientTransport(endpoint, { requestInit: { headers } });
  const spoken = (client) => client.getNegotiatedProtocolVersion();
  await using('TypeScript client', client(), http(), version, spoken);
  await talking('TypeScript client', client(canBeAsked), http(), version, names, true);
  await using('TypeScript client over stdio', client(), new StdioClientTransport(program), version, spoken);
  const pipes = new StdioClientTransport(program);
  await talking('TypeScript client over stdio', client(canBeAsked), pipes, version, names, false);
}

const namesV1 = { elicit: ElicitRequestSchema, updated: ResourceUpdatedNotificationSchema };
const http = () => new TransportV1(endpoint, { requestInit: { headers } });
await using('TypeScript SDK v1', new ClientV1(self), http(), '2025-11-25', (_, transport) => transport.protocolVersion);
await talking('TypeScript SDK v1', new ClientV1(self, canBeAsked), http(), '2025-11-25', namesV1, true);
let agreed;
const pipes = new StdioV1(program);
pipes.setProtocolVersion = (version) => (agreed = version); // the client tells its transport, and nobody else
await using('TypeScript SDK v1 over stdio', new ClientV1(self), pipes, '2025-11-25', () => agreed);
const again = new StdioV1(program);
await talking('TypeScript SDK v1 over stdio', new ClientV1(self, canBeAsked), again, '2025-11-25', namesV1, false);
