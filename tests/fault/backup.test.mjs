// Backups as an admin makes them: while the service runs, into two folders, out of them again; and kill -9 at any moment of
// both. BACKUP_KILLS=200 for the long form. Whatever is killed, nothing half is ever taken for a backup or for a site.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { confCopy, formOf, mailParse, sleep } from '../e2e/lib.mjs';

const KILLS = Number(process.env.BACKUP_KILLS ?? 40);
const here = path.dirname(fileURLToPath(import.meta.url));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-backup-'));
const at = (...p) => path.join(dir, ...p);
const conf = at('conf/jawort.yaml'), site = at('data/demo');
const bin = path.resolve(here, '../..', process.env.JAWORT ?? 'build/jawort');

after(() => fs.rmSync(dir, { recursive: true, force: true }));

function jawort(args, options = {}) {
  return spawnSync(bin, [...args, '-c', conf], { encoding: 'utf8', ...options });
}
function good(args, options) {
  const r = jawort(args, options);
  assert.equal(r.status, 0, `${args.join(' ')}: ${r.stderr}`);
  return r.stdout;
}

/** One request to the program as CGI. */
function ask(method, uri, body = '') {
  const r = spawnSync(bin, [], {
    input: body, encoding: 'utf8',
    env: { GATEWAY_INTERFACE: 'CGI/1.1', JAWORT_CONF: conf, REQUEST_METHOD: method, REQUEST_URI: uri, QUERY_STRING: uri.split('?')[1] ?? '',
      SERVER_PROTOCOL: 'HTTP/1.1', HTTP_HOST: 'localhost:8080', REMOTE_ADDR: '192.0.2.7', CONTENT_LENGTH: String(Buffer.byteLength(body)),
      CONTENT_TYPE: body ? 'application/x-www-form-urlencoded' : '', HTTP_ORIGIN: 'http://localhost:8080', PATH: process.env.PATH },
  });
  assert.equal(r.status, 0, r.stderr);
  return { status: Number(/^Status: (\d+)/im.exec(r.stdout)?.[1] ?? 200), body: r.stdout };
}

let fields;
function signUp(email) {
  fields ??= formOf(ask('GET', '/j/s/news?lang=de').body).fields;
  const all = new URLSearchParams(fields);
  all.set('email', email);
  assert.equal(ask('POST', '/j/s/news', all.toString()).status, 303);
}
/** The path in the link of the mail to somebody. */
function linkOf(email) {
  const box = at('mails');
  const mail = fs.readdirSync(box).map((f) => mailParse(path.join(box, f))).find((m) => m.to === email);
  return new URL(/https?:\/\/\S+\/c\/\S+/.exec(mail.text)[0]).pathname;
}

