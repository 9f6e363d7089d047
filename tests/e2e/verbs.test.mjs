// The owner's verbs about people, by the real binary: exit codes, -n, --yes, twice, and how it reached the owner in
// the evidence. No service runs. `person erase` has its own tests (tests/fault/erase.test.mjs).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { confCopy, mailParse, program, root } from './lib.mjs';

const FILES = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-verbs-'));
const CONF = path.join(FILES, 'conf/jawort.yaml');
const PROOF = '2024-03-14 09:12:31,form on the old page,"Yes, please."';
after(() => fs.rmSync(FILES, { recursive: true, force: true }));

function jawort(...args) {
  const r = spawnSync(program, [...args, '-c', CONF], { encoding: 'utf8', input: '', cwd: FILES, env: { ...process.env, LANG: 'C' } });
  return { code: r.status, out: r.stdout, err: r.stderr };
}
const write = (name, text) => fs.writeFileSync(path.join(FILES, name), text);
const find = (address) => JSON.parse(jawort('person', 'find', address, '--json').out);
const kinds = (address) => find(address).events.map((e) => e.kind);

/** Mails to an address, after the worker was at it. */
function mails(address) {
  const dir = path.join(FILES, 'mails');
  assert.equal(jawort('worker', '--once').code, 0);
  return fs.readdirSync(dir).filter((f) => f.endsWith('.eml')).sort().map((f) => mailParse(path.join(dir, f)))
    .filter((m) => m.to.includes(address));
}

/**
 * What all verbs that change something have in common: without --yes and without a terminal nothing is done (2), -n shows
 * it (0), then it is done (0), and the second time there is nothing to do (0).
 */
function changes(address, words, kind, way, { state } = {}) {
  const [verb, ...rest] = words;
  const before = kinds(address);
  const bare = jawort('person', verb, address, ...rest);
  assert.equal(bare.code, 2, bare.err);
  assert.match(bare.err, /say --yes, or look first with -n/);
  const dry = jawort('person', verb, address, ...rest, '-n');
  assert.equal(dry.code, 0, dry.err);
  assert.match(dry.out, /Nothing was done\.$/m);
  assert.deepEqual(kinds(address), before);
  const by = way === 'owner' ? [] : ['--by', way];
  const done = jawort('person', verb, address, ...rest, ...by, '--yes');
  assert.equal(done.code, 0, done.err);
  const now = find(address);
  assert.deepEqual(now.events.map((e) => e.kind), [...before, kind]);
  assert.equal(now.events.at(-1).detail, way);
  if (state) assert.equal(now.state, state);
  const twice = jawort('person', verb, address, ...rest, ...by, '--yes');
  assert.equal(twice.code, 0, twice.err);
  assert.match(twice.out, /There was nothing to do/);
  assert.deepEqual(kinds(address), [...before, kind]);
}

before(() => {
  confCopy(FILES, 1);
  write('conf/jawort.yaml', fs.readFileSync(CONF, 'utf8').replace(/^listen:.*/m, `listen: unix:${FILES}/sock`));
  const site = path.join('conf/sites', 'demo.yaml');
  write(site, fs.readFileSync(path.join(FILES, site), 'utf8')
    .replace('forms:\n', '  rides:\n    channel: email\n    title: { de: Ausfahrten, en: Rides }\n'
      + '    content: { de: Ausfahrten am Wochenende, en: weekend rides }\n    frequency: { de: wöchentlich, en: weekly }\nforms:\n'
      + '  both: { purposes: [news, rides] }\n'));
  assert.equal(jawort('init', '--yes').code, 0);
  const people = ['w1', 'w2', 'rec', 'res', 'obj', 'blo', 'exp', 'de'].map((n) => `${n}@example.org,${n === 'de' ? 'de' : 'en'},Ada,news rides,${PROOF}`);
  write('people.csv', `address,lang,first_name,purposes,consent_time,consent_source,consent_wording\n${people.join('\n')}\n`);
  const r = jawort('import', 'people.csv', '--yes');
  assert.equal(r.code, 0, r.err);
  assert.match(r.out, /^ +8 {2}put on the list, with proof$/m);
});

