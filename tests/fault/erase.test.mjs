// kill -9 inside erasures: `jawort person erase`, with the evidence kept and without, and those of the worker. ERASE_KILLS=200
// for the long form. Half of the kills hit a system call of their own, the others a moment. Afterwards, once the site was
// opened, nobody is half erased: what is held is what it was before, or what an erasure leaves that was not disturbed.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { at, formOf, program, root, Service, site, sleep } from '../abuse/lib.mjs';

const KILLS = Number(process.env.ERASE_KILLS ?? 32);
const YEARS_S = 5 * 366 * 86400; // later than retention.evidence
const CALLS = 'write,pwrite64,fsync,fdatasync,ftruncate,unlink,rename';
const PROCESSOR = `processors:
  mailjet: { contract_party: Mailjet SAS, address: [75012 Paris], country: FR, us_affiliate: true, contract: { date: 2026-03-01 },
    privacy_url: "https://mailjet.test/p", subprocessors_url: "https://mailjet.test/s", transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 } }
`;
const built = (name) => path.join(path.dirname(program()), 'fault', name);
// Mails become files; contacts are kept by a provider that is not there, so that what it is to be told waits.
const s = new Service({ sites: { club: site('club', PROCESSOR)
  .replace('route: [dir]', 'route: [dir, mailjet]\n  mailjet: { key_file: mailjet.key, endpoint: "http://127.0.0.1:9" }') } });
const file = (...p) => path.join(s.dir, ...p);
after(() => s.remove());

const name = (i) => `p${i}@example.org`;
const VICTIM = 2, PENDING = [3, 4], KEPT = [5, 6];
let whole; // facts of the snapshot

