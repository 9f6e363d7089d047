// A whole installation in a folder of its own: live site, serve, worker, nginx, and the fake Mailjet as provider.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
// A build whose clock can be shifted (sanitizers); JAWORT names another one.
export const program = path.resolve(root, process.env.JAWORT ?? 'build-asan/jawort');
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const isRoot = process.getuid() === 0;
export const SECRET = 'Zr2v8sQw5Nf1Xk7Lb0Tc4Yh9Mj3Pd6Ga';

export async function until(what, fn, limitMs = 60_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const got = await fn();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`);
    await sleep(30);
  }
}

export async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

const site = (port, fake) => `site: club
base_url: http://localhost:${port}/j
origins: ["http://localhost:${port}"]
languages: [de, en]
controller:
  name: Radverein Nordstadt e. V.
  represented_by: den Vorstand
  address: [Gasse 1, 10115 Berlin]
  country: DE
  state: BE
  email: daten@example.org
  imprint: http://localhost:${port}/impressum
dpo: none
purposes:
  news:
    channel: email
    title: { de: Vereinspost, en: Club mail }
    content: { de: Termine und Berichte, en: dates and reports }
    frequency: { de: monatlich, en: monthly }
    provider_list: "12345"
forms:
  news: { purposes: [news], fields: [first_name?] }
mail:
  from: { name: Radverein, email: news@example.org }
  route: [mailjet]
  mailjet: { key_file: mailjet.key, endpoint: "${fake}" }
  hooks: { mailjet: { secret_file: hook.secret } }
processors:
  mailjet: { contract_party: Mailjet SAS, address: [75012 Paris], country: FR, us_affiliate: true, storage_locations: [DE, BE],
    contract: { date: 2026-03-01, covers: [duration, data, purpose, instructions, subprocessors, deletion, audit] },
    privacy_url: https://www.mailjet.com/legal/privacy-policy/, subprocessors_url: https://www.mailjet.com/legal/dpa/,
    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 } }
hosting: self
mode: live
`;

/** Starts a process; its end is part of the world's end. */
function start(w, command, env = {}) {
  const log = fs.openSync(path.join(w.dir, 'out.log'), 'a');
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  child.ended = new Promise((done) => child.on('exit', done));
  w.running.push(child);
  return child;
}

export const fakeStart = (w, ...args) => otherStart(w, 'mailjet', '--key', 'KEY:SECRET', '--journal', w.at('journal'), ...args);

export async function otherStart(w, name, ...args) {
  const child = spawn('node', [path.join(root, `tests/fakes/${name}.mjs`), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  child.ended = new Promise((done) => child.on('exit', done));
  w.running.push(child);
  const port = await new Promise((done) => child.stdout.on('data', (d) => done(/port (\d+)/.exec(String(d))[1])));
  return `http://127.0.0.1:${port}`;
}

/** nginx with the blocks that the program prints; change: a function over the server's part. */
export function nginxConf(w, change = (s) => s) {
  const part = (format) => {
    const r = w.jawort(['nginx', '--format', format]);
    assert.equal(r.code, 0, r.err);
    return r.out;
  };
  fs.writeFileSync(w.at('nginx.conf'), `daemon off;\n${isRoot ? 'user root root;\n' : ''}pid ${w.at('tmp/nginx.pid')};
error_log ${w.at('nginx.log')} warn;\nworker_processes 1;\nevents { worker_connections 256; }
http {\n  access_log off;\n  client_body_temp_path ${w.at('tmp/body')};\n  proxy_temp_path ${w.at('tmp/proxy')};
  fastcgi_temp_path ${w.at('tmp/fastcgi')};\n  uwsgi_temp_path ${w.at('tmp/uwsgi')};\n  scgi_temp_path ${w.at('tmp/scgi')};
${part('http')}\n  server {\n    listen 127.0.0.1:${w.port};\n    server_name localhost;\n    root ${w.at('www')};\n    types { text/html html; }\n${change(part('server'))}\n  }\n}\n`);
}

export async function reload(w) {
  w.nginx.kill('SIGHUP');
  await sleep(400);
}

