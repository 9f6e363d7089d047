// Sign-ups x random faults of the provider x kill -9 of the worker: nobody without mail, a second one only where the
// answer to the first was lost, and then with the same link. Then two workers with a planted fault, which must be found.
//   SEED=...   the same faults again        DELIVERY=10000   how many sign-ups (SOAK=1: 10,000)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Delivery, dice, many, sleep, until } from './delivery.mjs';

const SEED = process.env.SEED ?? String(Math.floor(Math.random() * 1e9));
const COUNT = Number(process.env.DELIVERY ?? (process.env.SOAK ? 10_000 : 600));
const CLIENTS = 8;
const DRAIN_MAX_MS = 60_000 + COUNT * 120;

const linkOf = (entry) => /https:\/\/\S+\/c\/[\w-]+/.exec(entry.text)?.[0];

/** What is wrong, from what the provider took and what we hold. */
function judge({ acknowledged, ledger, events }) {
  const of = new Map(acknowledged.map((email) => [email, []]));
  const found = { without: [], twice: [], avoidable: [], link: [], evidence: [], strange: [] };
  for (const e of ledger) (of.get(e.email) ?? found.strange).push(e);
  for (const [email, taken] of of) {
    if (taken.length === 0) found.without.push(email);
    // Each but the last was taken without our being able to know it.
    if (taken.slice(0, -1).some((e) => !e.lost)) found.twice.push(`${email}: ${taken.map((e) => `${e.fault || 'ok'}${e.lost ? ' (lost)' : ''}`)}`);
    // Where the answer was lost a look-up finds the mail, unless the provider hides it or said that it did not take it.
    const known = taken.slice(0, -1).filter((e) => !['hidden', 'taken-502'].includes(e.fault));
    if (known.length > 0) found.avoidable.push(`${email}: ${taken.map((e) => e.fault || 'ok')}`);
    if (taken.some((e) => !linkOf(e) || linkOf(e) !== linkOf(taken[0]))) found.link.push(email);
    if (taken.length > 0 && events.get(email).filter((k) => k === 'mail_accepted').length !== 1) found.evidence.push(`${email}: ${events.get(email)}`);
  }
  return found;
}

/** Until the provider has taken mails whose answers are still to come: a kill now leaves mails of unknown fate behind. */
const underWay = (w) => until('mails under way', 30_000, async () => (await w.ask('traffic')).open >= 4);

async function run(bin, count, seed, kills, { rate = '0.25', latency = '0', when = null } = {}) {
  const w = new Delivery();
  const random = dice(seed);
  try {
    await w.start({ bin, fake: ['--chaos', seed, '--chaos-rate', rate, '--latency', latency] });
    const acknowledged = [];
    let done = false;
    const people = many(Array.from({ length: count }, (_, i) => `p${i}@example.net`), CLIENTS, async (email) => {
      if (await w.signUp(email)) acknowledged.push(email);
    }).then(() => (done = true));
    w.work();
    for (let i = 0; i < kills || !done; i += 1) {
      await (when && i < kills ? when(w) : sleep(150 + random() * 900));
      assert.equal(await w.kill(), 'SIGKILL', 'it was at work');
      w.work();
    }
    await people;
    assert.equal(acknowledged.length, count);
    await w.drained(DRAIN_MAX_MS, bin === 'jawort-haste' ? DRAIN_MAX_MS : 5000);
    const ledger = await w.ask('ledger');
    const traffic = await w.ask('traffic');
    const found = judge({ acknowledged, ledger, events: w.events(acknowledged) });
    const faults = {};
    for (const e of ledger) faults[e.fault || 'none'] = (faults[e.fault || 'none'] ?? 0) + 1;
    await w.end();
    return { found, ledger, faults, kills: w.workers - 1, traffic, circuit: (w.service.log('worker').match(/event=mail_hold /g) ?? []).length };
  } finally {
    await w.remove();
  }
}

test(`${COUNT} sign-ups, seed ${SEED}`, { timeout: DRAIN_MAX_MS * 2 }, async () => {
  const started = Date.now();
  const r = await run('jawort-haste', COUNT, SEED, Math.max(12, COUNT / 25));
  const double = r.ledger.length - COUNT;
  console.log(`seed ${SEED}: ${COUNT} sign-ups, ${r.kills} kills, ${r.traffic.requests.length} requests, ${r.ledger.filter((e) => e.lost).length} lost answers, ` +
    `${double} second mails, circuit opened ${r.circuit} times, ${Math.round((Date.now() - started) / 1000)} s`);
  console.log(JSON.stringify(r.faults));
  assert.deepEqual(r.found, { without: [], twice: [], avoidable: [], link: [], evidence: [], strange: [] }, `SEED=${SEED}`);
  assert.ok(double > 0, 'some second mails were due: where no look-up could find the first');
  assert.ok(Object.keys(r.faults).length > 10, 'all sorts of faults');
});

test('a worker that looks up nothing is found out', { timeout: 300_000 }, async () => {
  const { found } = await run('jawort-forget', 200, `${SEED}f`, 3, { rate: '0.03', latency: '400', when: underWay });
  assert.notEqual(found.avoidable.length, 0);
});

test('a worker that drops a mail at an error 500 is found out', { timeout: 300_000 }, async () => {
  // Three of 23 kinds of faults are a 5xx without the mail: 240 people meet some 19, 120 at 0.4 met none once.
  const { found } = await run('jawort-drop', 240, `${SEED}d`, 1, { rate: '0.6' });
  assert.notEqual(found.without.length, 0);
});
