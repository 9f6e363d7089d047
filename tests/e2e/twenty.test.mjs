// Twenty people in all states on the demo site, as an owner meets them years later: a sheet is printed and read, a bundle is
// checked elsewhere with nothing but the program and the key, a changed byte is caught, somebody is erased and the others
// are still proven, and yesterday's backup comes back without the erased one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { browserStart, program, signUp, start, until } from './lib.mjs';

let s, browser;
const elsewhere = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-elsewhere-'));
const at = (f) => path.join(elsewhere, f);
before(async () => { s = await start(); browser = await browserStart(); });
after(async () => { await browser?.close(); await s?.stop(); fs.rmSync(elsewhere, { recursive: true, force: true }); });

const who = (n) => `person${n}@example.net`;
const jawort = (...args) => {
  const r = s.jawort(...args, '--site', 'demo');
  assert.equal(r.code, 0, `${args.join(' ')}\n${r.out}${r.err}`);
  return r.out;
};
const events = (n) => s.person(who(n)).events.map((e) => e.kind);
const press = async (mail, action) => assert.equal((await s.post(new URL(mail.confirm).pathname, { action })).status, 200);
const leave = async (mail) => assert.equal((await s.request('POST', new URL(mail.unsubscribe).pathname,
  { body: 'List-Unsubscribe=One-Click', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })).status, 200);
const bundle = (n, name = `${n}.json`) => { jawort('person', 'evidence', who(n), '--as', 'bundle', '-o', at(name)); return at(name); };
/** In a folder with the program, the bundle and the key; no configuration, no home. */
const verify = (file, ...more) => spawnSync(at('jawort'), ['verify', path.basename(file), '--key', 'key.txt', '--lang', 'de', ...more],
  { cwd: elsewhere, env: {}, encoding: 'utf8' });

test('twenty people', { timeout: 300_000 }, async () => {
  const mails = [];
  for (let n = 1; n <= 20; n += 1)
    mails[n] = (await signUp(s, who(n), { lang: n % 2 ? 'de' : 'en', more: { first_name: `Mensch ${n}` } })).mail;
  for (let n = 4; n <= 20; n += 1) await press(mails[n], n === 20 ? 'deny' : 'confirm'); // 1 to 3 stay pending
  for (const n of [14, 15]) await leave(mails[n]);
  await signUp(s, who(15)).catch(() => {}); // asks again after leaving
  jawort('person', 'restrict', who(16), '--yes');
  jawort('person', 'object', who(17), '--yes');
  jawort('person', 'block', who(18), '--yes');
  jawort('person', 'rectify', who(12), 'first_name=Mira', '--yes');
  await until('the second request of 15', 15_000, () => events(15).filter((k) => k === 'requested').length === 2);
  await until('the end of 20', 15_000, () => s.person(who(20)) === null);
  const state = (n) => s.person(who(n)).state;
  assert.deepEqual([1, 4, 14, 16, 17, 18].map(state), ['pending', 'active', 'unsubscribed', 'restricted', 'suppressed', 'suppressed']);
  assert.ok(events(12).includes('changed'));
  await until('every mail handed over', 20_000, () => JSON.parse(jawort('status', '--json')).sites[0].outbox.queued === 0);
  assert.match(jawort('log', 'checkpoint', '--now'), /\/log\n\d+\n/);
  assert.equal(s.jawort('verify', '--site', 'demo').code, 0);
});

