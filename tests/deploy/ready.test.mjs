// `ready:` and `jawort nginx --ready`: what nginx hands out by itself is what the program would answer, and never old.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { formOf, program, request, sleep, until } from '../e2e/lib.mjs';
import { world } from './world.mjs';

const pages = ['/j/s/news', '/j/n', '/j/n.html'];
const list = (w) => { try { return fs.readdirSync(`${w.dir}/ready/demo`).filter((f) => !f.startsWith('.')); } catch { return []; } };
/** Headers that nginx has of its own, or that belong to the connection. */
const own = new Set(['date', 'server', 'connection', 'keep-alive', 'etag', 'transfer-encoding', 'accept-ranges', 'content-length']);
const headersOf = (r) => Object.fromEntries(Object.entries(r.headers).filter(([k]) => !own.has(k)));
/** nginx alone has a validator from time and size; the program's is 16 or 64 hex digits. */
const byNginx = (r) => /^"[0-9a-f]{8}-[0-9a-f]+"$/.test(r.headers.etag ?? '');

/** What browsers send, and what tools and people do. */
const headers = ['', '*', 'de', 'en', 'EN', 'De-dE', 'de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7', 'de-DE,de;q=0.9,en;q=0.8', 'en-US,en;q=0.5', 'en-US,en;q=0.9',
  'de,en-US;q=0.7,en;q=0.3', 'nl-NL,nl;q=0.9,en-US;q=0.8,en;q=0.7', 'fr-FR,fr;q=0.9,en;q=0.8,de;q=0.7', 'tr-TR,tr;q=0.9,de-DE;q=0.8,de;q=0.7,en-US;q=0.6,en;q=0.5',
  'de-CH-1996,de;q=0.9', 'en-GB,en;q=0.9,de;q=0.1', 'fr', 'fr-FR,fr;q=0.9', 'fr,en;q=0.5', 'fr,en', 'fr-FR,fr;q=0.9,en', 'fr,de;q=0.5', 'en,de', 'de,en', 'de;q=0.1,en',
  'de;q=0.1,en;q=0.2', 'de;q=0.2,en;q=0.1', 'de;q=0,*', 'fr,*;q=0.1', 'fr,*;q=0', 'en,*;q=0.5', 'en;q=0.3,*;q=0.5', '*, en;q=0.1', 'den,en', 'enm', 'x;q=0,en,fr;q=0.3',
  'en;q=0,fr', 'en;q=0,de;q=0', 'en-x-y, de;q=0.3', 'dE-at,En;q=0.99', 'en,;', ',', ', ,en', 'en;q=1,de;q=1', 'en;q=1.0,de;q=0.9', 'en;q=1.000, de', 'de ;q=0.1 , en',
  'en; q=0.5, de; q=0.4', 'en;Q=0.1,de;q=0.2', 'en;q=0.01,de;q=0', 'de;q=0.0,en;q=0.001', 'de|en', '||', 'x'.repeat(3000), `${'fr;q=0.9,'.repeat(300)}en;q=0.2`];
const malformed = ['de;;q=1,en', 'en;q=,de;q=2', 'en;level=1;q=0.1,de;q=0.2', ';q=1', '"de"', 'de_DE', '\t', 'en q=1'];
/** Well-formed ones from a fixed seed; weights with one decimal, as browsers have them. */
function anyHeaders(n) {
  let seed = 20260301;
  const pick = (list) => list[(seed = (seed * 1103515245 + 12345) % 2147483648) % 65536 % list.length];
  const one = () => pick(['de', 'en', 'de-AT', 'EN-gb', 'fr', 'den', 'e', '*']) + pick(['', '', ';q=1', ';q=1.0', ';q=0.9', ';q=0.8', '; q=0.5', ' ;q=0.3', ';q=0.1', ';q=0', ';q=0.0']);
  return Array.from({ length: n }, () => Array.from({ length: 1 + pick([0, 1, 2, 3, 4]) }, one).join(pick([',', ', ', ' , '])));
}

