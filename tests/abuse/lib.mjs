// The service without a web server, for tests that ask it more than nginx lets through: serve and worker in a folder
// in memory, a FastCGI client, mails as files.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { formOf, mailParse, many, sleep, until } from '../e2e/lib.mjs';

export { formOf, many, sleep, until };
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const tool = (name) => path.resolve(root, process.env.ABUSE ?? 'build/abuse', name);
export const program = () => path.resolve(root, process.env.JAWORT ?? 'build/jawort');
export const HOST = 'www.example.org';

/** One site; more: lines that are added. */
export const site = (id, more = '') => `site: ${id}
base_url: https://${HOST}/${id}
origins: [https://${HOST}]
languages: [de, en]
controller: { name: Verein ${id}, legal_form: Verein, represented_by: Vorstand, address: [Gasse 1, 10115 Berlin], country: DE, state: BE, email: daten@example.org, imprint: "https://${HOST}/impressum" }
dpo: none
purposes:
  news: { channel: email, title: { de: Brief, en: Letter }, content: { de: Berichte, en: Reports }, frequency: { de: monatlich, en: monthly } }
  trips: { channel: email, title: { de: Fahrten, en: Trips }, content: { de: Ausfahrten, en: Rides }, frequency: { de: monatlich, en: monthly } }
forms:
  news: { purposes: [news], fields: [first_name?, last_name?, organization?], fields_reason: für die Anrede }
  trips: { purposes: [trips] }
  both: { purposes: [news, trips] }
  third: { purposes: [news] }
mail:
  from: { name: Verein, email: post@example.org }
  route: [dir]
  dir: { path: ../mails }
hosting: self
${more.includes('evidence:') ? '' : 'evidence: { anchor_mail: none }\n'}mode: live
${more}`;

