// The unsubscribe page of somebody with several purposes: a button for each and one for all; ids of requests only
// where the fault may be ours.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Service, at, formOf } from './lib.mjs';

const s = new Service();
after(() => s.remove());
before(() => s.start(), { timeout: 120_000 });

async function join(email, lang = 'de') {
  const f = formOf((await s.get(`/club/s/both?lang=${lang}`)).body).fields;
  f.set('email', email);
  assert.equal((await s.post('/club/s/both', f)).status, 303);
  const m = await s.mail(email);
  assert.equal((await s.post(at(m.confirm), 'action=confirm')).status, 200);
  return at(m.unsubscribe);
}
const buttons = (html) => [...html.matchAll(/<button\b[^>]*name="(\w+)" value="(\w+)"[^>]*>([^<]*)</g)].map((m) => m.slice(1, 4));
const ID = /[Kk]ennung dieser Anfrage|[Nn]umber of this request/;

test('one of two, then the other', async () => {
  const u = await join('anna@example.org');
  const page = await s.get(u);
  assert.deepEqual(buttons(page.body), [['p', 'news', '„Brief“ abbestellen'], ['p', 'trips', '„Fahrten“ abbestellen'], ['action', 'withdraw_all', 'Alles von Verein club abbestellen']]);
  const done = await s.post(u, 'action=withdraw&p=news');
  assert.equal(done.status, 200);
  assert.match(done.body, /Weiter kommt: Fahrten\./);
  assert.match(done.body, new RegExp(`href="[^"]*${u}"`), 'the way to the rest');
  assert.equal(s.person('anna@example.org').state, 'active');
  assert.deepEqual(buttons((await s.get(u)).body), [['action', 'withdraw', 'Jetzt abbestellen']]);
  assert.match((await s.post(u, 'action=withdraw&p=news')).body, /Weiter kommt/, 'pressed twice: the same page');
  const all = await s.post(u, 'action=withdraw');
  assert.doesNotMatch(all.body, /Weiter kommt/);
  const p = s.person('anna@example.org');
  assert.equal(p.state, 'unsubscribed');
  assert.deepEqual(p.events.filter((e) => e.kind === 'withdrawn').map((e) => e.purposes), [['news'], ['trips']]);
  // a mistake: the link leads to the form
  assert.match(all.body, /href="https:\/\/www\.example\.org\/club\/s\/both"/);
});

test('all at once, by the button and by one click', async () => {
  for (const [email, body] of [['bert@example.org', 'action=withdraw_all&p=news'], ['carl@example.org', 'List-Unsubscribe=One-Click&p=news&action=withdraw']]) {
    const u = await join(email, 'en');
    assert.match((await s.get(u)).body, /Unsubscribe from “Letter”/);
    assert.equal((await s.post(u, body)).status, 200);
    assert.equal(s.person(email).state, 'unsubscribed');
  }
});

test('a purpose that does not exist ends nothing', async () => {
  const u = await join('dora@example.org');
  for (const p of ['nothing', 'NEWS', '%22%3E%3Cscript%3E', 'news%2Ctrips']) {
    const r = await s.post(u, `action=withdraw&p=${p}`);
    assert.equal(r.status, 200);
    assert.equal(buttons(r.body).length, 3);
  }
  assert.equal((await s.post(u, 'action=withdrawn')).status, 400);
  assert.equal(s.person('dora@example.org').state, 'active');
});

test('the id of a request stands where the fault may be ours, and in the log', async () => {
  const u = await join('emil@example.org');
  for (const r of [await s.get(u), await s.post(u, 'action=withdraw_all'), await s.get('/club/s/news'), await s.get('/club/s/none'), await s.get(`/club/c/${'A'.repeat(43)}`)])
    assert.doesNotMatch(r.body, ID);
  const bad = await s.post(u, 'action=nothing');
  assert.equal(bad.status, 400);
  const id = /<p class="jawort-small">[^<]*: (?:<[^>]*>)?([\w-]{8,})/.exec(bad.body)?.[1];
  assert.ok(id, bad.body);
  assert.ok(s.log('serve').includes(id), 'the log has it too');
  assert.match((await s.post('/club/s/news', '%ff')).body, ID);
});
