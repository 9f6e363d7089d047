// `jawort status`: what it says about a site that lives, one that is broken, and that no address is in it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Service, at, formOf, program, site, until } from './lib.mjs';

const s = new Service({ sites: { club: site('club'), firm: site('firm'), torn: 'site: torn\nbase_url: https://www.example.org/torn\nnonsense: 1\n' } });
after(() => s.remove());
const status = (...more) => { const r = s.jawort('status', '--json', ...more); return { ...JSON.parse(r.out), code: r.code, out: r.out }; };
const zeros = (o) => Object.values(o).every((n) => n === 0);

test('status before the first start, while running, and afterwards', async () => {
  const before = status('--site', 'club');
  assert.equal(before.code, 3);
  assert.deepEqual([before.serve, before.worker, before.sites[0].up], [false, false, false]);
  assert.match(before.sites[0].reason, /no data of site club/);

  await s.start();
  await until('the worker', 20_000, () => status().worker);
  const fresh = status();
  assert.equal(fresh.code, 3, 'one site is down');
  assert.deepEqual([fresh.serve, fresh.worker], [true, true]);
  const [club, firm, torn] = ['club', 'firm', 'torn'].map((id) => fresh.sites.find((x) => x.id === id));
  assert.deepEqual([club.up, firm.up, torn.up], [true, true, false]);
  assert.match(torn.reason, /torn\.yaml:\d+:\d+: .*nonsense/);
  assert.equal(status('--site', 'club').code, 0);
  assert.ok(zeros(club.persons) && zeros(club.today) && club.intake === 0 && club.held.length === 0 && club.data_bytes > 100_000);
  assert.deepEqual(Object.keys(club.notices), ['de', 'en']);
  assert.equal(club.notices.de.no, 1);
  assert.equal(club.mode, 'live');

  const form = formOf((await s.get('/club/s/news?lang=de')).body);
  const post = (email, params = {}, more = {}) => {
    const f = new URLSearchParams(form.fields);
    for (const [k, v] of Object.entries({ email, ...more })) f.set(k, v);
    return s.post('/club/s/news', f, { params });
  };
  for (const who of ['anna', 'bert', 'carl']) assert.equal((await post(`${who}@example.org`)).status, 303);
  assert.equal((await post('nothing')).status, 422);
  assert.equal((await post('eve@example.org', {}, { v: 'AAAAAAAAAAA' })).status, 409);
  assert.equal((await post('eve@example.org', { HTTP_ORIGIN: 'https://evil.example' })).status, 200);
  assert.equal((await post('eve@example.org', {}, { [form.honeypot]: 'x' })).status, 200);
  assert.equal((await post('eve@example.org', {}, { t: 'AAAA' })).status, 200);
  const anna = await s.mail('anna@example.org'), bert = await s.mail('bert@example.org');
  await s.mail('carl@example.org');
  assert.equal((await s.post(at(anna.confirm), 'action=confirm')).status, 200);
  assert.equal((await s.post(at(bert.confirm), 'action=deny')).status, 200);
  assert.equal((await s.post(at(anna.unsubscribe), 'action=withdraw')).status, 200);
  await s.quietOf('club');

  const all = status(), live = all.sites.find((x) => x.id === 'club');
  assert.equal(live.persons.pending, 1);
  assert.equal(live.persons.unsubscribed, 1);
  assert.deepEqual([live.intake, live.outbox.queued, live.outbox.accepted], [0, 0, 2], 'the mail of the one who said no is gone');
  const want = { accepted: 3, confirmed: 1, denied: 1, withdrawn: 1, input: 1, changed: 1, review: 3, honeypot: 1, foreign_origin: 1, form_token: 1, silent: 0, limited_site: 0 };
  for (const [k, v] of Object.entries(want)) assert.equal(live.today[k], v, k);
  assert.deepEqual(live.week, live.today);
  const text = s.jawort('status');
  assert.equal(text.code, 3);
  assert.match(text.out, /^serve runs, worker runs$/m);
  assert.match(text.out, /^torn {2}DOWN/m);
  assert.match(text.out, /accepted 3, confirmed 1/);
  for (const out of [all.out, text.out]) assert.doesNotMatch(out, /anna|bert|carl|eve@/);
  await s.end();
  assert.deepEqual([status().serve, status().worker], [false, false]);
});

test('the worker gives way to pages, and never takes back what it was given', async () => {
  const mine = os.getPriority();
  const given = Math.max(15, mine);
  await s.start();
  await until('a worker', 20_000, () => status().worker);
  const [serve, worker] = s.children.map((c) => os.getPriority(c.pid));
  assert.equal(serve, mine);
  assert.equal(worker, Math.max(10, mine));
  await s.end();
  await s.start({ worker: false });
  const child = s.run('nice', ['-n', String(given - mine), program(), 'worker', '-c', s.conf], 'worker');
  await until('a worker', 20_000, () => status().worker);
  assert.equal(os.getPriority(child.pid), given);
  await s.end();
});

test('a site that does not exist', () => {
  const r = s.jawort('status', '--site', 'nobody');
  assert.equal(r.code, 2);
  assert.match(r.err, /there is no site "nobody"/);
  assert.equal(r.out, '');
});

test('a held provider is named with its reason', async () => {
  const refuse = http.createServer((req, res) => { req.resume(); req.on('end', () => { res.writeHead(401); res.end('{}'); }); });
  await new Promise((done) => refuse.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${refuse.address().port}`;
  const yaml = site('club').replace('route: [dir]', `route: [mailjet]\n  mailjet: { key_file: ../some.key, endpoint: "${endpoint}" }`);
  const held = new Service({ sites: { club: `${yaml}processors: { mailjet: { contract_party: M, address: [X 1, 75001 Paris], country: FR, contract: { date: 2026-03-01 }, us_affiliate: true, transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 } } }\n` } });
  try {
    fs.writeFileSync(path.join(held.dir, 'some.key'), 'a:b\n', { mode: 0o600 });
    await held.start();
    const f = formOf((await held.get('/club/s/news?lang=de')).body).fields;
    f.set('email', 'anna@example.org');
    assert.equal((await held.post('/club/s/news', f)).status, 303);
    const one = await until('a hold', 20_000, () => { const x = JSON.parse(held.jawort('status', '--json').out).sites[0]; return x.held.length && x; });
    assert.equal(one.outbox.held, 1);
    assert.equal(one.held[0].provider, 'mailjet');
    assert.equal(one.held[0].mails, 1);
    assert.match(one.held[0].why, /401/);
    assert.match(held.jawort('status').out, /HELD +mailjet: 1 mails wait/);
  } finally {
    await held.remove();
    refuse.close();
  }
});