export class Service {
  /** sites: {id: yaml}; budgets: text in braces. */
  constructor({ sites = { club: site('club') }, budgets = 'per_prefix: 1000000/1h, per_site: 1000000/1h' } = {}) {
    this.dir = fs.mkdtempSync(path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : '/tmp', 'jawort-abuse-'));
    this.socket = path.join(this.dir, 's');
    this.conf = path.join(this.dir, 'jawort.yaml');
    fs.mkdirSync(path.join(this.dir, 'sites'));
    fs.writeFileSync(this.conf, `data: data\nkeys: keys\nsites: sites/*.yaml\nlisten: unix:${this.socket}\nbudgets: { ${budgets} }\n`);
    for (const [id, text] of Object.entries(sites)) fs.writeFileSync(path.join(this.dir, 'sites', `${id}.yaml`), text);
    this.children = [];
  }

  #run(bin, verb, env) { return this.run(bin, [verb, '-c', this.conf], verb, env); }

  /** A child of this service that end() ends; its words are in name.log. */
  run(bin, args, name, env = {}) {
    const log = fs.openSync(path.join(this.dir, `${name}.log`), 'a');
    const child = spawn(bin, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
    fs.closeSync(log);
    child.ended = new Promise((done) => child.on('exit', (code, signal) => done(signal ?? code)));
    this.children.push(child);
    return child;
  }

  async start({ bin = program(), env = {}, worker = true } = {}) {
    this.#run(bin, 'serve', env);
    await until('the service', 20_000, async () => (await this.get('/').catch(() => null))?.status === 404);
    if (worker) this.#run(bin, 'worker', env);
    return this;
  }

  async end() {
    for (const c of this.children) c.kill('SIGTERM');
    for (const c of this.children) assert.equal(await c.ended, 0, this.log('serve').slice(-2000));
    this.children = [];
  }

  async remove() {
    for (const c of this.children) c.kill('SIGKILL');
    await Promise.all(this.children.map((c) => c.ended));
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  log(verb) { return fs.readFileSync(path.join(this.dir, `${verb}.log`), 'utf8'); }

  jawort(...args) {
    const r = spawnSync(program(), [...args, '-c', this.conf], { encoding: 'utf8', maxBuffer: 64 << 20 });
    return { code: r.status, out: r.stdout, err: r.stderr };
  }

  person(address, id) {
    const r = this.jawort('person', 'find', address, '--json', ...(id ? ['--site', id] : []));
    if (r.code === 1 && /nothing is held/.test(r.err)) return null;
    assert.equal(r.code, 0, r.err);
    return JSON.parse(r.out);
  }

  mails() {
    const dir = path.join(this.dir, 'mails');
    if (!fs.existsSync(dir)) return [];
    return fs.readdirSync(dir).filter((f) => f.endsWith('.eml')).sort().map((f) => mailParse(path.join(dir, f)));
  }
  mail(to, n = 1) { return until(`mail ${n} to ${to}`, 20_000, () => this.mails().filter((m) => m.to.includes(to))[n - 1]); }
  /** Nothing of this site waits to be worked on or sent. */
  async quietOf(id) {
    await until(`an empty outbox of ${id}`, 120_000, async () => {
      const x = JSON.parse(this.jawort('status', '--json', '--site', id).out).sites[0];
      return x.up && x.intake === 0 && x.outbox.queued + x.outbox.sending === 0;
    });
  }

  get(uri, o) { return this.request('GET', uri, o); }
  post(uri, fields, o = {}) {
    const body = typeof fields === 'string' || Buffer.isBuffer(fields) ? fields : new URLSearchParams(fields).toString();
    return this.request('POST', uri, { ...o, body });
  }

  /** One request on a connection of its own; headers as FastCGI parameters. */
  request(method, uri, { body = '', from = '192.0.2.7', params = {}, type = 'application/x-www-form-urlencoded' } = {}) {
    const bytes = Buffer.from(body);
    const all = Object.entries({
      REQUEST_METHOD: method, REQUEST_URI: uri, QUERY_STRING: uri.split('?')[1] ?? '', SERVER_PROTOCOL: 'HTTP/1.1', HTTP_HOST: HOST,
      HTTPS: 'on', REMOTE_ADDR: from, CONTENT_LENGTH: method === 'POST' ? String(bytes.length) : '', CONTENT_TYPE: method === 'POST' ? type : '', ...params,
    });
    const parts = [];
    for (let at = 0; at < bytes.length; at += 32768) parts.push(record(5, bytes.subarray(at, at + 32768)));
    const out = Buffer.concat([record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])), record(4, Buffer.concat(all.map(pair))), record(4, Buffer.alloc(0)),
      ...parts, record(5, Buffer.alloc(0))]);
    return new Promise((done, failed) => {
      const got = [];
      const c = net.connect(this.socket, () => c.write(out));
      c.setTimeout(20_000, () => c.destroy(new Error('no answer')));
      c.on('data', (d) => got.push(d));
      c.on('error', failed);
      c.on('close', () => { try { done(answer(Buffer.concat(got))); } catch (e) { failed(e); } });
    });
  }
}

function record(type, body) {
  const head = Buffer.alloc(8);
  head.writeUInt8(1, 0); head.writeUInt8(type, 1); head.writeUInt16BE(1, 2); head.writeUInt16BE(body.length, 4);
  return Buffer.concat([head, body]);
}
const length = (n) => (n < 128 ? Buffer.from([n]) : Buffer.from([0x80 | (n >>> 24), (n >>> 16) & 255, (n >>> 8) & 255, n & 255]));
const pair = ([name, value]) => { const v = Buffer.from(value); return Buffer.concat([length(name.length), length(v.length), Buffer.from(name), v]); };

function answer(bytes) {
  const out = [];
  let whole = false;
  for (let at = 0; at + 8 <= bytes.length;) {
    const n = bytes.readUInt16BE(at + 4);
    if (bytes[at + 1] === 6) out.push(bytes.subarray(at + 8, at + 8 + n));
    if (bytes[at + 1] === 3) whole = true;
    at += 8 + n + bytes[at + 6];
  }
  assert.ok(whole, 'an answer to its end');
  const text = Buffer.concat(out).toString('utf8'), end = text.indexOf('\r\n\r\n');
  const headers = Object.fromEntries(text.slice(0, end).split('\r\n').map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
  return { status: Number.parseInt(headers.status ?? '200', 10), headers, body: text.slice(end + 4), raw: text };
}

/** Path of a link in a mail, as the service sees it. */
export const at = (link) => new URL(link).pathname;
