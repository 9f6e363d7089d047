// No address and no token in any log: nginx with the block we ship, serve, worker; a whole life with its errors.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';
import { HOST, Service, at, formOf, site, until } from './lib.mjs';
import { freePort, nginxStart } from './nginx.mjs';

const SECRET = { mailjet: 'geheimnis1mailjet2geheimnis3', brevo: 'geheimnis4brevo5geheimnis6' };
const DIR = '  dir: { path: ../mails }\n';
const s = new Service({ sites: { club: site('club').replace(DIR, `${DIR}  hooks: { mailjet: { secret_file: m.secret }, brevo: { secret_file: b.secret } }\n`) } });
fs.writeFileSync(path.join(s.dir, 'sites/m.secret'), `${SECRET.mailjet}\n`, { mode: 0o600 });
fs.writeFileSync(path.join(s.dir, 'sites/b.secret'), `${SECRET.brevo}\n`, { mode: 0o600 });
let nginx;
after(async () => { nginx?.kill('SIGKILL'); await nginx?.ended; await s.remove(); });
const LOCAL = 'nadine.geheim+brief', ADDRESS = `${LOCAL}@mailbox.example`;
const file = (name) => path.join(s.dir, name);

/** A request as bytes, so that a broken one can be sent too. */
function raw(port, bytes) {
  return new Promise((done) => {
    const parts = [];
    const c = net.connect(port, '127.0.0.1', () => c.write(bytes));
    c.setTimeout(10_000, () => c.destroy());
    c.on('data', (d) => parts.push(d));
    c.on('error', () => {});
    c.on('close', () => { const text = Buffer.concat(parts).toString('utf8'); done({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), body: text.slice(text.indexOf('\r\n\r\n') + 4) }); });
  });
}
const head = (method, uri, more) => `${method} ${uri} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nUser-Agent: test\r\n${more}`;