export async function world() {
  const w = { dir: fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-doctor-')), port: await freePort(), running: [] };
  w.at = (f) => path.join(w.dir, f);
  w.conf = w.at('conf/jawort.yaml');
  w.siteFile = w.at('conf/sites/club.yaml');
  w.write = (f, text, mode = 0o644) => { fs.writeFileSync(w.at(f), text); fs.chmodSync(w.at(f), mode); };
  w.read = (f) => fs.readFileSync(w.at(f), 'utf8');
  w.jawort = (args, { env = {}, conf = w.conf, before = [] } = {}) => {
    const all = [...before, program, ...args, '-c', conf];
    const r = spawnSync(all[0], all.slice(1), { encoding: 'utf8', env: { ...process.env, ...env } });
    return { code: r.status, out: r.stdout, err: r.stderr };
  };
  w.doctor = (o) => {
    const r = w.jawort(['doctor', '--json'], o);
    try { return { ...JSON.parse(r.out), code: r.code }; } catch { throw new Error(`doctor: ${r.code}\n${r.out}\n${r.err}`); }
  };
  w.startServe = async () => {
    w.serve = start(w, [program, 'serve', '-c', w.conf]);
    await until('the socket', () => fs.existsSync(w.at('jawort.sock')));
    await until('serve', () => w.jawort(['status', '--json']).code === 0);
  };
  w.startWorker = async () => {
    w.worker = start(w, [program, 'worker', '-c', w.conf]);
    await until('the worker', () => JSON.parse(w.jawort(['status', '--json']).out).worker);
  };
  w.stop = async (child) => {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    await Promise.race([child.ended, sleep(10_000)]);
  };
  w.end = async () => {
    for (const c of w.running.reverse()) await w.stop(c);
    fs.rmSync(w.dir, { recursive: true, force: true });
  };
  fs.mkdirSync(w.at('conf/sites'), { recursive: true });
  for (const d of ['tmp', 'templates', 'www']) fs.mkdirSync(w.at(d));
  w.fake = await fakeStart(w, '--sender', '*@example.org');
  w.site = site(w.port, w.fake);
  w.host = 'data: ../data\nkeys: ../keys\nsites: sites/*.yaml\nlisten: unix:../jawort.sock\n'.replace('unix:..', `unix:${w.dir}`);
  for (const d of ['erasures', 'backups', 'backups/keys']) fs.mkdirSync(w.at(d), { mode: 0o770 });
  const pair = JSON.parse(spawnSync(program, ['key', 'new', '--backup', '-o', w.at('backup.secret'), '--json'], { encoding: 'utf8' }).stdout);
  w.host += `backup: { public_key: "${pair.public_key}", journal: ${w.at('erasures')} }\n`;
  w.write('conf/jawort.yaml', w.host);
  w.write('conf/sites/club.yaml', w.site);
  w.page = (body, head = '') => `<!doctype html><html lang=de><head><meta charset=utf-8>${head}<title>x</title></head><body>${body}</body></html>\n`;
  w.two = `<jawort-form src="http://localhost:${w.port}/j/s/news"><a href="http://localhost:${w.port}/j/s/news">x</a></jawort-form>
<script type="module" src="http://localhost:${w.port}/j/jawort.js"></script>`;
  w.write('www/index.html', w.page(w.two, "<meta http-equiv=Content-Security-Policy content=\"script-src 'self'; form-action 'self'\">"));
  w.write('conf/sites/mailjet.key', 'KEY:SECRET\n', 0o600);
  w.write('conf/sites/hook.secret', `${SECRET}\n`, 0o600);
  const made = w.jawort(['init', '--yes']);
  assert.equal(made.code, 0, made.out + made.err);
  await w.startServe();
  await w.startWorker();
  const saved = w.jawort(['backup', w.at('backups'), '--keys', w.at('backups/keys')]);
  assert.equal(saved.code, 0, saved.out + saved.err);
  nginxConf(w);
  w.nginx = start(w, ['nginx', '-c', w.at('nginx.conf')], { PATH: `${process.env.PATH}:/usr/sbin` });
  await until('nginx', async () => { try { return (await fetch(`http://localhost:${w.port}/j/s/news`)).status === 200; } catch { return false; } });
  return w;
}
