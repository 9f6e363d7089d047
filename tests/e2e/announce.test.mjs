// The owner announces a changed notice: real people, real mails, once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mailFolder, mailParse, signUp, start, until } from './lib.mjs';

let s, site, text;
before(async () => {
  s = await start();
  site = path.join(s.dir, 'conf/sites/demo.yaml');
  text = fs.readFileSync(site, 'utf8');
});
after(async () => { await s?.stop(); });

const announce = (...args) => s.jawort('notice', 'announce', ...args);
const all = () => fs.readdirSync(mailFolder(s)).map((f) => mailParse(path.join(mailFolder(s), f)));
const told = () => all().filter((m) => /Hinweisen zum Datenschutz$|^Changes to our/.test(m.subject));
const changed = (from, to) => {
  assert.ok(text.includes(from), from);
  text = text.replace(from, to);
  fs.writeFileSync(site, text);
};

async function member(address, lang) {
  const { mail } = await signUp(s, address, { lang });
  assert.equal((await s.post(new URL(mail.confirm).pathname, { action: 'confirm' })).status, 200);
  assert.equal(s.person(address).state, 'active');
}

describe('announcing a changed notice', () => {
  test('nobody has to be told of what they know', async () => {
    await member('ada@example.org', 'de');
    await member('eve@example.org', 'en');
    await signUp(s, 'unconfirmed@example.org');
    const r = announce();
    assert.deepEqual([r.code, r.err], [0, '']);
    assert.match(r.out, /^0 get a mail\. 2 know the present notice/m);
    assert.match(r.out, /1 unconfirmed/);
  });

  test('what is not in force yet cannot be announced', () => {
    changed('logs: 7d', 'logs: 14d');
    const r = announce('--yes');
    assert.equal(r.code, 1);
    assert.match(r.err, /config apply/);
    assert.equal(s.jawort('config', 'apply').code, 0);
  });

  test('-n shows number and mail and sends nothing', () => {
    const r = announce('-n');
    assert.deepEqual([r.code, r.err], [0, '']);
    assert.match(r.out, /^2 get a mail\. 0 know the present notice/m);
    assert.match(r.out, /^Subject: Neu in unseren Hinweisen zum Datenschutz$/m);
    assert.match(r.out, /^Subject: Changes to our privacy notice$/m);
    const json = JSON.parse(announce('-n', '--json').out);
    assert.deepEqual([json.due, json.consent, json.present, json.queued], [2, 0, 0, 0]);
    assert.deepEqual(json.steps.map((x) => [x.lang, x.people, x.duty]).sort(), [['de', 1, 'tell'], ['en', 1, 'tell']]);
    assert.ok(json.steps.every((x) => x.changed.length > 0 && x.text.includes(x.diff_url)));
    const no = announce();
    assert.equal(no.code, 2, 'without a terminal it wants --yes');
    assert.match(no.err, /--yes/);
    assert.ok(!s.person('ada@example.org').events.some((e) => e.kind === 'notice_announced'));
  });

  test('each gets one mail, in their language, and the evidence of it', async () => {
    const r = announce('--yes');
    assert.deepEqual([r.code, r.err], [0, '']);
    assert.match(r.out, /^2 mails queued\.$/m);
    await until('both mails', 10_000, () => told().length === 2);
    for (const [address, lang] of [['ada@example.org', 'de'], ['eve@example.org', 'en']]) {
      const m = told().find((x) => x.headers.to.includes(address));
      assert.equal(m.headers['content-language'], lang);
      assert.equal(m.headers['list-unsubscribe-post'], 'List-Unsubscribe=One-Click');
      const url = m.text.match(/http\S+\/n\/diff\?\S+/)[0];
      const page = await s.get(url.slice(s.url.length));
      assert.equal(page.status, 200, page.body);
      assert.match(page.body, lang === 'de' ? /<html lang="de"/ : /<html lang="en"/);
      assert.match(page.body, /14/);
      const e = s.person(address).events.find((x) => x.kind === 'notice_announced');
      assert.match(e.detail, /^\d+$/);
      assert.equal(e.lang, lang);
      assert.match(e.mail_hash, /^[0-9a-f]{64}$/);
      assert.ok(e.verified);
      assert.equal((await s.get(`/j/n/v/${e.notice_hash}`)).status, 200);
    }
  });

  test('a second run mails nobody', async () => {
    const r = announce('--yes', '--json');
    assert.deepEqual([r.code, JSON.parse(r.out).due, JSON.parse(r.out).queued], [0, 0, 0]);
    assert.equal(told().length, 2);
  });

  test('a new consent is not asked for in this way', async () => {
    changed('about once a month', 'every day');
    changed('etwa einmal im Monat', 'jeden Tag');
    assert.equal(s.jawort('config', 'apply').code, 0);
    let r = announce('--yes');
    assert.equal(r.code, 3);
    assert.match(r.out, /does not replace[^]*Nothing was sent/);
    r = announce('--yes', '--tell-only', '--json');
    assert.equal(r.code, 0, r.err);
    assert.deepEqual([JSON.parse(r.out).consent, JSON.parse(r.out).queued], [2, 2]);
    await until('two more', 10_000, () => told().length === 4);
    assert.ok(!told().some((m) => m.headers.to.includes('unconfirmed')));
  });
});
