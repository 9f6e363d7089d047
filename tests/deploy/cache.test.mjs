// `jawort nginx --cache`: what the cache may keep, and what it must never mix up.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { formOf, request, sleep, until } from '../e2e/lib.mjs';
import { world } from './world.mjs';

const files = (dir) => fs.readdirSync(dir, { recursive: true, withFileTypes: true }).filter((f) => f.isFile())
  .map((f) => fs.readFileSync(path.join(f.parentPath ?? f.path, f.name), 'latin1'));

test('forms and notices for a second, per language; nothing else, and nothing mixed up', { timeout: 300_000 }, async (t) => {
  const w = await world('nginx', t, { cache: true });
  const get = (at, headers) => request(w, 'GET', at, { headers });
  const check = spawnSync('nginx', ['-t', '-e', w.log, '-p', w.dir, '-c', `${w.dir}/nginx.conf`], { encoding: 'utf8' });
  assert.equal(check.status, 0, check.stderr);

  const languages = { de: 'de', 'de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7': 'de', en: 'en', 'en-GB,en;q=0.9,de;q=0.1': 'en',
    'fr,en;q=0.5': 'en', 'fr,de;q=0.5': 'de', 'en,de': 'de', 'de;q=0.1,en;q=0.2': 'en', 'de;q=0.2,en;q=0.1': 'de', '': 'de', '*': 'de' };
  for (let round = 0; round < 2; round += 1)
    for (const at of ['/j/s/news', '/j/n', '/j/n.txt'])
      for (const [header, lang] of Object.entries(languages)) {
        const r = await get(at, { 'Accept-Language': header });
        assert.equal(r.status, 200);
        assert.match(r.headers['content-language'], new RegExp(`^${lang}`), `${at} for "${header}"`);
      }

  // what comes first must not decide what the next one gets
  const fresh = (n) => `/j/s/news?lang=de&fresh=${n}`;
  assert.equal((await request(w, 'HEAD', fresh(1))).status, 200);
  assert.ok((await get(fresh(1))).body.includes('<form'), 'GET after HEAD');
  const { etag } = (await get(fresh(2))).headers;
  assert.equal((await get(fresh(3), { 'If-None-Match': etag })).status, 304);
  assert.equal((await get(fresh(3))).status, 200, 'GET after 304');
  assert.equal((await get(fresh(2), { 'If-None-Match': etag })).status, 304, 'the kept copy answers 304 as well');
  const own = `http://localhost:${w.port}`;
  assert.equal((await get('/j/s/news?fragment&a', { Origin: 'https://foreign.example' })).headers['access-control-allow-origin'], undefined);
  assert.equal((await get('/j/s/news?fragment&a', { Origin: own })).headers['access-control-allow-origin'], own);
  assert.equal((await get('/j/s/news?fragment&b', { Origin: own })).headers['access-control-allow-origin'], own);
  assert.equal((await get('/j/s/news?fragment&b', { Origin: 'https://foreign.example' })).headers['access-control-allow-origin'], undefined);
  assert.equal((await get('/j/s/none')).status, 404);

  // one life through it
  const f = formOf((await get('/j/s/news?lang=de')).body);
  f.fields.set('email', 'cache@example.org');
  assert.equal((await request(w, 'POST', '/j/s/news', { fields: f.fields, headers: { Origin: own } })).status, 303);
  const mail = await w.mail('cache@example.org');
  const c = new URL(mail.confirm).pathname, u = new URL(mail.unsubscribe).pathname;
  for (const at of [c, u]) assert.equal((await get(at)).status, 200);
  assert.equal((await request(w, 'POST', c, { fields: { action: 'confirm' } })).status, 200);
  assert.notEqual((await get(c)).body, '', 'the page after is not the page before');
  await get('/j/s/news?token');
  await get(`${c}/s/news`);
  await get(`${u}/n`);
  const kept = files(`${w.dir}/cache`);
  assert.ok(kept.length >= 6, 'the cache is in use');
  for (const text of kept) {
    for (const token of [c, u]) assert.ok(!text.includes(token.split('/').at(-1)), 'no token in the cache');
    assert.doesNotMatch(text, /Cache-Control: no-store/i);
    assert.doesNotMatch(text, /KEY: [^\n]*\?token/);
  }

  // what is kept is there while the program is not; the rest says so
  assert.equal((await get('/j/s/news', { 'Accept-Language': 'en' })).status, 200);
  w.serve.kill('SIGKILL');
  await w.serve.ended;
  await sleep(1200);
  const stale = await get('/j/s/news', { 'Accept-Language': 'en' });
  assert.equal(stale.status, 200);
  assert.ok(stale.body.includes('<form'));
  assert.ok((await get(c)).status >= 502);
  assert.ok((await request(w, 'POST', '/j/s/news', { fields: f.fields })).status >= 502);
});

test('a change is there after a second', { timeout: 240_000 }, async (t) => {
  const w = await world('nginx', t, { cache: true });
  const site = `${w.dir}/conf/sites/demo.yaml`;
  const get = () => request(w, 'GET', '/j/n?lang=de');
  assert.ok((await get()).body.includes('Musterweg 2'));
  fs.writeFileSync(site, fs.readFileSync(site, 'utf8').replace('Musterweg 2', 'Musterweg 77'));
  w.serve.kill('SIGHUP');
  // the old copy may be given out once more, and fetches the new one
  await until('the change', 20_000, async () => (await get()).body.includes('Musterweg 77'));
});