/** {email: [state, kinds]} in a data folder. */
function look(emails, data = site, keys = at('keys/demo.keys')) {
  const r = spawnSync(path.join(path.dirname(bin), 'fault/look'), [data, keys, 'demo'], { input: `${emails.join('\n')}\n`, encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  return Object.fromEntries(r.stdout.trim().split('\n').map((l) => { const [e, s, k] = l.split('\t'); return [e, [s, k]]; }));
}

const people = Array.from({ length: 12 }, (_, i) => `p${i}@example.org`);
const secret = at('secret'), toData = at('b/data'), toKeys = at('b/keys'), disk = at('disk');
const files = (folder, end = '.jwb') => fs.readdirSync(folder).filter((f) => f.endsWith(end)).sort().map((f) => path.join(folder, f));

before(() => {
  for (const d of [toData, toKeys, disk]) fs.mkdirSync(d, { recursive: true });
  confCopy(dir, 8080);
  const key = good(['key', 'new', '--backup', '-o', secret]);
  assert.equal(fs.statSync(secret).mode & 0o777, 0o600);
  const pub = /public_key: (\S+)/.exec(key)[1];
  fs.appendFileSync(conf, `backup: { public_key: ${pub}, journal: ${disk} }\n`);
  fs.writeFileSync(conf, fs.readFileSync(conf, 'utf8').replace(/^budgets:.*$/m, 'budgets: { per_prefix: 1000000/1h, per_site: 1000000/24h }'));
  for (const p of people) signUp(p);
  good(['worker', '--once']);
  for (const p of people.slice(0, 6)) assert.equal(ask('POST', linkOf(p), 'action=confirm').status, 200);
});

const backUp = () => good(['backup', toData, '--keys', toKeys]);
const restoreArgs = (data, keys) => ['restore', data, '--keys', keys, '--secret', secret];

test('while it is served: two files, 0600, readable heads, and nothing of a person in them', async () => {
  const out = backUp();
  assert.match(out, /demo: .*demo-data-\d{8}T\d{6}Z\.jwb, \d+ bytes/);
  const [data] = files(toData), [keys] = files(toKeys);
  for (const f of [data, keys]) {
    assert.equal(fs.statSync(f).mode & 0o777, 0o600);
    const bytes = fs.readFileSync(f);
    assert.match(bytes.subarray(0, 40).toString(), /^jawort-backup 1\nsite demo\nkind (data|keys)\n/);
    assert.equal(bytes.includes('p1@example.org'), false);
  }
  assert.equal(fs.existsSync(path.join(site, 'backup.tmp')), false);
  const status = jawort(['backup', toData, '--keys', toKeys, '-n']);
  assert.match(status.stdout, /would write .*\nwould write /);
  assert.equal(files(toData).length, 1);
});

test('a drill beside the running site changes nothing', () => {
  const before_ = fs.readdirSync(at('data')).sort();
  const out = good([...restoreArgs(files(toData)[0], files(toKeys)[0]), '--drill']);
  assert.match(out, /12 persons, \d+ events: databases sound, every address opens/);
  assert.match(out, /nothing was changed/);
  assert.deepEqual(fs.readdirSync(at('data')).sort(), before_);
  assert.match(jawort(restoreArgs(files(toData)[0], files(toKeys)[0])).stderr, /never replaces data/);
});

test('yesterday\'s backup, and the erased person is still gone', () => {
  assert.equal(ask('POST', linkOf('p9@example.org'), 'action=deny').status, 200);
  assert.match(fs.readFileSync(path.join(disk, 'demo.journal'), 'utf8'), / erased 10 /);
  signUp('later@example.org');
  fs.renameSync(site, at('lost'));
  const r = jawort([...restoreArgs(files(toData)[0], files(toKeys)[0]), '--json']);
  assert.equal(r.status, 0, r.stderr);
  const said = JSON.parse(r.stdout);
  assert.equal(said.erased, 1);
  assert.equal(said.persons, 12);
  assert.match(said.log, /\/log\/2$/);
  const now = look([...people, 'later@example.org']);
  assert.equal(now['p9@example.org'][0], '-');
  assert.equal(now['later@example.org'][0], '-');
  assert.equal(now['p0@example.org'][0], 'active');
  assert.match(fs.readFileSync(path.join(disk, 'demo.journal'), 'utf8'), / restored \d+ 2 /);
  // No mail leaves that was sent before, and the site goes on.
  const mails = fs.readdirSync(at('mails')).length;
  good(['worker', '--once']);
  assert.equal(fs.readdirSync(at('mails')).length, mails);
  signUp('fresh@example.org');
  good(['worker', '--once']);
  assert.equal(look(['fresh@example.org'])['fresh@example.org'][0], 'pending');
  // A second time from the same backup: the third name.
  fs.rmSync(site, { recursive: true });
  assert.match(good(restoreArgs(files(toData)[0], files(toKeys)[0])), /\/log\/3;/);
});

test('who withdrew a moment before the disk died is not written to again; who did nothing stays', { timeout: 120_000 }, async () => {
  const older = ['d', 'k'].map((d) => at('b2', d));
  for (const d of older) fs.mkdirSync(d, { recursive: true });
  good(['backup', older[0], '--keys', older[1]]);
  const worker = spawn(bin, ['worker', '-c', conf], { stdio: 'ignore' });
  const ended = new Promise((done) => worker.on('exit', done));
  const journal = () => fs.readFileSync(path.join(disk, 'demo.journal'), 'utf8');
  const lines = journal().split('\n').length;
  const written = async (line) => {
    for (let i = 0; !line.test(journal().split('\n').slice(lines - 1).join('\n')); i++) {
      assert.ok(i < 500, `${line} does not come into the journal`);
      await sleep(100);
    }
  };
  try {
    const box = at('mails');
    const mail = fs.readdirSync(box).map((f) => mailParse(path.join(box, f))).find((m) => m.to === 'p1@example.org');
    assert.equal(ask('POST', new URL(/https?:\/\/\S+\/u\/\S+/.exec(mail.text)[0]).pathname, 'List-Unsubscribe=One-Click').status, 200);
    good(['person', 'object', 'p2@example.org', '--yes']);
    good(['person', 'block', 'stranger@example.org', '--yes']);
    good(['person', 'restrict', 'p3@example.org', '--yes']);
    for (const line of [/ left 2 8 /, / left 3 19 /, / left 4 13 /, /( blocked [^]*){2}/]) await written(line);
  } finally {
    worker.kill('SIGKILL');
    await ended;
  }
  fs.rmSync(site, { recursive: true });
  good([...restoreArgs(files(older[0])[0], files(older[1])[0])]);
  const now = look(people);
  assert.equal(now['p1@example.org'][0], 'unsubscribed');
  assert.equal(now['p2@example.org'][0], 'suppressed');
  assert.equal(now['p3@example.org'][0], 'restricted');
  for (const p of ['p0@example.org', 'p4@example.org', 'p5@example.org']) assert.equal(now[p][0], 'active');
  assert.equal(now['p7@example.org'][0], 'pending');
  assert.match(good(['person', 'block', 'stranger@example.org', '--yes']), /nothing to do/);
});

test('refusals, each with what to do', () => {
  const data = files(toData)[0], keys = files(toKeys)[0];
  const cases = [
    [[...restoreArgs(keys, data), '--drill'], /is a backup of/],
    [['restore', data, '--keys', keys, '--secret', at('conf/jawort.yaml'), '--drill'], /holds no line|others may read/],
    [[...restoreArgs(data, at('nothing')), '--drill'], /cannot open/],
    [['restore', data], /restore FILE --keys FILE --secret/],
    [[...restoreArgs(data, keys), '--drill', '--accept-gap', 'much'], /no time like 5h/],
    [[...restoreArgs(data, keys), '--drill', '--journal', at('no.journal')], /--accept-gap 1h/],
    [['backup', data], /never replaces a file/],
    [['backup'], /backup FILE\|FOLDER/],
  ];
  for (const [args, wanted] of cases) {
    const r = jawort(args);
    assert.notEqual(r.status, 0, args.join(' '));
    assert.match(r.stderr, wanted);
  }
  // Half a file, and one flipped byte.
  const bytes = fs.readFileSync(data);
  fs.writeFileSync(at('half'), bytes.subarray(0, bytes.length - 100));
  assert.match(jawort([...restoreArgs(at('half'), keys), '-n']).stderr, /altered or damaged|too early/);
  bytes[bytes.length >> 1] ^= 1;
  fs.writeFileSync(at('flip'), bytes);
  assert.match(jawort([...restoreArgs(at('flip'), keys), '-n']).stderr, /altered or damaged/);
});

test('what has run out is removed, by its own period for data and for keys', () => {
  const old = (file, days) => {
    const text = fs.readFileSync(file);
    const end = text.indexOf('\n\n');
    const head = text.subarray(0, end).toString().replace(/made \S+/, `made ${new Date(Date.now() - days * 86400e3).toISOString()}`);
    const to = file.replace(/\d{8}T\d{6}Z/, `2020010${days % 10}T000000Z`);
    fs.writeFileSync(to, Buffer.concat([Buffer.from(head), text.subarray(end)]));
    return to;
  };
  const data = files(toData)[0], keys = files(toKeys)[0];
  const gone = [old(data, 31), old(keys, 8)], stays = [old(data, 29), old(keys, 6)];
  fs.writeFileSync(path.join(toData, 'demo-data-20200101T000000Z.jwb.part'), 'half');
  fs.writeFileSync(path.join(toData, 'other-data-20200101T000000Z.jwb'), 'of somebody else');
  spawnSync('sleep', ['1']); // names have seconds
  backUp();
  for (const f of gone) assert.equal(fs.existsSync(f), false, f);
  for (const f of stays) { assert.equal(fs.existsSync(f), true, f); fs.rmSync(f); }
  assert.equal(files(toData, '.part').length, 0);
  assert.equal(fs.existsSync(path.join(toData, 'other-data-20200101T000000Z.jwb')), true);
});

const killed = async (args, ms) => {
  const child = spawn(bin, [...args, '-c', conf], { stdio: 'ignore' });
  const ended = new Promise((done) => child.on('exit', (code, signal) => done(signal ?? code)));
  await sleep(ms);
  child.kill('SIGKILL');
  return ended;
};
const took = (f) => { const t = performance.now(); f(); return performance.now() - t; };

test(`${KILLS} x kill -9 inside backup: every file that has its name is whole`, { timeout: 300_000 }, async () => {
  const to = at('k');
  fs.mkdirSync(to);
  const one = took(() => good(['backup', path.join(to, 'first.jwb')]));
  let done = 0;
  for (let i = 0; i < KILLS; i += 1) {
    const file = path.join(to, `b${i}.jwb`);
    await killed(['backup', file], (one * 1.05 * (i + 0.5)) / KILLS);
    if (!fs.existsSync(file)) continue;
    done += 1;
    good([...restoreArgs(file, files(toKeys).at(-1)), '-n']);
  }
  // The next one finds its way through what they left.
  good(['backup', path.join(to, 'last.jwb')]);
  good([...restoreArgs(path.join(to, 'last.jwb'), files(toKeys).at(-1)), '--drill']);
  assert.equal(fs.existsSync(path.join(site, 'backup.tmp')), false);
  console.log(`${KILLS} kills over ${one.toFixed(0)} ms, ${done} were finished`);
});

test(`${KILLS} x kill -9 inside restore: the site is whole or not there`, { timeout: 600_000 }, async () => {
  const args = restoreArgs(files(toData).filter((f) => f.includes('demo-')).at(-1), files(toKeys).at(-1));
  fs.rmSync(site, { recursive: true });
  const one = took(() => good(args));
  let done = 0;
  for (let i = 0; i < KILLS; i += 1) {
    fs.rmSync(site, { recursive: true, force: true });
    await killed(args, (one * 1.05 * (i + 0.5)) / KILLS);
    if (!fs.existsSync(site)) continue;
    done += 1;
    const now = look(people);
    assert.equal(now['p9@example.org'][0], '-');
    assert.equal(now['p0@example.org'][0], 'active');
  }
  fs.rmSync(site, { recursive: true, force: true });
  good(args);
  assert.deepEqual(fs.readdirSync(at('data')).filter((f) => f.startsWith('.restore')), []);
  console.log(`${KILLS} kills over ${one.toFixed(0)} ms, ${done} were finished`);
});

/**
 * A power cut after each system call: what was written and not synced is lost, names are not (the worst case). So whatever
 * has its final name must have been synced whole before it got it, and the folder afterwards. Returns the number of calls.
 */
function cuts(args, isFinal) {
  const log = at('strace');
  const r = spawnSync('strace', ['-f', '-y', '-s', '0', '-o', log, '-e', 'trace=openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink',
    bin, ...args, '-c', conf], { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  const dirty = new Set(), owed = new Set();
  let calls = 0, named = 0;
  for (const line of fs.readFileSync(log, 'utf8').split('\n')) {
    const call = /^\d+ +(\w+)\((.*)\) += (-?\d+)/.exec(line);
    if (!call || Number(call[3]) < 0) continue;
    calls += 1;
    const [, name, rest] = call, file = /^\d+<([^>]+)>/.exec(rest)?.[1];
    if (['write', 'pwrite64', 'ftruncate'].includes(name) && file?.startsWith(dir)) dirty.add(file);
    if (name === 'fsync' || name === 'fdatasync') { dirty.delete(file); owed.delete(file); }
    if (name === 'unlink') dirty.delete(path.resolve(/"([^"]+)"/.exec(rest)[1]));
    if (name !== 'rename') continue;
    const [from, to] = [...rest.matchAll(/"([^"]+)"/g)].map((m) => path.resolve(m[1]));
    const lost = [...dirty].filter((f) => f === from || f.startsWith(`${from}/`));
    if (!isFinal(to)) continue;
    assert.deepEqual(lost, [], `${to} gets its name before these are on disk`);
    named += 1;
    owed.add(path.dirname(to));
  }
  assert.ok(named > 0, 'nothing got its name');
  assert.deepEqual([...owed], [], 'a folder was not synced after the last rename');
  return calls;
}

test('a power cut at any system call of backup and restore leaves nothing half', () => {
  const to = at('p');
  fs.mkdirSync(to);
  let calls = cuts(['backup', path.join(to, 'd.jwb'), '--keys', path.join(to, 'k.jwb')], (f) => f.endsWith('.jwb'));
  fs.rmSync(site, { recursive: true });
  calls += cuts(restoreArgs(path.join(to, 'd.jwb'), path.join(to, 'k.jwb')), (f) => f === site);
  assert.ok(calls > 200, `${calls}`);
  assert.equal(look(people)['p0@example.org'][0], 'active');
  console.log(`${calls} calls`);
});
