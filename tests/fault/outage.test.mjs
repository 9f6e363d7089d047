// A provider that is away for an hour: what happens to the queue, to the provider meanwhile, and when it is back.
// Time runs 400 times as fast, so the hour is 9 s; counts, order and gaps are what is looked at, not speed.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Delivery, many, root, sleep, until } from './delivery.mjs';

const HASTE = 400;
const PARALLEL = Number(/WORKER_PARALLEL (\d+)/.exec(readFileSync(path.join(root, 'include/send/worker.h'), 'utf8'))[1]);
const LATENCY_MS = 20;
const HOUR_MS = 3_600_000 / HASTE;
const QUEUED = 2000;

const people = (n, name) => Array.from({ length: n }, (_, i) => `${name}${i}@example.net`);
const count = (text, word) => text.split(word).length - 1;

async function world(fn, o = {}) {
  const w = new Delivery({ haste: HASTE, ...o });
  try {
    await w.start({ fake: ['--latency', String(LATENCY_MS)] });
    await fn(w);
  } finally {
    await w.remove();
  }
}
const signUps = (w, list) => many(list, 8, async (email) => assert.ok(await w.signUp(email)));
const once = (ledger, list) => {
  assert.equal(ledger.length, list.length, 'no mail is lost and none is sent twice');
  assert.deepEqual(new Set(ledger.map((e) => e.email)), new Set(list));
};

test(`${QUEUED} mails wait through an hour without a provider, and drain without a herd`, { timeout: 300_000 }, () => world(async (w) => {
  const list = people(QUEUED, 'o');
  await w.ask('outage?mode=500', 'POST');
  w.work();
  const began = Date.now();
  await signUps(w, list);
  await sleep(Math.max(0, HOUR_MS - (Date.now() - began)));
  const during = (await w.ask('traffic')).requests, lasted = Date.now() - began;
  // Five failures open the circuit (others were under way then); after that one at a time, 30 s to 5 min apart.
  const first = during.filter((r) => r.at < during[0].at + 2000).length;
  assert.ok(first <= 2 * PARALLEL, `${first} before the circuit opened`);
  const most = 12 + lasted / ((300_000 * 0.75) / HASTE);
  assert.ok(during.length - first <= most, `${during.length - first} probes in ${lasted} ms, at most ${most}`);
  assert.ok(during.length - first >= 5, `${during.length - first} probes in an hour: it goes on asking`);
  for (const r of during.slice(first)) assert.equal(r.open, 1, 'probes go alone');
  const log = w.service.log('worker');
  assert.equal(count(log, 'event=mail_hold '), 1, 'one line in the log');

  await w.ask('outage?mode=none', 'POST');
  const back = Date.now();
  await w.drained(60_000);
  const { requests, peak } = await w.ask('traffic');
  const after = requests.slice(during.length).filter((r) => r.at >= back);
  once(await w.ask('ledger'), list);
  assert.ok(peak <= PARALLEL, `${peak} at once`);
  assert.equal(after[0].open, 1, 'one goes first');
  // Then more with every answer: by the time of the n-th request at most n are under way, and never a burst.
  after.slice(0, PARALLEL).forEach((r, i) => assert.ok(r.open <= i / 2 + 2, `${r.open} under way at request ${i}`));
  const burst = Math.max(...after.map((r, i) => after.slice(i, i + 4 * PARALLEL).filter((x) => x.at < r.at + LATENCY_MS).length));
  assert.ok(burst <= 2 * PARALLEL, `${burst} within ${LATENCY_MS} ms`);
  console.log(`${during.length} requests during the hour (${first} before the circuit opened), first answer after ${after[0].at - back} ms x ${HASTE}, ` +
    `drained at ${Math.round((after.length / (after.at(-1).at - after[0].at)) * 1000)}/s, at most ${burst} in ${LATENCY_MS} ms, ${peak} at once`);
  await w.end();
}));

test('a black hole opens the circuit too, and everything is looked up before it is sent again', { timeout: 240_000 }, () => world(async (w) => {
  const list = people(100, 'b');
  await w.ask('outage?mode=silent', 'POST');
  w.work();
  await signUps(w, list);
  await sleep(HOUR_MS / 6);
  const during = (await w.ask('traffic')).requests.length;
  assert.ok(during <= 3 * PARALLEL, `${during} requests into the hole`);
  await w.ask('outage?mode=none', 'POST');
  await w.drained(40_000);
  once(await w.ask('ledger'), list);
  assert.ok((await w.ask('traffic')).requests.some((r) => r.what === 'GET /v3/REST/message'), 'looked up');
  await w.end();
}, { patienceMs: 500 }));

