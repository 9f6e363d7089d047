// 100 times kill -9 of serve and of worker under load: whatever was acknowledged is found afterwards, and no
// mail exists without its event. (A kill tests the order of writes, not the disk: the page cache survives it.)
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { confCopy, formOf, mailParse, sleep, until } from '../e2e/lib.mjs';

const KILLS = 100;
const CLIENTS = 8;
const CLIENT_PAUSE_MS = 40; // enough for a load, few enough mails to look at each of them
const here = path.dirname(fileURLToPath(import.meta.url));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-kill-'));
const conf = path.join(dir, 'conf/jawort.yaml');
const socket = path.join(dir, 's.sock');
const bin = path.resolve(here, '../..', process.env.JAWORT ?? 'build/jawort');
const children = new Set();

after(() => {
  for (const c of children) c.kill('SIGKILL');
  fs.rmSync(dir, { recursive: true, force: true });
});

function run(verb) {
  const out = fs.openSync(path.join(dir, `${verb}.log`), 'a');
  const child = spawn(bin, [verb, '-c', conf], { stdio: ['ignore', 'ignore', out] });
  fs.closeSync(out);
  children.add(child);
  child.ended = new Promise((done) => child.on('exit', (code, signal) => { children.delete(child); done(signal ?? code); }));
  return child;
}

// --- a FastCGI client: one request, one connection --------------------------------------------------------

function record(type, body) {
  const head = Buffer.alloc(8);
  head.writeUInt8(1, 0); head.writeUInt8(type, 1); head.writeUInt16BE(1, 2); head.writeUInt16BE(body.length, 4);
  return Buffer.concat([head, body]);
}
const length = (n) => (n < 128 ? Buffer.from([n]) : Buffer.from([0x80 | (n >>> 24), (n >>> 16) & 255, (n >>> 8) & 255, n & 255]));
const pair = ([name, value]) => Buffer.concat([length(name.length), length(Buffer.byteLength(value)), Buffer.from(name), Buffer.from(value)]);

function fastcgi(method, uri, body = '') {
  const params = Object.entries({
    REQUEST_METHOD: method, REQUEST_URI: uri, QUERY_STRING: uri.split('?')[1] ?? '', SERVER_PROTOCOL: 'HTTP/1.1', HTTP_HOST: 'localhost:8080',
    REMOTE_ADDR: `10.${Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}.9`, CONTENT_LENGTH: String(Buffer.byteLength(body)), CONTENT_TYPE: body ? 'application/x-www-form-urlencoded' : '',
    HTTP_ORIGIN: 'http://localhost:8080',
  });
  const bytes = Buffer.concat([
    record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])), record(4, Buffer.concat(params.map(pair))), record(4, Buffer.alloc(0)),
    ...(body ? [record(5, Buffer.from(body))] : []), record(5, Buffer.alloc(0)),
  ]);
  return new Promise((done) => {
    const parts = [];
    const c = net.connect(socket, () => c.write(bytes));
    c.setTimeout(5000, () => c.destroy());
    c.on('data', (d) => parts.push(d));
    c.on('error', () => {});
    c.on('close', () => done(answer(Buffer.concat(parts))));
  });
}

/** What the store holds about each: {email, kinds}; kinds is null where nothing is held. */
function everybody(addresses) {
  const look = path.join(path.dirname(bin), 'fault/look');
  const r = spawnSync(look, [path.join(dir, 'data/demo'), path.join(dir, 'keys/demo.keys'), 'demo'],
    { input: `${addresses.join('\n')}\n`, encoding: 'utf8', maxBuffer: 256 << 20 });
  assert.equal(r.status, 0, r.stderr);
  return r.stdout.trim().split('\n').map((line) => {
    const [email, state, kinds = ''] = line.split('\t');
    return { email, kinds: state === '-' ? null : kinds.split(',') };
  });
}

