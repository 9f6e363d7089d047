// docs/providers/mailjet.md as an owner follows it: `jawort init`, the commands of the page as they stand there, nginx with
// the block that the program prints, and the fake in Mailjet's place. Only names of places are exchanged.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { formOf, program, request, root, until } from './lib.mjs';

process.env.PATH += ':/usr/sbin';
const page = fs.readFileSync(path.join(root, 'docs/providers/mailjet.md'), 'utf8');
const LIST = '12345';
const w = { dir: fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-walk-')), running: [] };
const at = (f) => path.join(w.dir, f);

/** What the page tells to type: indented lines and blocks marked as shell, in their order. */
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```|^ {4}((?:umask|curl|jawort) .*)$/gm)].map((m) => m[1] ?? m[2]);

function typed(command) {
  fs.mkdirSync(at('bin'), { recursive: true });
  if (!fs.existsSync(at('bin/jawort'))) fs.symlinkSync(program, at('bin/jawort'));
  const text = command.replaceAll('/etc/jawort', at('etc')).replaceAll('https://www.example.org', w.url)
    .replaceAll('https://api.mailjet.com', w.fake).replaceAll('API_KEY', 'KEY').replaceAll('SECRET_KEY', 'SECRET');
  const r = spawnSync('bash', ['-c', text], { encoding: 'utf8',
    env: { ...process.env, JAWORT_CONF: at('etc/jawort.yaml'), PATH: `${at('bin')}:${process.env.PATH}` } });
  assert.equal(r.status, 0, `${text}\n${r.stdout}${r.stderr}`);
  return r.stdout;
}
const the = (what) => {
  const found = commands.filter((c) => what.test(c));
  assert.equal(found.length, 1, `the page has ${what} once`);
  return found[0];
};
const jawort = (...args) => {
  const r = spawnSync(program, [...args, '-c', at('etc/jawort.yaml')], { encoding: 'utf8' });
  return { code: r.status, out: r.stdout, err: r.stderr };
};

async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
function run(command) {
  const log = fs.openSync(at('out.log'), 'a');
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', log, log] });
  child.ended = new Promise((done) => child.on('exit', done));
  process.on('exit', () => child.kill());
  w.running.push(child);
  return child;
}
const change = (f, from, to) => {
  const text = fs.readFileSync(f, 'utf8');
  assert.match(text, from);
  fs.writeFileSync(f, text.replace(from, to));
};

/** `init --confirm` on a terminal; what it asks stands in the file, line by line. */
function confirmFacts() {
  const asked = fs.readFileSync(w.site, 'utf8').split('\n').filter((l) => /^[^#].*# bitte |^ +# \S.*# bitte /.test(l));
  const answers = asked.map((l) => (/provider_list: \?/.test(l) ? LIST : /retention: \?/.test(l) ? '90d'
    : /(date|_on): \?/.test(l) ? '2026-11-01' : /\[\?\]/.test(l) ? 'DE' : /_url: \?/.test(l) ? 'https://firm.example.org/x' : ''));
  const r = spawnSync('script', ['-qec', `${program} init --confirm --lang de -c ${at('etc/jawort.yaml')}`, '/dev/null'],
    { input: `${[...answers, 'ja'].join('\n')}\n`, encoding: 'utf8', timeout: 60_000 });
  assert.equal(r.status, 0, r.stdout);
  assert.match(r.stdout, /Offen: 0\./);
  assert.match(r.stdout, /mode: live/);
}

before(async () => {
  const fake = spawn(process.execPath, [path.join(root, 'tests/fakes/mailjet.mjs'), '--key', 'KEY:SECRET', '--sender', '*@verein.example.org'],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => fake.kill());
  fake.ended = new Promise((done) => fake.on('exit', done));
  w.running.push(fake);
  w.fake = `http://127.0.0.1:${await new Promise((done) => fake.stdout.once('data', (d) => done(/port (\d+)/.exec(d)[1])))}`;
  w.port = await freePort();
  w.url = `http://localhost:${w.port}`;
  fs.mkdirSync(at('etc'));
  const r = jawort('init', '--yes', '--lang', 'de', '--who', 'Ruderverein e. V.', '--address', 'Weg 1, 10115 Berlin', '--from',
    'news@verein.example.org', '--what', 'Vereinspost: Termine', '--url', w.url, '--provider', 'mailjet', '--hosting', 'self');
  assert.equal(r.code, 0, r.err);
  w.site = at(`etc/sites/${fs.readdirSync(at('etc/sites'))[0]}`);
  // The fake is known before the check: an address on loopback in mails is an error where mails leave the machine.
  change(w.site, /mailjet: \{ key_file: \.\.\/provider\/mailjet\.key \}/, `mailjet: { key_file: ../provider/mailjet.key, endpoint: "${w.fake}" }`);
});
after(async () => {
  for (const c of w.running.reverse()) { c.kill('SIGTERM'); await c.ended; }
  fs.rmSync(w.dir, { recursive: true, force: true });
});