test('form and notice as ready files: same bytes, same headers, same language, also while serve is down', { timeout: 300_000 }, async (t) => {
  const w = await world('nginx', t, { ready: true });
  const get = (at, headers, method = 'GET') => request(w, method, at, { headers });
  const check = spawnSync('nginx', ['-t', '-e', w.log, '-p', w.dir, '-c', `${w.dir}/nginx.conf`], { encoding: 'utf8' });
  assert.equal(check.status, 0, check.stderr);
  await until('ready files', 20_000, () => list(w).length === 12);

  for (const at of pages)
    for (const lang of ['de', 'en']) {
      // a second parameter leads to the program, which does not mind it
      const theirs = await get(`${at}?lang=${lang}&program`);
      assert.ok(!byNginx(theirs), 'this one is the program');
      for (const [where, headers] of [[at, { 'Accept-Language': `${lang}-XX,${lang};q=0.9` }], [`${at}?lang=${lang}`, {}], [`${at}?lang=${lang}`, { 'Accept-Language': 'de' }]]) {
        const ours = await get(where, headers);
        assert.ok(byNginx(ours), `${where} by nginx`);
        assert.equal(ours.status, 200);
        assert.equal(ours.body, theirs.body);
        assert.equal(ours.headers['content-length'], theirs.headers['content-length']);
        const want = headersOf(theirs), got = headersOf(ours);
        assert.equal(got.vary, `Accept-Encoding, ${want.vary}`, 'what is packed varies');
        assert.equal(ours.headers['last-modified'], undefined);
        assert.deepEqual({ ...got, vary: 0 }, { ...want, vary: 0 });
        assert.equal((await get(where, { ...headers, 'If-None-Match': ours.headers.etag })).status, 304);
        assert.equal((await get(where, { ...headers, 'If-None-Match': theirs.headers.etag })).status, 200);
        const head = await get(where, headers, 'HEAD');
        assert.equal(head.body, '');
        assert.deepEqual(headersOf(head), got);
      }
      const r = await fetch(`http://127.0.0.1:${w.port}${at}?lang=${lang}`, { headers: { 'Accept-Encoding': 'gzip' } });
      assert.equal(r.headers.get('content-encoding'), 'gzip');
      assert.equal(await r.text(), theirs.body);
      assert.equal(r.headers.get('content-security-policy'), theirs.headers['content-security-policy']);
      const etag = r.headers.get('etag');
      assert.equal((await fetch(`http://127.0.0.1:${w.port}${at}?lang=${lang}`, { headers: { 'Accept-Encoding': 'gzip', 'If-None-Match': etag } })).status, 304);
    }
  for (const f of list(w).filter((n) => n.endsWith('.gz')))
    assert.deepEqual(zlib.gunzipSync(fs.readFileSync(`${w.dir}/ready/demo/${f}`)), fs.readFileSync(`${w.dir}/ready/demo/${f.slice(0, -3)}`));

  // the language is the program's choice, whoever answers
  for (const at of ['/j/s/news', '/j/n'])
    for (const h of [...headers, ...anyHeaders(at === '/j/n' ? 150 : 0)]) {
      const theirs = await get(`${at}?program`, { 'Accept-Language': h }), ours = await get(at, { 'Accept-Language': h });
      assert.equal(ours.headers['content-language'], theirs.headers['content-language'], `${at} for "${h}"`);
      assert.ok(byNginx(ours), `${at} for "${h}" by nginx`);
    }

  // everything else is the program's
  const mine = `http://localhost:${w.port}`;
  assert.equal((await get('/j/s/news', { Origin: mine })).headers['access-control-allow-origin'], mine);
  assert.equal((await get('/j/s/news', { Origin: 'https://foreign.example' })).headers['access-control-allow-origin'], undefined);
  assert.equal((await get('/j/n', { Origin: 'https://foreign.example' })).headers['access-control-allow-origin'], '*');
  for (const at of ['/j/s/news?fragment', '/j/s/news?token', '/j/n.json', '/j/n?lang=fr', '/j/n?LANG=en']) {
    const r = await get(at);
    assert.equal(r.status, 200, at);
    assert.ok(!byNginx(r), at);
  }
  assert.equal((await request(w, 'PUT', '/j/n')).status, 405);
  assert.equal((await request(w, 'POST', '/j/n')).status, 405);
  assert.equal((await request(w, 'POST', '/j/s/news', { body: 'x'.repeat(1100000), headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })).status, 413);
  const f = formOf((await get('/j/s/news', { 'Accept-Language': 'de' })).body);
  f.fields.set('email', 'ready@example.org');
  assert.equal((await request(w, 'POST', '/j/s/news', { fields: f.fields, headers: { Origin: mine } })).status, 303);
  assert.ok((await w.mail('ready@example.org')).confirm);

  // while the program is away
  const before = (await get('/j/n?lang=en')).body;
  w.serve.kill('SIGKILL');
  await w.serve.ended;
  for (const at of pages) assert.equal((await get(at, { 'Accept-Language': 'en' })).status, 200, at);
  assert.equal((await get('/j/n?lang=en')).body, before);
  for (const h of [...headers, ...malformed]) assert.equal((await get('/j/s/news', { 'Accept-Language': h })).status, 200, `"${h}" while the program is away`);
  assert.equal((await get('/j/s/news?fragment')).status, 503);
  const down = await request(w, 'POST', '/j/s/news', { fields: f.fields });
  assert.equal(down.status, 503);
  assert.equal(down.headers['retry-after'], '60');
  assert.match(down.body, /<h1>/);
});