test('Retry-After is for all mails, also those that come meanwhile', { timeout: 240_000 }, () => world(async (w) => {
  const list = people(60, 'r');
  await w.ask('outage?mode=429&retry=900', 'POST');
  w.work();
  await signUps(w, list.slice(0, 40));
  await until('a hold', 10_000, () => count(w.service.log('worker'), 'event=mail_hold ') === 1);
  await sleep(300); // what had left before
  const before = (await w.ask('traffic')).requests;
  assert.ok(before.length > 0 && before.length <= PARALLEL, `${before.length} before the first answer was read`);
  await w.ask('outage?mode=none', 'POST');
  await signUps(w, list.slice(40));
  await w.drained(40_000);
  const { requests } = await w.ask('traffic');
  const next = requests[before.length].at - before.at(-1).at;
  assert.ok(next >= (900_000 / HASTE) * 0.98, `next request ${next} ms later, not ${900_000 / HASTE}`);
  once(await w.ask('ledger'), list);
  await w.end();
}));

test('an answer to a request that was under way does not shorten a Retry-After', { timeout: 240_000 }, () => world(async (w) => {
  const list = people(60, 's');
  await signUps(w, list);
  await w.ask('outage?mode=429&retry=900&times=1', 'POST');
  w.work();
  await w.drained(40_000);
  const { requests } = await w.ask('traffic');
  const gaps = requests.slice(1).map((r, i) => r.at - requests[i].at);
  const longest = Math.max(...gaps);
  assert.ok(longest >= (900_000 / HASTE) * 0.9, `${longest} ms at most between two requests, not ${900_000 / HASTE}`);
  assert.ok(gaps.indexOf(longest) < PARALLEL, `after request ${gaps.indexOf(longest)}`);
  once(await w.ask('ledger'), list);
  await w.end();
}));

test('connections are kept: many requests, few connections', { timeout: 240_000 }, () => world(async (w) => {
  const list = people(400, 'c');
  await signUps(w, list);
  w.work();
  await w.drained(40_000);
  const { connections, requests, peak } = await w.ask('traffic');
  assert.equal(requests.length, list.length);
  assert.ok(peak > PARALLEL / 2, `${peak} at once: in parallel`);
  assert.ok(connections <= PARALLEL, `${connections} connections for ${requests.length} requests`);
  await w.end();
}));

test('one bad key: one line, a status that says it, sign-ups that change nothing, and "outbox retry" when it is mended', { timeout: 240_000 }, () => world(async (w) => {
  const key = `${w.service.dir}/sites/mailjet.key`;
  writeFileSync(key, 'KEY:WRONG\n');
  w.work();
  await signUps(w, people(30, 'k'));
  await until('a hold', 10_000, () => count(w.service.log('worker'), 'event=mail_hold ') === 1);
  await sleep(500);
  const asked = (await w.ask('traffic')).requests.length;
  assert.ok(asked <= PARALLEL, `${asked} requests with a wrong key`);
  await signUps(w, people(5, 'late'));
  await sleep(300);
  assert.ok((await w.ask('traffic')).requests.length <= asked + 1, 'no request for a sign-up');
  assert.equal(count(w.service.log('worker'), 'event=mail_hold '), 1);
  assert.match(w.service.log('worker'), /level=error event=mail_hold site=club provider=mailjet code=mj-0015 text="[^"]*mail\.mailjet\.key_file/);
  const r = w.service.jawort('status', '--site', 'club');
  assert.match(r.out, /HELD +mailjet: \d+ mails wait \(mj-0015\)/);
  writeFileSync(key, 'KEY:SECRET\n');
  assert.equal(w.service.jawort('outbox', 'retry', '--site', 'club', '--yes').code, 0);
  await w.drained(300_000 / 20 - 5000); // before the next check would come
  once(await w.ask('ledger'), [...people(30, 'k'), ...people(5, 'late')]);
  await w.end();
}, { haste: 20 }));

test('uncertain mails are looked up again when a hold is over, also when there are no others', { timeout: 240_000 }, () => world(async (w) => {
  await w.ask('outage?mode=silent', 'POST');
  w.work();
  await signUps(w, ['u@example.net']);
  await until('an uncertain mail', 10_000, () => w.status().outbox.unknown === 1);
  await w.ask('outage?mode=401', 'POST');
  await until('a hold', 10_000, () => count(w.service.log('worker'), 'event=mail_hold ') === 1);
  await w.ask('outage?mode=none', 'POST');
  await w.drained(20_000);
  once(await w.ask('ledger'), ['u@example.net']);
  await w.end();
}, { patienceMs: 500 }));