test('import: nothing without --yes, -n changes nothing, faults with their place, refused without proof, twice nothing', () => {
  write('one.csv', `address;purposes;consent_time;consent_source;consent_wording\nimp@example.org;news;2024-01-01;here;Ja\nb@example.org;news;;;\n`);
  assert.equal(jawort('import', 'one.csv').code, 2);
  const dry = jawort('import', 'one.csv', '-n');
  assert.equal(dry.code, 3, dry.err);
  assert.match(dry.out, /1 {2}would be put on the list, with proof/);
  assert.match(dry.err, /^one\.csv:3:1: no proof: nothing says when \(consent_time\)$/m);
  assert.equal(jawort('person', 'find', 'imp@example.org').code, 1);
  assert.equal(jawort('import', 'one.csv', '--yes').code, 3);
  const again = JSON.parse(jawort('import', 'one.csv', '--yes', '--json').out);
  assert.deepEqual([again.taken, again.here, again.unproven, again.rows, again.written], [0, 1, 1, 2, true]);
  assert.deepEqual(again.notes.map((n) => [n.line, n.fate]), [[2, 'here'], [3, 'unproven']]);
  write('bad.csv', `address,purposes\nc@example.org,news\nnobody,news\n`);
  const bad = jawort('import', 'bad.csv', '--yes');
  assert.equal(bad.code, 1);
  assert.match(bad.err, /^bad\.csv:3:1: error: this is no e-mail address; correct it or take the row out$/m);
  assert.match(bad.out, /Nothing was imported/);
  assert.equal(jawort('import', 'none.csv', '--yes').code, 1);
  assert.equal(jawort('import').code, 2);
  assert.equal(jawort('import', 'one.csv', '--ask', '--yes').code, 2);
});

test('import --ask: only the confirmation mail', () => {
  write('ask.csv', 'address,lang,purposes\nask@example.org,en,news\n');
  const r = jawort('import', 'ask.csv', '--ask', '--form', 'news', '--yes');
  assert.equal(r.code, 0, r.err);
  assert.equal(find('ask@example.org').state, 'pending');
  const got = mails('ask@example.org');
  assert.equal(got.length, 1);
  assert.ok(got[0].confirm);
  assert.equal(jawort('import', 'ask.csv', '--ask', '--form', 'news', '--yes').code, 0);
  assert.equal(mails('ask@example.org').length, 1);
});

test('an imported consent: sheet in both languages, bundle before both verifiers, the whole site', () => {
  assert.match(jawort('person', 'evidence', 'exp@example.org', '--lang', 'de').out, /aus einem anderen System übernommen/);
  assert.match(jawort('person', 'evidence', 'exp@example.org', '--lang', 'en').out, /What proves it was recorded there/);
  assert.equal(jawort('person', 'evidence', 'exp@example.org', '--as', 'bundle', '-o', 'b.json').code, 0);
  const b = JSON.parse(fs.readFileSync(path.join(FILES, 'b.json'), 'utf8')).bundle;
  assert.equal(b.events.length, 1);
  assert.equal(JSON.parse(b.events[0].fields.text).consent_wording, 'Yes, please.');
  write('key', jawort('key', 'show-public').out);
  assert.equal(jawort('verify', 'b.json', '--key', 'key').code, 0);
  const py = spawnSync('python3', ['-I', path.join(root, 'contrib/verify.py'), 'b.json', 'key'], { cwd: FILES, encoding: 'utf8' });
  assert.equal(py.status, 0, py.stdout + py.stderr);
  assert.equal(jawort('verify').code, 0);
  assert.match(jawort('export', '27560').out, /"jawort:kind":"imported"/);
});

test('find: lines and JSON; nobody is 1; no address is 1; no verb is 2', () => {
  const r = jawort('person', 'find', 'w1@example.org');
  assert.equal(r.code, 0);
  assert.match(r.out, /^state: active\npurposes:\n {2}news +active +since /);
  assert.match(r.out, /imported/);
  const none = jawort('person', 'find', 'nobody@example.org');
  assert.equal(none.code, 1);
  assert.match(none.err, /nothing is held about this address/);
  assert.doesNotMatch(none.err, /nobody@/);
  assert.equal(jawort('person', 'find', 'nonsense').code, 1);
  assert.equal(jawort('person', 'find').code, 2);
  assert.equal(jawort('person', 'lose', 'w1@example.org').code, 2);
});

test('verbs about somebody who is not here: 1, and nothing is made', () => {
  for (const words of [['withdraw'], ['export'], ['rectify', 'first_name=X'], ['restrict'], ['release'], ['object']]) {
    const r = jawort('person', words[0], 'nobody@example.org', ...words.slice(1), '--yes');
    assert.equal(r.code, 1, words[0]);
    assert.match(r.err, /nothing is held/);
  }
});