test('no old notice: a change is there after the reload, and after config apply without one', { timeout: 240_000 }, async (t) => {
  const w = await world('nginx', t, { ready: true });
  const site = `${w.dir}/conf/sites/demo.yaml`;
  const change = (a, b) => fs.writeFileSync(site, fs.readFileSync(site, 'utf8').replace(a, b));
  const get = (at = '/j/n?lang=de', headers = {}) => request(w, 'GET', at, { headers });
  await until('ready files', 20_000, () => list(w).length === 12);
  const first = await get();
  assert.ok(byNginx(first) && first.body.includes('Musterweg 2'));

  change('Musterweg 2', 'Musterweg 7'); // as long as before: only the time can tell them apart
  const applied = spawnSync(program, ['config', 'apply', '-c', w.conf], { encoding: 'utf8' });
  assert.equal(applied.status, 0, applied.stderr);
  assert.equal(list(w).length, 0, 'what is no longer in force is not handed out');
  w.serve.kill('SIGHUP');
  await until('new files', 10_000, () => list(w).length === 12);
  await sleep(1100); // nginx looks at an open file again after a second
  const second = await get(undefined, { 'If-None-Match': first.headers.etag });
  assert.equal(second.status, 200, 'no 304 for what has changed');
  assert.ok(byNginx(second) && second.body.includes('Musterweg 7'));

  // the block of nginx is now older than the style of the pages: the program answers, with headers that fit
  const csp = second.headers['content-security-policy'];
  change('accent: "#17604f"', 'accent: "#703030"');
  w.serve.kill('SIGHUP');
  const fresh = await until('another style', 10_000, async () => {
    const r = await get();
    return r.headers['content-security-policy'] !== csp && r;
  });
  assert.ok(!byNginx(fresh));
  const block = spawnSync(program, ['nginx', '--ready', '--format', 'server', '-c', w.conf], { encoding: 'utf8' }).stdout;
  assert.ok(block.includes(fresh.headers['content-security-policy']));
});

test('without a folder --ready says which key it needs', async (t) => {
  const w = await world('nginx', t);
  const r = spawnSync(program, ['nginx', '--ready', '-c', w.conf], { encoding: 'utf8' });
  assert.notEqual(r.status, 0);
  assert.match(r.stderr, /ready: /);
});