test('the next provider of the route takes over, and the held one is not asked at every sign-up', { timeout: 240_000 }, () => world(async (w) => {
  await w.ask('outage?mode=401', 'POST');
  w.work();
  await signUps(w, ['first@example.net']);
  await until('the first mail', 10_000, () => w.service.mails().length === 1);
  for (const email of people(20, 'n')) await signUps(w, [email]);
  await until('the mails', 10_000, () => w.service.mails().length === 21);
  await w.drained(10_000);
  const { requests } = await w.ask('traffic');
  const checks = Math.floor((Date.now() - requests[0].at) / (300_000 / 40));
  assert.ok(requests.length <= 1 + checks, `${requests.length} requests to a provider that is held`);
  assert.equal(count(w.service.log('worker'), 'event=mail_hold '), 1);
  const list = JSON.parse(w.service.jawort('outbox', 'list', '--site', 'club', '--json').out);
  assert.deepEqual(new Set(list.map((m) => `${m.state} ${m.provider}`)), new Set(['accepted dir']));
  await w.end();
}, { haste: 40, route: 'mailjet, dir' }));

test('an outage that ends in a refusal says so: what somebody must mend has a line of its own', { timeout: 240_000 }, () => world(async (w) => {
  await w.ask('outage?mode=500', 'POST');
  w.work();
  await signUps(w, people(12, 'x'));
  await until('a hold', 10_000, () => count(w.service.log('worker'), 'event=mail_hold ') === 1);
  await w.ask('outage?mode=401', 'POST');
  await until('its reason', 10_000, () => /level=error event=mail_hold site=club provider=mailjet/.test(w.service.log('worker')));
  await sleep(1500); // two more checks
  assert.equal(count(w.service.log('worker'), 'event=mail_hold '), 2);
  await w.ask('outage?mode=none', 'POST');
  await w.drained(40_000);
  await w.end();
}));

test('a Retry-After that is longer than a hold is kept, also when the next provider has taken over', { timeout: 240_000 }, () => world(async (w) => {
  await w.ask('outage?mode=429&retry=1800', 'POST');
  w.work();
  await signUps(w, people(10, 'y'));
  await until('the mails', 10_000, () => w.service.mails().length === 10);
  const first = (await w.ask('traffic')).requests;
  await sleep(1_800_000 / HASTE / 2);
  await signUps(w, people(3, 'z'));
  await until('the others', 10_000, () => w.service.mails().length === 13);
  const now = Date.now();
  const { requests } = await w.ask('traffic');
  assert.ok(now - first.at(-1).at >= (1_800_000 / HASTE) * 0.98 || requests.length === first.length, `${requests.length - first.length} requests before it was over`);
  await w.end();
}, { route: 'mailjet, dir' }));

test('a wrong key stops what contact lists are told, with one line and a status; the right one is read without a restart', { timeout: 240_000 }, () => world(async (w) => {
  const key = `${w.service.dir}/sites/mailjet.key`;
  w.work();
  await signUps(w, ['gone@example.net']);
  await w.drained(20_000);
  const asked = async () => (await w.ask('traffic')).requests.filter((r) => /contact/.test(r.what)).length;
  writeFileSync(key, 'KEY:WRONG\n');
  w.service.jawort('outbox', 'retry', '--site', 'club', '--yes');
  await sleep(300);
  const [mail] = await w.ask('messages');
  const link = new URL(/https?:\/\/\S+\/c\/[\w-]+/.exec(mail.Message.TextPart)[0]);
  assert.equal((await w.service.post(link.pathname, { action: 'deny' })).status, 200);
  await until('three tries', 20_000, async () => (await asked()) >= 3);
  assert.equal(count(w.service.log('worker'), 'event=contacts_hold '), 1);
  assert.match(w.service.jawort('status', '--site', 'club').out, /WAITS +mailjet: delete \(http-401\)/);
  writeFileSync(key, 'KEY:SECRET\n');
  await until('the deletion', 20_000, () => w.status().contacts.waiting === 0);
  assert.equal(count(w.service.log('worker'), 'event=contacts_hold_over '), 1);
  assert.equal(w.status().contacts.trouble, null);
  await w.end();
}));