/** Events of providers with their secret in the path, the notice and its versions, and the question that doctor asks. */
async function newRoutes(expect, send, port, tokens) {
  const event = (provider, secret) => {
    const body = JSON.stringify({ event: 'hard_bounce', email: ADDRESS, CustomID: '7', 'X-Mailin-custom': '7', reason: `no such user ${ADDRESS}` });
    return send(port, head('POST', `/club/hook/${provider}/${secret}`, `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
  };
  for (const [provider, secret] of Object.entries(SECRET)) {
    await expect('event', 200, event(provider, secret));
    const wrong = secret.replaceAll('geheimnis', 'erraten');
    await expect('event with a wrong secret', 401, event(provider, wrong));
    await expect('event by GET', 405, send(port, head('GET', `/club/hook/${provider}/${secret}`, '\r\n')));
    await expect('event, no JSON', 400, send(port, head('POST', `/club/hook/${provider}/${secret}`, `Content-Type: application/json\r\nContent-Length: ${ADDRESS.length}\r\n\r\n${ADDRESS}`)));
    await expect('event, broken header', 400, send(port, head('POST', `/club/hook/${provider}/${secret}`, 'bad header\r\n\r\n')));
    tokens.push(secret, wrong);
  }
  const query = `?lang=de&email=${encodeURIComponent(ADDRESS)}`;
  for (const part of ['n', 'n.html', 'n.txt', 'n.md', 'n.json', 'n/versions'])
    await expect(part, 200, send(port, head('GET', `/club/${part}${query}`, '\r\n')));
  await expect('no such version', 404, send(port, head('GET', `/club/n/v/${ADDRESS}`, '\r\n')));
  await expect('no such version', 404, send(port, head('GET', `/club/n/diff?from=${ADDRESS}&to=${ADDRESS}`, '\r\n')));
  const health = 'Z'.repeat(43);
  await expect('the question of doctor, token unknown', 200, send(port, head('GET', `/club/healthz?t=${health}`, '\r\n')));
  await expect('the same with a broken header', 400, send(port, head('GET', `/club/healthz?t=${health}`, 'bad header\r\n\r\n')));
  const asked = s.jawort('doctor', '--site', 'club'); // with tokens that hold
  assert.ok([0, 1, 3].includes(asked.code), asked.err);
  tokens.push(health);
}

test('a whole life leaves no address and no token in a log', { timeout: 240_000 }, async () => {
  const port = await freePort();
  await s.start();
  nginx = nginxStart(s, port);
  await until('nginx', 10_000, async () => (await raw(port, head('GET', '/club/s/news', '\r\n'))).status === 200);
  const get = (uri, more = '') => raw(port, head('GET', uri, `${more}\r\n`));
  const post = (uri, fields, more = '') => {
    const body = new URLSearchParams(fields).toString();
    return raw(port, head('POST', uri, `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`));
  };
  const seen = {};
  const expect = async (what, status, answer) => { const r = await answer; assert.equal(r.status, status, `${what}: ${r.body.slice(0, 300)}`); seen[what] = status; return r; };

  // sign-up, with everything that can go wrong
  const f = formOf((await get('/club/s/news?lang=de')).body);
  const fields = (more) => { const all = new URLSearchParams(f.fields); for (const [k, v] of Object.entries({ email: ADDRESS, ...more })) all.set(k, v); return all; };
  await expect('form with the address in the query', 200, get(`/club/s/news?email=${encodeURIComponent(ADDRESS)}`));
  await expect('input', 422, post('/club/s/news', fields({ email: `${ADDRESS},x` })));
  await expect('input', 422, post('/club/s/news', fields({ first_name: `${ADDRESS}\u0007` })));
  await expect('changed', 409, post('/club/s/news', fields({ v: 'AAAAAAAAAAA' })));
  await expect('review', 200, post('/club/s/news', fields(), 'Origin: https://evil.example\r\n'));
  await expect('bytes', 400, raw(port, head('POST', '/club/s/news', `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${ADDRESS.length + 9}\r\n\r\nemail=${ADDRESS}%ff`)));
  await expect('type', 415, raw(port, head('POST', '/club/s/news', `Content-Type: text/plain\r\nContent-Length: ${ADDRESS.length}\r\n\r\n${ADDRESS}`)));
  await expect('sign-up', 303, post('/club/s/news', fields({ first_name: 'Nadine' })));
  const mail = await s.mail(ADDRESS);
  const c = at(mail.confirm), u = at(mail.unsubscribe), tokens = [c, u].map((x) => x.split('/').pop());
  const bad = (uri) => uri.slice(0, -1) + (uri.endsWith('A') ? 'B' : 'A');
  tokens.push(bad(c).split('/').pop());

  // errors on paths with tokens: ours, and nginx's own
  await expect('unknown token', 404, get(bad(c)));
  await expect('unknown token', 404, post(bad(c), { action: 'confirm' }));
  await expect('no action', 400, post(c, { action: 'nothing' }));
  await expect('method', 405, raw(port, head('DELETE', c, '\r\n')));
  await expect('path below', 404, get(`${c}/more`));
  await expect('too large for nginx', 413, raw(port, head('POST', u, 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 20000000\r\n\r\n')));
  await expect('too large for us', 413, post(u, { List: 'x'.repeat(100_000) }));
  await expect('broken header', 400, raw(port, head('GET', c, 'bad header\r\n\r\n')));
  await expect('huge header', 400, raw(port, head('GET', c, `X: ${'x'.repeat(40_000)}\r\n\r\n`)));
  await expect('no host', 400, raw(port, `GET ${c} HTTP/1.1\r\n\r\n`));
  await expect('confirm page', 200, get(c, `Referer: http://${HOST}${u}\r\n`));
  await expect('another file, by a client that sends our page as referer against its policy', 200, get('/site.css', `Referer: http://${HOST}${c}\r\n`));
  await expect('confirm', 200, post(c, { action: 'confirm' }));
  await expect('confirm again', 200, post(c, { action: 'confirm' }));
  await expect('leave', 200, post(u, { action: 'withdraw' }));
  await expect('one-click', 200, post(u, { 'List-Unsubscribe': 'One-Click' }));
  await newRoutes(expect, raw, port, tokens);
  // a client that hangs up in the middle of its body
  await new Promise((done) => { const k = net.connect(port, '127.0.0.1', () => { k.write(head('POST', c, 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\nemail=')); setTimeout(() => { k.destroy(); done(); }, 100); }); });
  // more than nginx lets through
  const many = await Promise.all(Array.from({ length: 60 }, () => post('/club/s/news', fields())));
  assert.ok(many.some((r) => r.status === 429), 'limit_req was hit');
  // an administrator looks: the command line is not a log
  assert.equal(s.person(ADDRESS).state, 'unsubscribed');

  await s.end();
  await expect('service is down', 503, get(c));
  await expect('service is down', 503, post(u, { 'List-Unsubscribe': 'One-Click' }));
  fs.rmSync(s.socket, { force: true });
  await expect('no socket', 503, get(u));
  nginx.kill('SIGQUIT');
  assert.equal(await nginx.ended, 0);

  const logs = Object.fromEntries(['serve.log', 'worker.log', 'access.log', 'error.log', 'nginx.out'].map((n) => [n, fs.readFileSync(file(n), 'utf8')]));
  const needles = [ADDRESS, LOCAL, 'geheim', encodeURIComponent(ADDRESS), 'Nadine', ...tokens, ...tokens.map((t) => t.slice(0, 16)), ...tokens.map((t) => t.slice(-16))];
  for (const [name, text] of Object.entries(logs))
    for (const n of needles) {
      const line = text.split('\n').find((l) => l.includes(n));
      assert.equal(line, undefined, `${name} quotes "${n}"`);
    }
  // and these are logs that say something
  assert.match(logs['serve.log'], /route=.*\/c\/|event=post|post /);
  assert.match(logs['access.log'], /^127\.0\.0\.0 - - .* "GET \/club\/c\/\.\.\. HTTP\/1\.1" 400 /m, 'the broken request, masked');
  assert.match(logs['access.log'], /"GET \/site\.css HTTP\/1\.1" 200 \d+ "-"/, 'the referer, masked');
  assert.ok(logs['worker.log'].length > 0);
});

test('the masked log format: addresses of both kinds, every site, nothing else touched', () => {
  const r = s.jawort('nginx', '--format', 'http');
  assert.match(r.out, /log_format jawort_masked/);
  assert.match(r.out, /"~\^\(\?<jawort_kind>\/club\/\[\^\/\?\]\*\)\[\/\?\]"/);
  assert.equal(spawnSync('nginx', ['-t', '-c', file('nginx.conf'), '-p', s.dir], { encoding: 'utf8' }).status, 0);
});