function jawort(args, { bin = program(), env = {} } = {}) {
  return spawnSync(bin, [...args, '-c', s.conf], { encoding: 'utf8', env: { ...process.env, ...env } });
}
function good(args, o) {
  const r = jawort(args, o);
  assert.equal(r.status, 0, `${args.join(' ')}: ${r.stdout}${r.stderr}`);
  return r.stdout;
}
function facts() {
  const r = spawnSync('python3', [path.join(root, 'tests/fault/facts.py'), file('data/club')], { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  const f = JSON.parse(r.stdout);
  for (const [id, p] of Object.entries(f.people)) p.lookup = whole && p.lookup !== whole.people[id].lookup ? 'random' : p.lookup;
  return f;
}
const folders = ['data', 'keys', 'mails', 'journal'];
const copy = (from, to) => { for (const f of folders) { fs.rmSync(path.join(to, f), { recursive: true, force: true }); fs.cpSync(path.join(from, f), path.join(to, f), { recursive: true, preserveTimestamps: true }); } };
const reset = () => copy(file('snapshot'), s.dir);
const certificates = (to) => s.mails().filter((m) => m.to.includes(to) && /gelöscht|erased/i.test(m.subject)).length;

before(async () => {
  fs.mkdirSync(file('journal'));
  fs.appendFileSync(s.conf, `backup: { journal: ${file('journal')} }\n`);
  fs.writeFileSync(file('sites/mailjet.key'), 'KEY:SECRET\n', { mode: 0o600 });
  await s.start();
  const fields = Object.fromEntries(formOf((await s.get('/club/s/news?lang=de')).body).fields);
  for (let i = 1; i <= 6; i += 1) {
    assert.equal((await s.post('/club/s/news', { ...fields, email: name(i), first_name: 'Zerlinda' })).status, 303);
    const mail = await s.mail(name(i)); // one after the other: numbers of persons are those of names
    if (!PENDING.includes(i)) assert.equal((await s.post(at(mail.confirm), { action: 'confirm' })).status, 200);
  }
  await s.quietOf('club');
  await s.end();
  for (const i of KEPT) good(['person', 'erase', name(i), '--yes']);
  good(['worker', '--once']);
  fs.mkdirSync(file('snapshot'));
  copy(s.dir, file('snapshot'));
  whole = facts();
  assert.equal(Object.keys(whole.people).length, 6);
  assert.equal(whole.people[VICTIM].key[0], 'there');
  assert.equal(certificates(name(KEPT[0])), 1);
});

/**
 * The calls that a run makes, in order, of the thread that makes most: [name, the how-manieth of this name]. Of many
 * alike in a row (pages of a checkpoint) the first and the last.
 */
function callsOf(args, o) {
  reset();
  const log = file('strace.out');
  const r = spawnSync('strace', ['-f', '-y', '-s', '0', '-o', log, '-e', `trace=${CALLS}`, o.bin ?? program(), ...args, '-c', s.conf], { env: { ...process.env, ...o.env }, encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  const threads = {};
  for (const line of fs.readFileSync(log, 'utf8').split('\n')) {
    const [, pid, call, target] = /^(\d+) +(\w+)\(([^,)]*)/.exec(line) ?? [];
    if (pid) (threads[pid] ??= []).push({ call, target });
  }
  const all = Object.values(threads).sort((x, y) => y.length - x.length)[0], count = {};
  for (const c of all) c.when = count[c.call] = (count[c.call] ?? 0) + 1;
  const same = (x, y) => x && y && x.call === y.call && x.target === y.target;
  return all.filter((c, i) => !same(all[i - 1], c) || !same(c, all[i + 1])).map((c) => [c.call, c.when]);
}

async function killAt(args, o, [call, when]) {
  const child = spawn('strace', ['-f', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${when}`, o.bin ?? program(), ...args, '-c', s.conf],
    { stdio: 'ignore', env: { ...process.env, ...o.env } });
  return new Promise((done) => child.on('exit', (code, signal) => done(signal ?? code)));
}
async function killAfter(args, o, ms) {
  const child = spawn(o.bin ?? program(), [...args, '-c', s.conf], { stdio: 'ignore', env: { ...process.env, ...o.env } });
  const ended = new Promise((done) => child.on('exit', (code, signal) => done(signal ?? code)));
  await sleep(ms);
  child.kill('SIGKILL');
  return ended;
}

/** What an erasure leaves in the files that nobody disturbed, checked by hand; the others must be like it. */
function assertGone(p, { kept = false, unconfirmed = false, evidence = false } = {}) {
  assert.equal(p.row[0], 6);
  if (!evidence) assert.equal(p.lookup, 'random');
  assert.deepEqual(p.rows, { person_purpose: 0, request: 0, outbox: 0, move: 0 });
  assert.deepEqual(p.contact, [['mailjet', '', 4, 1]]);
  assert.equal(p.row[2], 0);
  assert.deepEqual(p.key, kept ? ['there', 0] : ['overwritten', 1]);
  assert.equal(p.row[1], kept ? 1 : 0);
  assert.ok(p.events.length >= (unconfirmed ? 3 : 4));
  if (!kept) assert.ok(p.events.every(([, core, fields]) => !core && !fields), JSON.stringify(p.events));
  assert.equal(p.ips > 0, kept);
  const [[, keys, done, until, lookup, journaled]] = p.erasure;
  assert.deepEqual([keys, done, until, lookup, journaled], kept ? [0, 1, 1, 1, 1] : [1, 1, 0, 0, 1]);
}

/** Without what the worker takes away because of its age: IP addresses and notes of mails. */
const aged = (p) => ({ ...p, ips: 0, rows: { ...p.rows, outbox: 0 } });

/** ids: who is erased by args. Returns what was found wrong, for the control run. lastCalls: kill only inside so many last ones. */
async function kills(args, ids, o, n, lastCalls = 0) {
  const calls = callsOf(args, o), wrong = [];
  const gone = facts(), mails = Object.fromEntries(ids.map((i) => [i, certificates(name(i))]));
  for (const i of ids) assertGone(gone.people[i], { kept: o.kept, unconfirmed: PENDING.includes(i), evidence: KEPT.includes(i) });
  reset();
  const started = performance.now();
  good(args, o);
  const ms = performance.now() - started;
  const sure = (what, got, ...wants) => {
    if (!wants.some((w) => JSON.stringify(w) === JSON.stringify(got))) wrong.push(`${what}: ${JSON.stringify(got)}`);
  };
  let stayed = 0, went = 0, hit = 0;
  for (let k = 0; k < n; k += 1) {
    reset();
    const part = (k + 0.5) / n;
    const call = lastCalls ? calls.length - lastCalls + Math.floor(lastCalls * part) : Math.floor(calls.length * part);
    const what = k % 2 && !lastCalls ? `killed after ${(ms * 1.05 * part).toFixed(1)} ms` : `killed in call ${call} of ${calls.length} (${calls[call].join(' ')})`;
    const ended = k % 2 && !lastCalls ? await killAfter(args, o, ms * 1.05 * part) : await killAt(args, o, calls[call]);
    hit += ended === 'SIGKILL';
    // Opened once: everybody is whole or gone.
    jawort(['person', 'find', name(1)], { ...o, bin: o.after });
    const opened = facts();
    for (const i of ids) {
      sure(`${what}, person ${i}`, opened.people[i], whole.people[i], gone.people[i]);
      if (opened.people[i].row[0] === whole.people[i].row[0]) stayed += 1; else went += 1;
    }
    for (const i of [1, 2, 3, 4, 5, 6]) if (!ids.includes(i)) sure(`${what}, bystander ${i}`, aged(opened.people[i]), aged(whole.people[i]));
    // A pass of the worker later: the certificate was mailed exactly once to who is gone; its address is nowhere.
    good(['worker', '--once'], { ...o, bin: o.after });
    const passed = facts();
    for (const i of ids) {
      const isGone = passed.people[i].row[0] === 6;
      if (o.worker) sure(`${what}, person ${i} after the next pass`, passed.people[i], gone.people[i]);
      else sure(`${what}, person ${i} after the next pass`, passed.people[i], opened.people[i]);
      if (isGone && !o.worker) sure(`${what}, certificates for ${i}`, certificates(name(i)), 1);
      else if (o.worker) sure(`${what}, certificates for ${i}`, certificates(name(i)), mails[i]);
      if (o.blocks) sure(`${what}, block`, passed.blocks.some(([l]) => l === whole.people[i].lookup), isGone);
      const lines = fs.readFileSync(file('journal/club.journal'), 'utf8').split('\n').filter((l) => l.split(' ').includes('erased') && l.split(' ').includes(String(i))).length;
      if (isGone && !o.kept && lines < 1) wrong.push(`${what}: person ${i} is gone and not in the journal`);
    }
    const verify = jawort(['verify'], { ...o, bin: o.after });
    if (verify.status !== 0) wrong.push(`${what}: verify says ${verify.stdout}${verify.stderr}`);
    if (wrong.length > 3) break;
  }
  return { wrong, said: `${n} kills over ${calls.length} calls or ${ms.toFixed(0)} ms, ${hit} were in time: ${stayed} people stayed, ${went} were gone` };
}

const part = Math.ceil(KILLS / 4);
async function clean(args, ids, o, n) {
  const r = await kills(args, ids, o, n);
  assert.deepEqual(r.wrong, []);
  console.log(r.said);
}
const LIMIT = { timeout: 900_000 };

test(`${part} x kill -9 inside person erase, evidence kept`, LIMIT, () => clean(['person', 'erase', name(VICTIM), '--yes'], [VICTIM], { kept: true }, part));
test(`${part} x kill -9 inside person erase --with-evidence --never-again`, LIMIT,
  () => clean(['person', 'erase', name(VICTIM), '--with-evidence', '--never-again', '--yes'], [VICTIM], { blocks: true }, part));
test(`${2 * part} x kill -9 inside the worker that erases who never confirmed, and kept evidence`, LIMIT,
  () => clean(['worker', '--once'], [...PENDING, ...KEPT], { worker: true, bin: built('jawort-clock'), after: built('jawort-clock'), env: { JAWORT_CLOCK_OFFSET_S: String(YEARS_S) } }, 2 * part));
test('control: a program that overwrites keys last is caught', LIMIT, async () => {
  const r = await kills(['person', 'erase', name(VICTIM), '--with-evidence', '--yes'], [VICTIM], { bin: built('jawort-halfway'), after: program() }, 13, 26);
  assert.ok(r.wrong.length > 0, r.said);
  assert.match(r.wrong[0], /"there"/);
});