test('withdraw: one purpose by letter, then all by phone; goodbye in the person\'s language', () => {
  changes('w1@example.org', ['withdraw', '--purposes', 'rides'], 'withdrawn', 'letter', { state: 'active' });
  assert.deepEqual(find('w1@example.org').purposes.map((p) => `${p.id} ${p.state}`).sort(), ['news active', 'rides ended']);
  changes('w1@example.org', ['withdraw'], 'withdrawn', 'phone', { state: 'unsubscribed' });
  assert.equal(jawort('person', 'withdraw', 'w2@example.org', '--purposes', 'sport', '--yes').code, 2);
  assert.equal(jawort('person', 'withdraw', 'w2@example.org', '--by', 'pigeon', '--yes').code, 2);
  const json = JSON.parse(jawort('person', 'withdraw', 'w2@example.org', '--by', 'reply', '--yes', '--json').out);
  assert.deepEqual(json, { done: true, state: 'unsubscribed', ended: 'news,rides', active: '' });
  assert.equal(jawort('person', 'withdraw', 'de@example.org', '--by', 'letter', '--yes').code, 0);
  assert.match(mails('w2@example.org')[0].text, /You no longer|will not get|no longer/i);
  assert.match(mails('de@example.org')[0].text, /nicht mehr/);
});

test('rectify: at once; nothing new is nothing to do; unknown fields are refused', () => {
  changes('rec@example.org', ['rectify', 'first_name=Grace'], 'changed', 'letter');
  assert.equal(find('rec@example.org').fields.first_name, 'Grace');
  assert.equal(jawort('person', 'rectify', 'rec@example.org', 'shoe_size=44', '--yes').code, 1);
  assert.equal(jawort('person', 'rectify', 'rec@example.org', 'nonsense', '--yes').code, 2);
  assert.equal(jawort('person', 'rectify', 'rec@example.org', '--yes').code, 2);
  assert.equal(jawort('person', 'rectify', 'rec@example.org', '--lang', 'de', '--yes').code, 0);
  assert.equal(find('rec@example.org').lang, 'de');
});

test('restrict and release', () => {
  changes('res@example.org', ['restrict'], 'restricted', 'letter', { state: 'restricted' });
  assert.doesNotMatch(jawort('export', 'csv').out, /res@example\.org/);
  // The owner's own decision is told first, Art. 18(3).
  const first = jawort('person', 'release', 'res@example.org', '--yes');
  assert.equal(first.code, 0);
  assert.match(first.out, /^Announced by mail\. It ends on \d{4}-\d\d-\d\d/);
  assert.equal(find('res@example.org').state, 'restricted');
  assert.equal(find('res@example.org').events.at(-1).kind, 'release_announced');
  assert.match(jawort('person', 'release', 'res@example.org', '--yes').out, /^Announced before\./);
  // They asked for it: at once.
  changes('res@example.org', ['release'], 'unrestricted', 'phone', { state: 'active' });
  assert.match(jawort('export', 'csv').out, /res@example\.org/);
});

test('object ends all and blocks', () => {
  changes('obj@example.org', ['object'], 'objected', 'letter', { state: 'suppressed' });
  write('obj.csv', `address,purposes,consent_time,consent_source,consent_wording\nobj@example.org,news,${PROOF}\n`);
  assert.match(jawort('import', 'obj.csv', '--yes').out, /1 {2}blocked here/);
});

test('block: who is here, and an address that nobody has', () => {
  changes('blo@example.org', ['block'], 'suppressed', 'owner', { state: 'suppressed' });
  const free = ['person', 'block', 'free@example.org'];
  assert.equal(jawort(...free).code, 2);
  assert.match(jawort(...free, '-n').out, /Nothing was done/);
  assert.match(jawort(...free, '--yes').out, /^Blocked\. State: suppressed\./);
  assert.match(jawort(...free, '--yes').out, /There was nothing to do/);
  assert.equal(jawort('person', 'find', 'free@example.org').code, 1);
});