test('a sheet, printed and read', { timeout: 240_000 }, async () => {
  jawort('person', 'evidence', who(14), '--lang', 'de', '-o', at('sheet.html'));
  const page = await browser.newPage();
  const asked = [];
  page.on('request', (r) => { if (!r.url().startsWith('file:')) asked.push(r.url()); });
  await page.goto(`file://${at('sheet.html')}`);
  const text = (await page.locator('body').innerText()).replace(/[\u00ad]/g, '').replace(/\s+/g, ' ');
  for (const words of [who(14), 'Mensch 14', 'Werkstattbrief', 'Radwerkstatt Musterstadt', 'bestätigt'])
    assert.ok(text.includes(words), words);
  assert.match(text, /\d{4}-\d\d-\d\d [\d:.]+ UTC/, 'local time, and UTC');
  assert.doesNotMatch(text, /\/[cu]\/[\w-]{43}/, 'no whole token');
  assert.deepEqual(asked, [], 'it loads nothing');
  const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true });
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
  if (process.env.KEEP_PDF) fs.writeFileSync(process.env.KEEP_PDF, pdf);
  const pages = (pdf.toString('latin1').match(/\/Type\s*\/Page\b/g) ?? []).length;
  assert.ok(pages >= 2 && pages <= 12, `${pages} pages`);
  // The page that was shown is on one sheet of paper, with the button that was pressed.
  await page.emulateMedia({ media: 'print' });
  assert.ok(await page.frameLocator('.jawort-frame').locator('button').first().isVisible());
  const tall = await page.locator('.jawort-framed').evaluate((e) => e.getBoundingClientRect().height * 25.4 / 96);
  assert.ok(tall > 200 && tall < 263 - 30, `${tall} mm of the 263 that A4 leaves, and the words above it`);
  await page.close();
});

test('a bundle, checked elsewhere; a changed byte is caught', { timeout: 240_000 }, () => {
  fs.copyFileSync(program, at('jawort'));
  fs.chmodSync(at('jawort'), 0o755);
  fs.writeFileSync(at('key.txt'), jawort('key', 'show-public'));
  const file = bundle(14), good = verify(file);
  assert.equal(good.status, 0, good.stdout + good.stderr);
  const bytes = fs.readFileSync(file);
  for (const part of [0.1, 0.35, 0.6, 0.85, 0.995]) {
    const forged = Buffer.from(bytes), i = Math.floor(bytes.length * part);
    forged[i] = forged[i] === 0x61 ? 0x62 : 0x61;
    if (forged.equals(bytes)) continue;
    fs.writeFileSync(at('forged.json'), forged);
    const r = verify('forged.json');
    assert.equal(r.status, 3, `byte ${i}: ${r.stdout}${r.stderr}`);
    assert.match(r.stdout, /^\/|forged\.json/m, 'it names the place');
  }
});

test('yesterday’s backup; one is erased, the others are proven; what comes back has the others only', { timeout: 300_000 }, () => {
  const conf = path.join(s.dir, 'conf/jawort.yaml');
  const pair = JSON.parse(s.jawort('key', 'new', '--backup', '-o', at('secret'), '--json').out);
  fs.mkdirSync(at('journal'));
  fs.appendFileSync(conf, `backup: { public_key: "${pair.public_key ?? pair.public}", journal: ${at('journal')} }\n`);
  process.kill(s.pid('serve'), 'SIGHUP');
  process.kill(s.pid('worker'), 'SIGHUP');
  jawort('backup', at('data.backup'), '--keys', at('keys.backup'));

  const before = [bundle(4), bundle(12)];
  const gone = jawort('person', 'erase', who(13), '--with-evidence', '--never-again', '--yes');
  assert.match(gone, /./);
  assert.equal(s.person(who(13)), null);
  assert.match(jawort('log', 'checkpoint', '--now'), /\/log\n\d+\n/);
  assert.equal(s.jawort('verify', '--site', 'demo').code, 0, 'the log still verifies');
  for (const f of [...before, bundle(4, 'again.json'), bundle(16), bundle(1)]) assert.equal(verify(f).status, 0, f);

  const back = s.jawort('restore', at('data.backup'), '--keys', at('keys.backup'), '--secret', at('secret'), '--to', at('back'), '--site', 'demo');
  assert.equal(back.code, 0, back.out + back.err);
  const host = fs.readFileSync(path.join(s.dir, 'conf/jawort.yaml'), 'utf8').replace(/^data: .*/m, `data: ${at('back')}`)
    .replace(/^keys: .*/m, `keys: ${at('back/keys')}`).replace(/^sites: .*/m, `sites: ${path.join(s.dir, 'conf/sites/*.yaml')}`);
  fs.writeFileSync(at('host.yaml'), host);
  const find = (n) => spawnSync(program, ['person', 'find', who(n), '--json', '--site', 'demo', '-c', at('host.yaml')], { encoding: 'utf8' });
  assert.match(find(13).stderr, /nothing is held/, 'erased there too');
  assert.equal(JSON.parse(find(4).stdout).state, 'active');
  assert.equal(JSON.parse(find(14).stdout).state, 'unsubscribed');
});