const contact = (address) => JSON.parse(typed(the(/getcontactslists/).replace('you@example.org', address)));
const person = (address) => JSON.parse(typed(`${the(/person find/).replace('you@example.org', address)} --json`));
const held = (address) => jawort('person', 'find', address).code === 0;
const mailOf = async (address) => until(`a mail to ${address}`, 15_000, async () =>
  (await (await fetch(`${w.fake}/_fake/messages`)).json()).find((m) => m.Email === address));

async function signUp(address) {
  const f = formOf((await request(w, 'GET', '/j/s/news')).body);
  f.fields.set('email', address);
  assert.equal((await request(w, 'POST', '/j/s/news', { fields: f.fields, headers: { Origin: w.url } })).status, 303);
  const { Message: m } = await mailOf(address);
  return { confirm: new URL(/https?:\/\/\S+\/c\/[\w-]{43}/.exec(m.TextPart)[0]).pathname,
    leave: new URL(/<(http[^>]+)>/.exec(m.Headers['List-Unsubscribe'])[1]).pathname };
}

test('key, secret and facts, without an editor; the check finds nothing but invented names', () => {
  assert.equal(commands.length, 7, commands.join('\n'));
  const secret = at('etc/hooks/mailjet.secret');
  assert.match(fs.readFileSync(secret, 'utf8'), /^[0-9a-f]{48}$/);
  typed(the(/openssl/)); // a new one by the page's command is as good
  assert.match(fs.readFileSync(secret, 'utf8').trim(), /^[0-9a-f]{48}$/);
  typed(the(/printf/));
  assert.equal(fs.statSync(at('etc/provider/mailjet.key')).mode & 0o777, 0o600);
  confirmFacts();
  assert.equal(jawort('config', 'apply').code, 0); // as it says at its end
  const found = jawort('config', 'check', '--json');
  assert.deepEqual([...new Set(found.out.match(/"L\d\d"/g))], ['"L01"'], found.out + found.err);
});

test('nginx, serve and worker with Mailjet played on loopback', async () => {
  change(at('etc/jawort.yaml'), /listen: .*/, `listen: unix:${at('sock')}`);
  const snippet = jawort('form', 'snippet', 'news');
  assert.equal(snippet.code, 0, snippet.err);
  for (const d of ['www', 'tmp']) fs.mkdirSync(at(d));
  fs.writeFileSync(at('www/index.html'), `<!doctype html><title>Verein</title>${snippet.out}`);
  const part = (f) => jawort('nginx', '--format', f).out;
  fs.writeFileSync(at('nginx.conf'), `daemon off; ${process.getuid() ? '' : 'user root root;'} pid ${at('nginx.pid')}; events {}
http { access_log off; ${['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'].map((t) => `${t}_temp_path ${at('tmp')};`).join(' ')}
${part('http')} server { listen 127.0.0.1:${w.port}; root ${at('www')}; ${part('server')} } }`);
  for (const verb of ['serve', 'worker']) run([program, verb, '-c', at('etc/jawort.yaml')]);
  await until('the socket', 30_000, () => fs.existsSync(at('sock')));
  run(['nginx', '-e', at('nginx.log'), '-p', w.dir, '-c', at('nginx.conf')]);
  await until('the form', 20_000, async () => { try { return (await request(w, 'GET', '/j/s/news')).status === 200; } catch { return false; } });
  assert.match((await request(w, 'GET', '/index.html')).body, /\/j\/s\/news/);
});

