// The address corpus of isemail (npm email-addresses ships it): 0 of 125 bad ones accepted, 22 of 22 good ones.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { tool } from './lib.mjs';

const xml = fs.readFileSync(path.join(path.dirname(createRequire(import.meta.url).resolve('email-addresses/package.json')), 'test/tests.xml'), 'utf8');

const entity = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const plain = (s) => s
  .replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, dec, name) => (name ? entity[name] : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(dec))))
  // The corpus writes control characters as their pictures.
  .replace(/[\u2400-\u241f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0x2400));

const cases = [...xml.matchAll(/<test id="(\d+)"[^>]*>([\s\S]*?)<\/test>/g)].map(([, id, body]) => ({
  id,
  address: plain(/<address>([\s\S]*?)<\/address>/.exec(body)?.[1] ?? ''),
  category: /<category>ISEMAIL_(\w+)<\/category>/.exec(body)[1],
}));

function accepted(list) {
  const r = spawnSync(tool('addrcheck'), { input: list.map((a) => `${encodeURIComponent(a)}\n`).join(''), encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  const lines = r.stdout.trimEnd().split('\n');
  assert.equal(lines.length, list.length);
  return lines.map((l) => l.startsWith('ok '));
}

const of = (...categories) => cases.filter((c) => categories.includes(c.category));

test('the corpus is the one we know', () => {
  const n = Object.fromEntries(['ERR', 'VALID_CATEGORY', 'DNSWARN', 'RFC5321', 'RFC5322', 'DEPREC', 'CFWS'].map((k) => [k, of(k).length]));
  assert.deepEqual(n, { ERR: 66, VALID_CATEGORY: 14, DNSWARN: 8, RFC5321: 17, RFC5322: 30, DEPREC: 19, CFWS: 10 });
});

test('0 of 125 bad addresses are accepted', () => {
  const bad = of('ERR', 'CFWS', 'DEPREC', 'RFC5322');
  const ok = accepted(bad.map((c) => c.address));
  assert.equal(bad.length, 125);
  assert.deepEqual(bad.filter((_, i) => ok[i]), []);
});

test('22 of 22 good addresses are accepted', () => {
  const good = of('VALID_CATEGORY', 'DNSWARN');
  const ok = accepted(good.map((c) => c.address));
  assert.equal(good.length, 22);
  assert.deepEqual(good.filter((_, i) => !ok[i]), []);
});

test('what only SMTP\'s special forms allow (quotes, address literals) is refused', () => {
  const odd = of('RFC5321');
  const ok = accepted(odd.map((c) => c.address));
  for (const c of odd.filter((_, i) => ok[i])) assert.doesNotMatch(c.address, /["[\]]/);
});
