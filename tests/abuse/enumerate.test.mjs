// Does the answer to a sign-up tell what is known about an address? Bytes and time, and two planted faults that must
// be noticed. 2 x 3,000 requests; SOAK=1: 2 x 20,000.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Service, at, formOf, many, tool } from './lib.mjs';

const N = process.env.SOAK ? 20_000 : 3_000;
const EACH = 60;
const s = new Service();
const groups = {};
let body;
after(() => s.remove());

const letters = () => Array.from({ length: 12 }, () => String.fromCharCode(97 + Math.floor(Math.random() * 26))).join('');

before(async () => {
  await s.start();
  const forms = {};
  for (const form of ['news', 'third', 'trips']) forms[form] = formOf((await s.get(`/club/s/${form}?lang=de`)).body).fields;
  body = new URLSearchParams(forms.news);
  body.delete('email');
  const sign = async (form, email) => { const f = new URLSearchParams(forms[form]); f.set('email', email); assert.equal((await s.post(`/club/s/${form}`, f)).status, 303); };
  for (const name of ['pending', 'active', 'unsubscribed', 'suppressed', 'over']) groups[name] = Array.from({ length: EACH }, () => `${letters()}@example.org`);
  const all = Object.entries(groups).flatMap(([name, list]) => list.map((email) => ({ name, email })));
  // over its budget: both mails of the day are used up by other forms
  await many(all, 8, ({ name, email }) => sign(name === 'over' ? 'third' : 'news', email));
  await many(groups.over, 8, (email) => sign('trips', email));
  await s.quietOf('club');
  const mails = new Map(s.mails().map((m) => [m.to, m]));
  await many(all, 8, async ({ name, email }) => {
    const m = mails.get(email);
    assert.ok(m, `a mail to ${name} ${email}`);
    if (name === 'active' || name === 'unsubscribed') await s.post(at(m.confirm), 'action=confirm');
    if (name === 'unsubscribed') await s.post(at(m.unsubscribe), 'action=withdraw');
    if (name === 'suppressed') await s.post(at(m.confirm), 'action=deny');
  });
  const p = JSON.parse(s.jawort('status', '--json').out).sites[0].persons;
  assert.deepEqual([p.pending, p.active, p.unsubscribed], [2 * EACH, EACH, EACH]);
  await s.end();
}, { timeout: 240_000 });

/** One run of `enumerate` against a build; {code, out, t(group)}. */
async function measure(bin, n, names, uri = '/club/s/news', fields = body.toString()) {
  await s.start({ bin, worker: false });
  const list = names.flatMap((g) => groups[g].map((a) => `${g} ${a.replace('@', '%40')}`)).join('\n');
  const r = spawnSync(tool('enumerate'), [s.socket, uri, fields, String(n), ...names], { input: `${list}\n`, encoding: 'utf8', timeout: 500_000 });
  await s.end();
  console.log(r.stdout + r.stderr);
  return { code: r.status, out: r.stdout };
}

test(`2 x ${N}: nothing to see`, { timeout: 600_000 }, async () => {
  const r = await measure(undefined, N, Object.keys(groups));
  assert.match(r.out, /^answers +0 of \d+ differ in bytes \(Status: 303/m);
  assert.equal(r.code, 0, r.out);
});

test('red control: a suppressed address is answered 200 us later', { timeout: 600_000 }, async () => {
  const r = await measure(tool('jawort-delay'), Math.min(N, 3000), ['suppressed']);
  assert.equal(r.code, 3, r.out);
});

test('red control: for a suppressed address the commit is left out', { timeout: 600_000 }, async () => {
  const r = await measure(tool('jawort-skip'), Math.min(N, 3000), ['suppressed']);
  assert.equal(r.code, 3, r.out);
});

// "What do you hold about me?" is answered alike, whoever asks about whom.
test(`/my, 2 x ${N}: nothing to see`, { timeout: 600_000 }, async () => {
  const r = await measure(undefined, N, Object.keys(groups), '/club/my', 'lang=de');
  assert.match(r.out, /^answers +0 of \d+ differ in bytes \(Status: 303/m);
  assert.equal(r.code, 0, r.out);
});

test('red control: /my answers for a suppressed address 200 us later', { timeout: 600_000 }, async () => {
  const r = await measure(tool('jawort-delay'), Math.min(N, 3000), ['suppressed'], '/club/my', 'lang=de');
  assert.equal(r.code, 3, r.out);
});

test('red control: /my leaves out the commit for a suppressed address', { timeout: 600_000 }, async () => {
  const r = await measure(tool('jawort-skip'), Math.min(N, 3000), ['suppressed'], '/club/my', 'lang=de');
  assert.equal(r.code, 3, r.out);
});