test('events: each kind is registered, a right secret answers 200', () => {
  typed(the(/eventcallbackurl/));
  assert.match(typed(the(/curl -i/)), /^HTTP\/1\.1 200/);
});

test('signed up, confirmed, on the right list; withdrawn, and Mailjet knows', async () => {
  const address = 'anna@example.net', link = await signUp(address);
  assert.deepEqual(contact(address).Data, [], 'nobody is on the list before confirming');
  assert.equal((await request(w, 'POST', link.confirm, { fields: { action: 'confirm' } })).status, 200);
  const p = person(address);
  assert.equal(p.state, 'active');
  assert.ok(p.events.some((e) => e.kind === 'mail_accepted' && e.provider === 'mailjet'));
  const on = await until('the list', 15_000, () => contact(address).Data[0]);
  assert.deepEqual([on.ListID, on.IsUnsub], [Number(LIST), false]);
  assert.equal((await request(w, 'POST', link.leave, { body: 'List-Unsubscribe=One-Click', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })).status, 200);
  await until('the withdrawal', 15_000, () => contact(address).Data[0].IsUnsub);
  assert.notEqual(person(address).state, 'active');
});

test('a bounce stops the mails', async () => {
  const address = 'bert+hard@example.net';
  await signUp(address);
  await until('the bounce', 20_000, () => person(address).state === 'bounced');
  const f = formOf((await request(w, 'GET', '/j/s/news')).body);
  f.fields.set('email', address);
  await request(w, 'POST', '/j/s/news', { fields: f.fields, headers: { Origin: w.url } });
  await signUp('later@example.net'); // what came after it has left
  const all = await (await fetch(`${w.fake}/_fake/messages`)).json();
  assert.equal(all.filter((m) => m.Email === address).length, 1);
});

test('"That was not me" leaves nothing here and nothing there', async () => {
  const address = 'cleo@example.net', link = await signUp(address);
  assert.equal((await request(w, 'POST', link.confirm, { fields: { action: 'deny' } })).status, 200);
  await until('the erasure', 10_000, () => !held(address));
  await until('the erasure at Mailjet', 15_000, async () => {
    const all = await (await fetch(`${w.fake}/v3/REST/contact?Limit=100`, { headers: { Authorization: `Basic ${btoa('KEY:SECRET')}` } })).json();
    return all.Data.every((c) => c.Email !== address);
  });
});

test('who asks for erasure leaves nothing there, also not through the certificate', async () => {
  const address = 'dora@example.net', link = await signUp(address);
  assert.equal((await request(w, 'POST', link.confirm, { fields: { action: 'confirm' } })).status, 200);
  await until('the list', 15_000, () => contact(address).Data[0]);
  assert.match(typed(the(/person erase/).replace('you@example.org', address)), /Erased\./);
  assert.equal(held(address), false);
  const sent = async () => (await (await fetch(`${w.fake}/_fake/messages`)).json()).filter((m) => m.Email === address);
  await until('the certificate', 15_000, async () => (await sent()).length === 2);
  await until('the erasure at Mailjet', 20_000, async () => {
    const all = await (await fetch(`${w.fake}/v3/REST/contact?Limit=100`, { headers: { Authorization: `Basic ${btoa('KEY:SECRET')}` } })).json();
    return all.Data.every((c) => c.Email !== address);
  });
});

test('notice: what Mailjet gets, and for how long it keeps it', () => {
  const notice = jawort('notice', 'show').out.replace(/\s+/g, ' ');
  for (const words of ['legt zu jeder Adresse', 'noch niemand bestätigt hat', 'aus den USA nicht auszuschließen', 'Protokolle bei Mailjet SAS: 90 Tage'])
    assert.ok(notice.includes(words), words);
});
