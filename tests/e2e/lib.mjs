// What every end-to-end test needs: the service as `make run` starts it, an HTTP client that adds nothing of
// its own, the mails, the command line, and Chromium.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
// A build with sanitizers, whose clock can be shifted; JAWORT names another one.
export const program = path.resolve(root, process.env.JAWORT ?? 'build-asan/jawort');
const START_MAX_MS = 60_000;
const MAIL_MAX_MS = 10_000;
/** So long a condition is waited for at least, whatever its test says: a busy machine is no fault of the program. */
const PATIENCE_MS = 60_000;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Findings as a list that can be read. */
export function none(found) {
  if (found.length) assert.fail(`${found.length} findings:\n  ${found.slice(0, 60).join('\n  ')}`);
}

export async function until(what, limitMs, fn) {
  const patience = Math.max(limitMs, PATIENCE_MS), end = Date.now() + patience;
  for (;;) {
    const got = await fn();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited ${patience} ms for ${what}`);
    await sleep(30);
  }
}

async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export function confCopy(dir, port, extraSites = {}) {
  fs.cpSync(path.join(root, 'demo/conf'), path.join(dir, 'conf'), { recursive: true });
  for (const [name, text] of Object.entries(extraSites))
    fs.writeFileSync(path.join(dir, 'conf/sites', name), text.replaceAll('@PORT@', String(port)));
}

/**
 * Starts tools/run.sh in a folder of its own. extraSites: {"firm.yaml": text with @PORT@}; env: more variables;
 * dir, port: of a service that was stopped, to start it again on its data.
 */
export async function start({ extraSites = {}, env = {}, dir, port } = {}) {
  const s = { port: port ?? (await freePort()), fresh: !dir };
  s.dir = dir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-e2e-'));
  s.url = `http://localhost:${s.port}`;
  if (s.fresh) confCopy(s.dir, s.port, extraSites);
  s.conf = path.join(s.dir, 'conf/jawort.yaml');
  s.out = '';
  s.child = spawn('sh', ['tools/run.sh'], {
    cwd: root,
    env: { ...process.env, ...env, PORT: String(s.port), RUN: s.dir, JAWORT: program },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that fails before it stops its service still ends, and takes the service with it.
  for (const handle of [s.child, s.child.stdout, s.child.stderr]) handle.unref();
  process.on('exit', () => s.child.kill('SIGTERM'));
  s.child.stdout.on('data', (d) => (s.out += d));
  s.child.stderr.on('data', (d) => (s.out += d));
  s.ended = new Promise((done) => s.child.on('exit', (code) => done(code)));
  s.pid = (name) => Number(fs.readFileSync(path.join(s.dir, `${name}.pid`), 'utf8'));
  s.log = (name) => fs.readFileSync(path.join(s.dir, 'log', `${name}.log`), 'utf8');
  s.jawort = (...args) => jawort(s, args, env);
  s.person = (address) => person(s, address, env);
  s.mails = () => mails(s);
  s.mail = (to, n = 1) => mail(s, to, n);
  s.get = (at, headers) => request(s, 'GET', at, { headers });
  s.post = (at, fields, headers) => request(s, 'POST', at, { fields, headers });
  s.request = (method, at, o) => request(s, method, at, o);
  s.stop = () => stop(s);
  let exited = null;
  s.ended.then((code) => (exited = code));
  try {
    await until('the service', START_MAX_MS, () => s.out.includes('Jawort is running') || exited !== null);
    assert.equal(exited, null);
  } catch {
    s.child.kill('SIGTERM');
    throw new Error(`the service did not start:\n${s.out}`);
  }
  return s;
}

/** Ends it as a user would, and insists on a clean end of every part (a leak would show here). */
async function stop(s, keep = false) {
  s.child.ref();
  s.child.kill('SIGTERM');
  const code = await s.ended;
  assert.equal(code, 0, `end of the service:\n${s.out}\n${tail(s)}`);
  if (!keep) fs.rmSync(s.dir, { recursive: true, force: true });
}
/** The same, but its folder stays for another start. */
export const stopKeep = (s) => stop(s, true);

function tail(s) {
  return ['serve', 'worker', 'nginx-error']
    .map((n) => { try { return `-- ${n}\n${s.log(n).slice(-3000)}`; } catch { return ''; } })
    .join('\n');
}

function jawort(s, args, env) {
  const r = spawnSync(program, [...args, '-c', s.conf], { encoding: 'utf8', env: { ...process.env, ...env } });
  return { code: r.status, out: r.stdout, err: r.stderr };
}

/** What `jawort person find` says, or null where nothing is held. */
function person(s, address, env) {
  const r = jawort(s, ['person', 'find', address, '--site', 'demo', '--json'], env);
  if (r.code === 1 && /nothing is held/.test(r.err)) return null;
  assert.equal(r.code, 0, r.err);
  return JSON.parse(r.out);
}

let nextClient = 1;
/**
 * One request on a new connection, from an address of its own (127.x.x.x), so that limits per address do not
 * join tests that have nothing to do with each other. No redirect is followed.
 */
export function request(s, method, at, { headers = {}, fields, body, from } = {}) {
  const all = { Host: `localhost:${s.port}`, ...headers };
  if (fields) {
    body = fields instanceof URLSearchParams ? fields.toString() : new URLSearchParams(fields).toString();
    all['Content-Type'] ??= 'application/x-www-form-urlencoded';
  }
  if (body !== undefined) all['Content-Length'] ??= Buffer.byteLength(body);
  nextClient += 1;
  return new Promise((done, failed) => {
    const req = http.request({
      host: '127.0.0.1', port: s.port, method, path: at.startsWith('http') ? new URL(at).pathname + new URL(at).search : at,
      headers: all, agent: false, localAddress: from ?? `127.9.${(nextClient >> 8) & 255}.${nextClient & 255}`, setHost: false,
    }, (res) => {
      const parts = [];
      res.on('data', (d) => parts.push(d));
      res.on('error', failed);
      res.on('end', () => {
        const bytes = Buffer.concat(parts);
        done({ status: res.statusCode, headers: res.headers, raw: res.rawHeaders, bytes, body: bytes.toString('utf8') });
      });
    });
    req.on('error', failed);
    req.end(body);
  });
}

// --- mails -----------------------------------------------------------------------------------------------

function quotedPrintable(text) {
  const bytes = [];
  const s = text.replace(/=\r?\n/g, '');
  for (let i = 0; i < s.length; i += 1) {
    if (s[i] === '=' && /^[0-9A-F]{2}$/.test(s.slice(i + 1, i + 3))) {
      bytes.push(parseInt(s.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(s.charCodeAt(i));
  }
  return Buffer.from(bytes).toString('utf8');
}

function words(value) {
  return value
    .replace(/(\?=)\s+(=\?)/g, '$1$2')
    .replace(/=\?utf-8\?q\?(.*?)\?=/gi, (_, w) => quotedPrintable(w.replaceAll('_', ' ')))
    .replace(/=\?utf-8\?b\?(.*?)\?=/gi, (_, w) => Buffer.from(w, 'base64').toString('utf8'));
}

function mimeParse(raw) {
  const at = raw.search(/\r?\n\r?\n/);
  const headers = {};
  for (const line of raw.slice(0, at).replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    assert.ok(colon > 0, `header line: ${line}`);
    assert.ok(!(name in headers), `header twice: ${name}`);
    headers[name] = words(line.slice(colon + 1).trim());
  }
  let body = raw.slice(at).replace(/^\r?\n\r?\n/, '');
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '');
  if (boundary) {
    const parts = body.split(new RegExp(`\\r?\\n?--${boundary[1].replace(/[^\w]/g, '\\$&')}(?:--)?\\r?\\n?`));
    return { headers, parts: parts.filter((p) => p.trim()).map(mimeParse) };
  }
  if (headers['content-transfer-encoding'] === 'quoted-printable') body = quotedPrintable(body);
  else if (headers['content-transfer-encoding'] === 'base64') body = Buffer.from(body, 'base64').toString('utf8');
  return { headers, body, parts: [] };
}

export function mailParse(file) {
  const raw = fs.readFileSync(file, 'latin1');
  const m = mimeParse(raw);
  const find = (type) => [m, ...m.parts].find((p) => p.headers['content-type']?.startsWith(type) && p.body !== undefined);
  const text = find('text/plain')?.body ?? '';
  const html = find('text/html')?.body ?? '';
  return {
    file, raw, headers: m.headers, text, html, to: m.headers.to, subject: m.headers.subject,
    confirm: /https?:\/\/\S+\/c\/[\w-]{43}/.exec(text)?.[0],
    hub: /https?:\/\/\S+\/my\/[\w-]{43}/.exec(text)?.[0],
    unsubscribe: /<(https?:[^>]+)>/.exec(m.headers['list-unsubscribe'] ?? '')?.[1],
  };
}

/** Where the demo's configuration puts mails. */
export const mailFolder = (s) => path.join(s.dir, 'mails');
function mails(s) {
  const dir = mailFolder(s);
  if (!fs.existsSync(dir)) return [];
  return fs.readdirSync(dir).filter((f) => f.endsWith('.eml')).sort().map((f) => mailParse(path.join(dir, f)));
}
const mail = (s, to, n) => until(`mail ${n} to ${to}`, MAIL_MAX_MS, () => mails(s).filter((m) => m.to.includes(to))[n - 1]);

// --- forms -----------------------------------------------------------------------------------------------

/** What a browser would send for the page's form: hidden fields and, where ticked, all boxes. */
export function formOf(html, { tick = true } = {}) {
  const form = /<form\b[^>]*action="([^"]*\/s\/[^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(html);
  assert.ok(form, 'a form');
  const fields = new URLSearchParams();
  for (const [tag] of form[2].matchAll(/<input\b[^>]*>/g)) {
    const attr = (n) => new RegExp(`\\s${n}="([^"]*)"`).exec(tag)?.[1];
    if (attr('type') === 'hidden' || (attr('type') === 'checkbox' && tick)) fields.append(attr('name'), attr('value') ?? '');
  }
  const honeypot = /<p hidden>[\s\S]*?name="([^"]+)"/.exec(form[2])?.[1];
  return { action: form[1].replaceAll('&amp;', '&'), fields, honeypot };
}

/** A sign-up by hand: form page, POST, mail. */
export async function signUp(s, address, { lang = 'de', form = 'news', more = {} } = {}) {
  const page = await s.get(`/j/s/${form}?lang=${lang}`);
  const f = formOf(page.body);
  f.fields.set('email', address);
  for (const [k, v] of Object.entries(more)) f.fields.set(k, v);
  const answer = await s.post(`/j/s/${form}`, f.fields, { Origin: s.url });
  assert.equal(answer.status, 303, answer.body);
  return { answer, mail: await s.mail(address) };
}

// --- browser ---------------------------------------------------------------------------------------------

const BROWSER_MAX_MS = 45_000;

export async function browserStart() {
  const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
    .find((p) => fs.existsSync(p));
  assert.ok(executablePath, 'Chromium (apt-get install chromium, or CHROMIUM=path)');
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    timeout: 60_000,
    chromiumSandbox: process.getuid() !== 0,
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const open = browser.newContext.bind(browser);
  browser.newContext = async (o) => {
    const context = await open(o);
    context.setDefaultTimeout(BROWSER_MAX_MS);
    return context;
  };
  return browser;
}

/** n things at a time. */
export async function many(list, n, fn) {
  let next = 0;
  await Promise.all(Array.from({ length: n }, async () => { while (next < list.length) await fn(list[next++]); }));
}
/** Pages looked at side by side: as many as there are processors where CI runs. */
export const PAGES = 2;