/** Status and body; null where the answer did not arrive whole. */
function answer(bytes) {
  let out = Buffer.alloc(0), whole = false;
  for (let at = 0; at + 8 <= bytes.length;) {
    const type = bytes[at + 1], n = bytes.readUInt16BE(at + 4), pad = bytes[at + 6];
    if (at + 8 + n > bytes.length) break;
    if (type === 6) out = Buffer.concat([out, bytes.subarray(at + 8, at + 8 + n)]);
    if (type === 3) whole = true;
    at += 8 + n + pad;
  }
  if (!whole) return null;
  const text = out.toString('utf8');
  return { status: Number(/^Status: (\d+)/im.exec(text)?.[1] ?? 200), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
}

test(`${KILLS} kills under load lose nothing`, { timeout: 170_000 }, async () => {
  confCopy(dir, 8080);
  // The owner's daily mail about the log is nobody's sign-up.
  const demo = path.join(dir, 'conf/sites/demo.yaml');
  fs.writeFileSync(demo, fs.readFileSync(demo, 'utf8').replace('evidence: { ip: truncated }', 'evidence: { ip: truncated, anchor_mail: none }'));
  fs.writeFileSync(conf, fs.readFileSync(conf, 'utf8').replace(/^listen:.*$/m, `listen: unix:${socket}`)
    .replace(/^budgets:.*$/m, 'budgets: { per_prefix: 1000000/1h, per_site: 1000000/24h }'));
  let serve = run('serve'), worker;
  const page = await until('the form', 20_000, async () => { const r = await fastcgi('GET', '/j/s/news?lang=de'); return r?.status === 200 && r; });
  worker = run('worker');
  const fields = formOf(page.body).fields;

  const acknowledged = [];
  const statuses = {};
  let stop = false, number = 0;
  const client = async () => {
    while (!stop) {
      const email = `k${number += 1}@example.org`;
      const all = new URLSearchParams(fields);
      all.set('email', email);
      const r = await fastcgi('POST', '/j/s/news', all.toString());
      statuses[r?.status ?? 'cut'] = (statuses[r?.status ?? 'cut'] ?? 0) + 1;
      if (r?.status === 303) acknowledged.push(email);
      await sleep(CLIENT_PAUSE_MS);
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  for (let i = 0; i < KILLS; i += 1) {
    await sleep(60 + ((i * 37) % 140));
    const kill = async (child, verb) => { child.kill('SIGKILL'); await child.ended; return run(verb); };
    if (i % 4 !== 3) serve = await kill(serve, 'serve');
    if (i % 4 !== 1) worker = await kill(worker, 'worker');
    // both must come up again; the next kill waits for the socket only, so it may hit a start
    await until('serve', 20_000, () => new Promise((done) => { const c = net.connect(socket, () => { c.end(); done(true); }); c.on('error', () => done(false)); }));
  }
  await sleep(300);
  stop = true;
  await Promise.all(clients);
  assert.ok(acknowledged.length > 500, `a load worth the name: ${acknowledged.length} acknowledged, ${JSON.stringify(statuses)}`);

  serve.kill('SIGTERM');
  worker.kill('SIGTERM');
  assert.equal(await serve.ended, 0, 'serve ends cleanly');
  assert.equal(await worker.ended, 0, 'worker ends cleanly');

  // what a crash left in the intake becomes persons and mails
  await until('the rest to be sent', 90_000, async () => {
    const once = spawn(bin, ['worker', '--once', '-c', conf], { stdio: 'ignore' });
    await new Promise((done) => once.on('exit', done));
    return everybody(acknowledged).every((x) => x.kinds?.includes('mail_accepted'));
  });
  const mails = path.join(dir, 'mails');
  const sent = new Map(fs.readdirSync(mails).filter((f) => f.endsWith('.eml')).map((f) => { const m = mailParse(path.join(mails, f)); return [m.to, m]; }));
  const persons = everybody([...new Set([...acknowledged, ...sent.keys()])]);
  const wrong = [];
  for (const { email, kinds } of persons) {
    if (!kinds) wrong.push(`${email}: acknowledged, but nothing is held`);
    else if (!kinds.includes('requested')) wrong.push(`${email}: no event of the request`);
    else if (kinds.some((k) => k.endsWith('!'))) wrong.push(`${email}: evidence does not verify: ${kinds}`);
    else if (sent.has(email) && !kinds.includes('mail_accepted')) wrong.push(`${email}: a mail without its event`);
    else if (!sent.has(email)) wrong.push(`${email}: no mail`);
  }
  assert.deepEqual(wrong.slice(0, 20), []);
  console.log(`${acknowledged.length} acknowledged sign-ups, ${sent.size} mails, answers ${JSON.stringify(statuses)}`);
});