test('export: its formats, a file for the owner alone, and the way in the evidence', () => {
  const json = jawort('person', 'export', 'exp@example.org', '--by', 'letter', '-o', 'exp.json');
  assert.equal(json.code, 0, json.err);
  const file = path.join(FILES, 'exp.json');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.match(fs.readFileSync(file, 'utf8'), /exp@example\.org/);
  assert.equal(JSON.parse(fs.readFileSync(file, 'utf8')).bundle.person.address, 'exp@example.org');
  assert.match(jawort('person', 'export', 'exp@example.org', '--format', 'data').out, /"address":"exp@example\.org"/);
  assert.match(jawort('person', 'export', 'exp@example.org', '--format', 'csv').out, /^\ufeff"/);
  assert.equal(jawort('person', 'export', 'exp@example.org', '--format', 'pdf').code, 2);
  const events = find('exp@example.org').events.filter((e) => e.kind === 'exported');
  assert.match(events[0].detail, /letter/);
});

test('add: through the gate, a confirmation mail in the language wished for, and no more', () => {
  const add = (...more) => jawort('person', 'add', 'add@example.org', ...more);
  assert.equal(add('--form', 'news', '--purposes', 'news', '--yes').code, 2);
  const words = ['--form', 'news', '--purposes', 'news', '--source', 'paper form 2026-11-02', '--lang', 'de', 'first_name=Ada'];
  assert.equal(add(...words).code, 2);
  assert.equal(add(...words, '-n').code, 0);
  assert.equal(jawort('person', 'find', 'add@example.org').code, 1);
  assert.equal(add(...words, '--yes').code, 0);
  const p = find('add@example.org');
  assert.equal(p.state, 'pending');
  assert.deepEqual([p.events[0].kind, p.events[0].detail, p.events[0].lang], ['requested', 'paper form 2026-11-02', 'de']);
  assert.match(mails('add@example.org')[0].text, /bestätigen/i);
  /* Again within ten minutes: no second mail, no second event. */
  assert.equal(add(...words, '--yes').code, 0);
  assert.equal(mails('add@example.org').length, 1);
  assert.equal(add('--form', 'none', '--purposes', 'news', '--source', 'x', '--yes').code, 2);
  assert.equal(add('--form', 'news', '--purposes', 'rides', '--source', 'x', '--yes').code, 2);
  assert.equal(add('--form', 'news', '--purposes', 'news', '--source', 'x', 'city=Berlin', '--yes').code, 2);
});

test('dsar: a letter is put down, done by the verb that answers it, extended, refused; overdue is named and exit 3', () => {
  const add = (address, ...more) => jawort('dsar', 'add', address, ...more, '--json');
  const day = (days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  assert.equal(add('exp@example.org', '--right', 'access').code, 2);
  assert.equal(add('exp@example.org', '--right', 'all', '--by', 'letter').code, 2);
  assert.equal(add('exp@example.org', '--right', 'access', '--by', 'letter', '--received', '2.11.2026').code, 2);
  assert.equal(add('exp@example.org', '--right', 'access', '--by', 'letter', '--received', '2999-01-01').code, 1);
  const one = JSON.parse(add('exp@example.org', '--right', 'access', '--by', 'letter', '--received', day(3)).out);
  assert.deepEqual([one.state, one.received, one.overdue, one.address], ['open', day(3), false, 'exp@example.org']);
  assert.match(jawort('dsar', 'show', String(one.id)).out, /`jawort person export exp@example\.org --by letter` does it/);
  assert.equal(jawort('person', 'export', 'exp@example.org', '--by', 'letter', '-o', 'exp2.json').code, 0);
  assert.equal(JSON.parse(jawort('dsar', 'show', String(one.id), '--json').out).state, 'answered');
  assert.equal(jawort('dsar', 'answer', String(one.id)).code, 1);

  const two = JSON.parse(add('somebody@example.org', '--right', 'erase', '--by', 'phone', '--received', day(70)).out);
  assert.equal(two.overdue, true);
  const list = jawort('dsar', 'list');
  assert.equal(list.code, 3);
  assert.match(list.out, /^ +\d+ {2}OVERDUE +erase +came/);
  assert.doesNotMatch(list.out, /@/);
  const status = jawort('status');
  assert.equal(status.code, 3);
  assert.match(status.out, /REQUESTS 1 about rights are OVERDUE since \d{4}-/);
  assert.equal(jawort('dsar', 'extend', String(two.id), '--reason', 'many').code, 1);
  assert.equal(jawort('dsar', 'answer', String(two.id), '--refused').code, 2);
  assert.match(jawort('dsar', 'answer', String(two.id), '-n').out, /Nothing was done/);
  const refused = JSON.parse(jawort('dsar', 'answer', String(two.id), '--refused', '--reason', 'nothing is held', '--json').out);
  assert.deepEqual([refused.state, refused.address, refused.note], ['refused', '', 'nothing is held']);
  assert.equal(JSON.parse(jawort('status', '--json').out).sites[0].requests.overdue, 0);

  const three = JSON.parse(add('rec@example.org', '--right', 'other', '--by', 'reply', '--received', day(2)).out);
  assert.equal(jawort('dsar', 'extend', String(three.id)).code, 2);
  assert.match(jawort('dsar', 'extend', String(three.id), '--reason', 'two archives').out, /\(extended\)[\s\S]*two archives[\s\S]*Tell the person now/);
  assert.equal(jawort('dsar', 'show', '4711').code, 1);
  assert.equal(jawort('dsar', 'show', 'x').code, 2);
  assert.equal(jawort('dsar').code, 2);
});
