// Requests that are wrong, careless or malicious: each gets its code, a page that says what to do, and has no effect.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { formOf, signUp, sleep, start } from './lib.mjs';

let s, form;
before(async () => { s = await start(); form = formOf((await s.get('/j/s/news?lang=de')).body); });
after(async () => { await s?.stop(); });

function fields(change = {}) {
  const all = new URLSearchParams(form.fields);
  all.set('email', 'hans@example.org');
  for (const [k, v] of Object.entries(change)) { if (v === null) all.delete(k); else all.set(k, v); }
  return all;
}
const send = (change, headers = { Origin: s.url }) => s.post('/j/s/news', fields(change), headers);
const readable = (r) => {
  assert.match(r.headers['content-type'], /^text\/html/);
  assert.match(r.body, /<h1/);
  assert.match(r.body, /<p/);
};

test('the Host header has no effect on links, and an unknown host gets nothing', async () => {
  const other = await s.request('GET', '/j/s/news', { headers: { Host: 'evil.example' } });
  assert.equal(other.status, 404);
  assert.doesNotMatch(other.body, /Radwerkstatt|evil\.example/);
  const post = await s.request('POST', '/j/s/news', { fields: fields({ email: 'host@example.org' }), headers: { Host: 'evil.example' } });
  assert.equal(post.status, 404);
  const spoof = await s.request('POST', '/j/s/news', { fields: fields({ email: 'host@example.org' }),
    headers: { 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=evil.example', Origin: s.url } });
  assert.equal(spoof.status, 303);
  const mail = await s.mail('host@example.org');
  assert.ok(mail.confirm.startsWith(`${s.url}/j/c/`), mail.confirm);
  assert.doesNotMatch(mail.raw, /evil/);
});

test('wrong method', async () => {
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const r = await s.request(method, '/j/s/news');
    assert.equal(r.status, 405, method);
    assert.match(r.headers.allow ?? '', /GET/, method);
  }
  assert.equal((await s.post('/j/n', { a: 'b' })).status, 405);
});

test('too large, wrong type, compressed, broken bytes', async () => {
  const form_ = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const cases = [
    [413, { fields: fields({ email: `${'a'.repeat(17_000)}@example.org` }) }],
    [415, { body: '{"email":"a@example.org"}', headers: { 'Content-Type': 'application/json' } }],
    [415, { body: 'x', headers: { ...form_, 'Content-Encoding': 'gzip' } }],
    [400, { body: 'email=%ff%fe', headers: form_ }],
    [400, { body: 'email=a%00b', headers: form_ }],
    [400, { body: 'email=%c0%80', headers: form_ }],
    [400, { body: 'email=%ed%a0%80', headers: form_ }],
  ];
  for (const [status, o] of cases) {
    const r = await s.request('POST', '/j/s/news', o);
    assert.equal(r.status, status, `${status} ${JSON.stringify(o).slice(0, 100)}\n${r.body.slice(0, 500)}`);
    readable(r);
  }
});

test('too many fields, a field twice', async () => {
  const many = fields();
  for (let i = 0; i < 70; i += 1) many.append(`x${i}`, '1');
  assert.ok([400, 413, 422].includes((await s.post('/j/s/news', many, { Origin: s.url })).status));
  const twice = fields();
  twice.append('email', 'other@example.org');
  assert.equal((await s.post('/j/s/news', twice, { Origin: s.url })).status, 422);
});

test('addresses that a mail server could read in two ways', async () => {
  const bad = ['a@b@example.org', '"a@b"@example.org', 'a@example.org,b@example.org', '<a@example.org>', '"a b"@example.org',
    'a(b)@example.org', 'a@[127.0.0.1]', '.a@example.org', 'a.@example.org', 'a..b@example.org', 'a@example.org.', 'a@-x.org',
    'a@localhost', '=?utf-8?q?a?=@example.org', 'a@example.org\r\nBcc: b@example.org', 'a%b@example.org', 'a!b@example.org', '@a:b@example.org', ''];
  for (const email of bad) {
    const r = await send({ email });
    assert.equal(r.status, 422, JSON.stringify(email));
    readable(r);
  }
  const before = s.mails().length;
  await sleep(500);
  assert.equal(s.mails().length, before);
});

test('text that was typed is shown as text', async () => {
  const typed = '"><script>alert(1)</script>{{site_name}}&amp;';
  const r = await send({ email: 'x@@y', first_name: typed });
  assert.equal(r.status, 422);
  assert.doesNotMatch(r.body, /<script>alert/);
  assert.match(r.body, /\{\{site_name\}\}&amp;amp;/);
});

test('lines cannot be added to headers', async () => {
  for (const next of ['http://localhost/x\r\nSet-Cookie: a=b', '//evil.example', 'https://evil.example/danke.html', `${s.url}.evil.example/danke.html`, 'javascript:alert(1)']) {
    const r = await send({ email: `next${Math.random().toString(36).slice(2)}@example.org`, next });
    assert.equal(r.headers['set-cookie'], undefined);
    if (r.status === 303) assert.ok(r.headers.location.startsWith(`${s.url}/j/`), `${next} -> ${r.headers.location}`);
    else assert.ok([400, 422].includes(r.status), `${next}: ${r.status}`);
  }
  const allowed = await send({ email: 'danke@example.org', next: `${s.url}/danke.html` });
  assert.equal(allowed.status, 303);
  assert.equal(allowed.headers.location, `${s.url}/danke.html`);
});

test('doubt leads to a page with one button, never to silence', async () => {
  const doubts = [
    [{ email: 'fern@example.org' }, { Origin: 'https://foreign.example' }],
    [{ email: 'fern2@example.org', [form.honeypot]: 'filled' }, { Origin: s.url }],
    [{ email: 'fern3@example.org', v: null }, {}],
  ];
  for (const [change, headers] of doubts) {
    const r = await s.post('/j/s/news', fields(change), headers);
    assert.equal(r.status, 200, JSON.stringify(change));
    const again = formOf(r.body);
    assert.equal([...r.body.matchAll(/<button/g)].length, 1);
    assert.equal(s.person(change.email), null, 'nothing is stored yet');
    const sent = await s.post('/j/s/news', again.fields, { Origin: s.url });
    assert.equal(sent.status, 303);
    await s.mail(change.email);
  }
});

test('a changed text is shown again', async () => {
  const r = await send({ v: 'ffffffffffff', email: 'text@example.org' });
  assert.equal(r.status, 409);
  assert.match(r.body, /value="text@example\.org"/);
  assert.equal(s.person('text@example.org'), null);
});

test('without a tick nothing is accepted', async () => {
  const none = fields({ email: 'stumm@example.org' });
  none.delete('ok');
  none.delete('p');
  const r = await s.post('/j/s/news', none, { Origin: s.url });
  assert.equal(r.status, 422);
  assert.equal(s.person('stumm@example.org'), null);
});

test('fields that no form declares have no effect', async () => {
  await signUp(s, 'mehr@example.org', { more: { state: 'active', ip: '1.2.3.4', role: 'admin', confirmed: '1' } });
  const p = s.person('mehr@example.org');
  assert.equal(p.state, 'pending');
  assert.deepEqual(p.fields ?? {}, {});
});

test('429 says when to come back', async () => {
  const from = '127.77.0.1';
  let limited;
  for (let i = 0; i < 60 && !limited; i += 1) {
    const r = await s.request('POST', '/j/s/news', { fields: fields({ email: 'x@@y' }), from, headers: { 'Accept-Language': 'de' } });
    if (r.status === 429) limited = r;
    else assert.equal(r.status, 422);
  }
  assert.ok(limited, 'somebody who sends without pause is slowed down');
  assert.equal(limited.headers['retry-after'], '60');
  assert.match(limited.body, /<html lang="de">[\s\S]*einer Minute/);
  assert.equal((await s.request('GET', '/j/s/news', { from })).status, 200, 'reading goes on');
});

// The limit of the program, not of nginx: its answer is a page of the site, and what was typed is not lost.
test('429 and 503 for a sign-up: in the visitor\'s language, with the time in words, what was typed kept, JSON for scripts', async () => {
  const host = fs.readFileSync(s.conf, 'utf8');
  const prefix = /per_prefix: [^ }]+/.exec(host)[0];
  fs.writeFileSync(s.conf, host.replace(prefix, 'per_prefix: 1/1h'));
  process.kill(s.pid('serve'), 'SIGHUP');
  await sleep(1000);
  const words = { de: /warten Sie (1\u00a0Stunde|90\u00a0Minuten)\./, en: /wait (1\u00a0hour|90\u00a0minutes)\./ };
  let net = 0;
  const ask = (fill, headers) => s.request('POST', '/j/s/news', { from: `127.81.${net}.1`, fields: fill, headers: { Origin: s.url, ...headers } });
  for (const lang of ['de', 'en']) {
    net += 1;
    const f = formOf((await s.get(`/j/s/news?lang=${lang}`)).body).fields;
    assert.equal(f.get('lang'), lang);
    f.set('email', `netz-${lang}@example.org`);
    f.set('first_name', 'Änne "<b>"');
    assert.equal((await ask(f)).status, 303);
    // the form's language, whatever the browser's
    const page = await ask(f, { 'Accept-Language': lang === 'de' ? 'en' : 'de' });
    assert.equal(page.status, 429);
    const wait = Number(page.headers['retry-after']);
    assert.ok(wait > 0 && wait <= 3600 * 1.1, `Retry-After ${wait}`);
    assert.equal(page.headers['content-language'], lang);
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.match(page.body, words[lang]);
    readable(page);
    assert.ok(page.body.includes(`value="netz-${lang}@example.org"`), 'the address is still there');
    assert.ok(page.body.includes('value="Änne &quot;&lt;b&gt;&quot;"'), 'the name is still there');
    assert.doesNotMatch(page.body, /<input[^>]* checked/);
    const json = await ask(f, { Accept: 'application/json' });
    assert.deepEqual([json.status, JSON.parse(json.body).state], [429, 'busy']);
    assert.match(JSON.parse(json.body).text, words[lang]);
    assert.ok(Number(json.headers['retry-after']) > 0);
    // without the field: that of the text which was shown
    f.delete('lang');
    const shown = await ask(f, { 'Accept-Language': lang === 'de' ? 'en' : 'de' });
    assert.deepEqual([shown.status, shown.headers['content-language']], [429, lang]);
  }
  fs.writeFileSync(s.conf, host);
  process.kill(s.pid('serve'), 'SIGHUP');
  await sleep(1000);
  if (process.getuid() !== 0) return; // nobody else may limit a process that hides its memory
  const fsize = (limit) => assert.equal(spawnSync('prlimit', ['--pid', String(s.pid('serve')), `--fsize=${limit}:`]).status, 0);
  const f = formOf((await s.get('/j/s/news?lang=en')).body).fields;
  f.set('email', 'voll@example.org');
  fsize(4096); // as on a full disk
  net += 1;
  const page = await ask(f, { 'Accept-Language': 'de' }), json = await ask(f, { Accept: 'application/json' });
  fsize('unlimited');
  assert.deepEqual([page.status, page.headers['retry-after'], page.headers['content-language']], [503, '60', 'en']);
  assert.match(page.body, /try again in 1\u00a0minute/);
  assert.ok(page.body.includes('value="voll@example.org"'));
  assert.deepEqual([json.status, JSON.parse(json.body).state, json.headers['retry-after']], [503, 'down', '60']);
  assert.equal((await ask(f)).status, 303, 'and then it goes on');
});

test('a broken site file takes down that site only', async () => {
  const file = path.join(s.dir, 'conf/sites/broken.yaml');
  fs.writeFileSync(file, `site: broken\nbase_url: http://localhost:${s.port}/broken\nlanguagez: [de]\n`);
  process.kill(s.pid('serve'), 'SIGHUP');
  await sleep(2000);
  const broken = await s.get('/broken/s/news');
  assert.ok([404, 503].includes(broken.status)); // nginx has no block for it: its own 404
  assert.equal((await s.get('/j/s/news')).status, 200);
  const check = s.jawort('config', 'check');
  assert.equal(check.code, 4);
  assert.match(check.out + check.err, /broken\.yaml:3:1.*languagez[\s\S]*languages/);
  fs.rmSync(file);
  process.kill(s.pid('serve'), 'SIGHUP');
  await sleep(500);
  assert.equal((await s.get('/j/s/news')).status, 200);
});
