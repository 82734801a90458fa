// What a TypeScript client hears and says while an operation runs: questions, changes, progress, cancelling.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { check, same, URL_ } from './report.mjs';

const PATIENCE = 20_000;
const headers = { Authorization: 'Bearer ann', 'Content-Type': 'application/json' };
const scene = `${process.env.INTEROP_CHECKS}/scene.py`;

/** Starts `scene.py`, and gives the words of the line that it prints. */
async function staged(...words) {
  const child = spawn('python', [scene, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  return [line.split(' '), child];
}

const draft = async () => (await staged('draft'))[0];

/** What a draft became: its status, or 404. */
async function status(id) {
  const reply = await fetch(`${URL_}/api/invoices/${id}`, { headers });
  return reply.status === 200 ? (await reply.json()).status : reply.status;
}

const textOf = (result) => result.content[0]?.text;

const settled = () => new Promise((resolve) => setTimeout(resolve, 500));

function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('nothing in time')), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A client that did not say that it can be asked. */
export async function incapable(name, client, version) {
  await check(`${name}: a client that cannot be asked is told what is missing`, async () => {
    const [id] = await draft();
    const call = client.callTool({ name: 'invoices.delete', arguments: { id } });
    const [result, error] = await call.then((result) => [result], (error) => [undefined, error]);
    if (version >= '2026') {
      same([error?.code, error?.data?.requiredCapabilities], [-32021, { elicitation: { form: {} } }]);
    } else {
      same([result?.isError, JSON.parse(textOf(result)).code], [true, 'input_required']);
    }
    same(await status(id), 'draft');
  });
}

/** All that a client can do. `call(tool, arguments, options)` calls a tool, `user` answers and listens. */
export async function talk(name, version, client, call, user, overHttp) {
  const named = (text, body) => check(`${name}: ${text}`, body);

  await named('is asked, accepts, and the draft is deleted', async () => {
    const [id, number] = await draft();
    user.answer = { action: 'accept', content: { sure: true } };
    const result = await call('invoices.delete', { id });
    same([result.isError ?? false, await status(id)], [false, 404]);
    const { message, requestedSchema } = user.asked.pop();
    same([message.includes(number), Object.keys(requestedSchema.properties)], [true, ['sure']]);
  });

  await named('is asked, does not confirm, and nothing is deleted', async () => {
    const [id] = await draft();
    for (const answer of [{ action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { sure: false } }]) {
      user.answer = answer;
      const result = await call('invoices.delete', { id });
      same([result.isError, JSON.parse(textOf(result)).code], [true, 'not_confirmed']);
      same(await status(id), 'draft');
    }
  });

  await named('subscribes to an invoice, and hears that it was sent', async () => {
    const [id] = await draft();
    const uri = `invoices://${id}`;
    const changed = new Promise((resolve) => (user.changed = resolve));
    const listening = version >= '2026' && (await client.listen({ resourceSubscriptions: [uri] }));
    if (!listening) await client.subscribeResource({ uri });
    // Changes are told in the process that made them: on stdio that is the client's own.
    if (overHttp) same((await fetch(`${URL_}/api/invoices/${id}/send`, { method: 'POST', headers })).status, 200);
    else same((await call('invoices.send', { id })).isError ?? false, false);
    same(await inTime(changed), uri);
    await (listening ? listening.close() : client.unsubscribeResource({ uri }));
  });

  await named('hears how far the reminders are', async () => {
    // The client forgets the progress that it reads together with the answer: it may take several calls to hear of any.
    let heard = [];
    let written;
    for (let calls = 0; calls < 50 && heard.length === 0; calls += 1) {
      const onprogress = ({ progress, total }) => heard.push([progress, total]);
      const result = await call('reports.reminders', {}, { onprogress });
      written = JSON.parse(textOf(result)).reminders.length;
    }
    same([heard.length > 0, written > 0], [true, true]);
    same(heard.every(([done, total]) => done <= total && total === written), true);
    same(heard, [...heard].sort(([a], [b]) => a - b));
  });

  await named('withdraws a call, and nothing is sent', async () => {
    const [id] = await draft();
    const [, lock] = await staged('locked', id);
    try {
      const withdrawal = new AbortController();
      const sending = call('invoices.send', { id }, { signal: withdrawal.signal });
      const ended = sending.then(() => 'answered', () => 'withdrawn');
      await settled();
      withdrawal.abort();
      same(await inTime(ended), 'withdrawn');
      await settled();
    } finally {
      lock.stdin.end();
      await once(lock, 'exit');
    }
    same(await status(id), 'draft');
    same((await call('invoices.get', { id })).isError ?? false, false);
  });
}
