// The form as a bomb: 10,000 sign-ups of one address from 1,000 clients, over two sites and a day. At most two mails
// a site and four a host within 24 hours, and the attacker sees the same page all the time. SOAK=1: 100,000.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Service, formOf, many, site, tool } from './lib.mjs';

const N = process.env.SOAK ? 100_000 : 10_000;
const CLIENTS = 1000, STEPS = 9, STEP_H = 3;
const VICTIM = 'victim@example.org';
const s = new Service({ sites: { club: site('club'), firm: site('firm'), shop: site('shop') }, budgets: 'per_prefix: 1000/1h, per_site: 1000000/24h' });
after(() => s.remove());
const client = (i) => `10.${(i % CLIENTS) >> 8}.${(i % CLIENTS) & 255}.${1 + (i % 250)}`;
const spellings = ['victim@example.org', 'Victim@example.org', 'VICTIM@EXAMPLE.ORG', 'vIcTiM@Example.Org'];

async function fieldsOf(id, form) {
  const f = formOf((await s.get(`/${id}/s/${form}?lang=de`)).body);
  return (email) => { const all = new URLSearchParams(f.fields); all.set('email', email); return all; };
}
const mailsTo = (re) => s.mails().filter((m) => re.test(m.to));
/** Hours on the service's clock since the first start. */
const hour = (h) => ({ bin: tool('jawort-clock'), env: { JAWORT_CLOCK_OFFSET_S: String(h * 3600) } });

test(`${N} sign-ups of one address`, { timeout: 300_000 }, async () => {
  const answers = new Set(), perDay = [];
  let number = 0;
  for (let step = 0; step < STEPS; step += 1) {
    await s.start(hour(step * STEP_H));
    const forms = {};
    for (const id of ['club', 'firm', 'shop']) for (const form of ['news', 'third', 'trips']) forms[`${id}/${form}`] = await fieldsOf(id, form);
    const keys = Object.keys(forms);
    await many(Array.from({ length: Math.ceil(N / STEPS) }, () => (number += 1)), 8, async (i) => {
      const [id, form] = keys[i % keys.length].split('/');
      const r = await s.post(`/${id}/s/${form}`, forms[keys[i % keys.length]](spellings[i % spellings.length]), { from: client(i) });
      answers.add(`${r.status} ${r.raw.replaceAll(`/${id}/s/${form}`, '/SITE/s/FORM')}`);
    });
    for (const id of ['club', 'firm', 'shop']) await s.quietOf(id);
    await s.end();
    perDay.push(mailsTo(/victim/i).length);
  }
  const mails = mailsTo(/victim/i);
  const per = Object.fromEntries(['club', 'firm', 'shop'].map((id) => [id, mails.filter((m) => m.raw.includes(`/${id}/`)).length]));
  console.log(`${number} sign-ups over ${(STEPS - 1) * STEP_H} hours: mails per site ${JSON.stringify(per)}, in all after each ${STEP_H} hours ${perDay.join(' ')}`);
  assert.equal(answers.size, 1, [...answers].join('\n---\n').slice(0, 2000));
  assert.match([...answers][0], /^303 /);
  // the last step lies 24 hours after the first: what is counted is any stretch of less than a day
  assert.ok(perDay[STEPS - 1] <= 4, `host: ${perDay}`);
  for (const [id, n] of Object.entries(per)) assert.ok(n <= 2, `${id}: ${n}`);
  assert.ok(mails.length === 4, 'the budget of the host is used up, not more');
  const silent = JSON.parse(s.jawort('status', '--json').out).sites.reduce((n, x) => n + x.week.silent, 0);
  assert.ok(silent > 0, 'status tells that somebody tried');
});

test('a day later the same address is heard again, and never more than its share', { timeout: 240_000 }, async () => {
  await s.start(hour(STEPS * STEP_H + 24));
  const fields = await fieldsOf('shop', 'news');
  for (let i = 0; i < 50; i += 1) assert.equal((await s.post('/shop/s/news', fields(VICTIM), { from: client(i) })).status, 303);
  await s.quietOf('shop');
  await s.end();
  assert.equal(mailsTo(/victim/i).length, 5);
});

test('dots and plus make another address, letter case does not', { timeout: 240_000 }, async () => {
  await s.start(hour(100));
  const three = {};
  for (const form of ['news', 'third', 'trips']) three[form] = await fieldsOf('club', form);
  const all = ['a.b.c@example.net', 'abc@example.net', 'abc+x@example.net', 'ABC@example.net', 'aBc@EXAMPLE.net'];
  for (const email of all) for (const form of Object.keys(three)) assert.equal((await s.post(`/club/s/${form}`, three[form](email))).status, 303);
  await s.quietOf('club');
  await s.end();
  assert.equal(mailsTo(/^a\.b\.c@/).length, 2);
  assert.equal(mailsTo(/^abc\+x@/).length, 2);
  assert.equal(mailsTo(/^abc@example\.net$/i).length, 2, 'three spellings, one share');
});

test('one network is told to wait before anything is stored', { timeout: 240_000 }, async () => {
  await s.start(hour(200));
  const fields = await fieldsOf('club', 'news');
  const got = {};
  await many(Array.from({ length: 1100 }, (_, i) => i), 8, async (i) => {
    const r = await s.post('/club/s/news', fields(`n${i}@example.com`), { from: `198.51.100.${i % 256}` });
    got[r.status] = (got[r.status] ?? 0) + 1;
    if (r.status === 429) assert.ok(Number(r.headers['retry-after']) > 0);
  });
  assert.deepEqual(got, { 303: 1000, 429: 100 });
  await s.end();
});
