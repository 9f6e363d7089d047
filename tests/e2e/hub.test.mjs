// One's own data: asked for, seen, corrected, taken along, frozen, moved to another address and erased; by keyboard
// and without JavaScript, in German and English. Then what scanners and strangers get.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserStart, mailFolder, mailParse, signUp, start, until } from './lib.mjs';

let s, browser;
before(async () => { s = await start(); browser = await browserStart(); });
after(async () => { await browser?.close(); await s?.stop(); });

const pathOf = (url) => new URL(url).pathname;
const words = {
  de: { title: 'Meine Daten', file: 'Alles, was wir zu Ihnen haben', sent: 'Die Antwort kommt per Mail', changed: 'Geändert', frozen: 'Gesperrt', thawed: 'Die Sperre ist aufgehoben', move: 'Noch ein Schritt', confirm: 'Neue Adresse bestätigen', moved: 'Die neue Adresse gilt', erase: 'Daten löschen', erased: 'Gelöscht', left: 'Nachweis' },
  en: { title: 'My data', file: 'Everything we hold about you', sent: 'The answer comes by email', changed: 'Changed', frozen: 'Frozen', thawed: 'The freeze has ended', move: 'One more step', confirm: 'Confirm the new address', moved: 'The new address counts', erase: 'Erase your data', erased: 'Erased', left: 'proof' },
};

async function member(address, lang) {
  const { mail } = await signUp(s, address, { lang, more: { first_name: 'Anna' } });
  assert.equal((await s.post(pathOf(mail.confirm), { action: 'confirm' })).status, 200);
}

/** The newest mail to an address of which fn says yes. */
const mailOf = (to, fn) => until(`mail to ${to}`, 10_000, () => s.mails().filter((m) => m.to.includes(to)).reverse().find(fn));

/** Tab until the focus is on it, then a key; as somebody without a mouse does. */
async function press(page, selector, key = 'Enter') {
  for (let i = 0; i < 80; i += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((q) => document.activeElement?.matches(q), selector)) return Promise.all([key === 'Enter' ? page.waitForLoadState('load') : null, page.keyboard.press(key)]);
  }
  throw new Error(`Tab does not reach ${selector}`);
}
const heading = async (page, text) => until(text, 5000, async () => (await page.locator('h1').innerText().catch(() => '')) === text);

async function taken(page, format) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator(`button[value=${format}]`).click()]);
  return fs.readFileSync(await file.path(), 'utf8');
}

/** Checked from the file and the public key alone, as somebody elsewhere would; then with one byte changed. */
function verified(file, bundle, who) {
  const keys = path.join(s.dir, 'keys.txt'), verify = () => s.jawort('verify', file, '--key', keys);
  fs.writeFileSync(keys, s.jawort('key', 'show-public').out);
  fs.writeFileSync(file, bundle);
  const good = verify();
  assert.equal(good.code, 0, good.out + good.err);
  assert.ok(good.out.includes(who), good.out);
  fs.writeFileSync(file, bundle.replace(who, `x${who.slice(1)}`));
  assert.equal(verify().code, 3);
}

async function life(lang) {
  const w = words[lang], to = `hub.${lang}@example.org`, next = `moved.${lang}@example.org`;
  await member(to, lang);
  const context = await browser.newContext({ javaScriptEnabled: false, locale: lang, acceptDownloads: true });
  const page = await context.newPage();
  // from the foot of the form to the link
  await page.goto(`${s.url}/j/s/news?lang=${lang}`);
  await page.locator('footer a[href*="/my"]').click();
  await heading(page, w.title);
  await page.keyboard.press('Tab');
  await page.locator('#jw-email').focus();
  await page.keyboard.type(to);
  await page.keyboard.press('Enter');
  await heading(page, w.sent);
  const mail = await mailOf(to, (m) => m.hub);
  assert.equal(mail.headers['content-language'], lang);
  // everything held
  await page.goto(mail.hub);
  await heading(page, w.title);
  const text = await page.locator('main').innerText();
  for (const part of [to, 'Anna', '127.9.']) assert.ok(text.includes(part), part);
  // correct the name
  await press(page, 'details:has(#my-first_name) summary', 'Space');
  await page.locator('#my-first_name').fill('Ada');
  await press(page, 'button[value=rectify]');
  await heading(page, w.changed);
  assert.equal((await mailOf(to, (m) => m !== mail && !m.hub && m.unsubscribe)).headers['content-language'], lang);
  await page.locator('a.jawort-second').first().click();
  assert.match(await page.locator('main').innerText(), /Ada/);
  // take it along: a page to read, a table, and the file with proof, which `jawort verify` takes
  await page.locator('button[value=html]').click();
  await heading(page, w.file);
  const copy = await page.locator('main').innerText();
  for (const part of [to, 'Ada', 'Anna', '127.9.']) assert.ok(copy.includes(part), part);
  await page.locator('a.jawort-second').first().click();
  await heading(page, w.title);
  assert.match(await taken(page, 'csv'), /Ada/);
  const file = path.join(s.dir, `taken.${lang}.json`), bundle = await taken(page, 'json');
  assert.match(bundle, /Ada/);
  verified(file, bundle, to);
  const told = (m) => /abgeholt|collected/.test(m.subject);
  await mailOf(to, told);
  assert.equal(s.mails().filter((m) => m.to.includes(to) && told(m)).length, 1, 'one mail, however many forms');
  // freeze and thaw
  await page.locator('details:has(button[value=restrict]) summary').click();
  await page.locator('button[value=restrict]').click();
  await heading(page, w.frozen);
  assert.equal(s.person(to).state, 'restricted');
  await page.locator('a.jawort-second').first().click();
  await page.locator('button[value=release]').click();
  await heading(page, w.thawed);
  assert.equal(s.person(to).state, 'active');
  // another address
  await page.goto(mail.hub);
  await page.locator('details:has(#my-email) summary').click();
  await page.locator('#my-email').fill(next);
  await page.keyboard.press('Enter');
  await heading(page, w.move);
  const moving = await mailOf(next, (m) => m.hub);
  await page.goto(moving.hub);
  await heading(page, w.confirm);
  assert.ok(s.person(to) && !s.person(next), 'opening the link changes nothing');
  await press(page, 'button[value=moved]');
  await heading(page, w.moved);
  assert.ok(!s.person(to) && s.person(next));
  // erase: look first, then do it
  await page.goto(mail.hub);
  await page.locator('a[href*="erase=1"]').click();
  await heading(page, w.erase);
  assert.equal(await page.getByRole('checkbox').isChecked(), false);
  assert.ok(s.person(next), 'looking changes nothing');
  await press(page, '#my-never', 'Space');
  await press(page, 'button[value=erase]');
  await heading(page, w.erased);
  assert.equal(s.person(next)?.state ?? 'gone', 'gone');
  const certificate = await mailOf(next, (m) => !m.hub && /elöscht|erased/.test(m.subject));
  assert.match(certificate.text, new RegExp(w.left));
  assert.equal(certificate.headers['list-unsubscribe'], undefined);
  await page.goto(mail.hub);
  await heading(page, w.title);
  assert.doesNotMatch(await page.locator('main').innerText(), /Ada/);
  assert.equal(await page.locator('button[value=restrict], button[value=rectify]').count(), 0);
  await context.close();
}

describe('one life', () => {
  for (const lang of ['de', 'en']) test(lang, { timeout: 300_000 }, () => life(lang));
});

test('a scanner that opens every link of every mail changes nothing', { timeout: 240_000 }, async () => {
  const to = 'scanned@example.org';
  await member(to, 'de');
  assert.equal((await s.post('/j/my?lang=de', { email: to })).status, 303);
  const mail = await mailOf(to, (m) => m.hub), before = s.person(to), mails = s.mails().length;
  for (const at of [mail.hub, `${mail.hub}?erase=1&action=erase`])
    for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS']) await s.request(method, pathOf(at) + new URL(at).search, { headers: { 'User-Agent': 'scanner' } });
  assert.deepEqual(s.person(to), before);
  assert.equal(s.mails().length, mails);
});

test('a link of another kind opens nothing, and one of ours nothing of another person', async () => {
  const { mail } = await signUp(s, 'other@example.org');
  for (const url of [mail.confirm, mail.unsubscribe]) {
    const token = url.split('/').pop();
    assert.equal((await s.get(`/j/my/${token}`)).status, 404);
    assert.equal((await s.post(`/j/my/${token}`, { action: 'erase' })).status, 404);
  }
  assert.ok(s.person('other@example.org'));
});

test('what is taken along is the bundle: frozen, after new keys, and of the proof that an erasure left', { timeout: 240_000 }, async () => {
  const to = 'proof@example.org', file = path.join(s.dir, 'proof.json');
  const { mail } = await signUp(s, to, { lang: 'en', more: { first_name: 'Ada' } });
  assert.equal((await s.post(pathOf(mail.confirm), { action: 'confirm' })).status, 200);
  assert.equal((await s.post('/j/my?lang=en', { email: to })).status, 303);
  const at = pathOf((await mailOf(to, (m) => m.hub)).hub);
  const take = async () => {
    const r = await s.post(at, { action: 'export', format: 'json' });
    assert.equal(r.status, 200, r.body);
    assert.equal(r.headers['cache-control'], 'no-store');
    verified(file, r.body, to);
    return r.body;
  };
  const signed = () => { const r = s.jawort('log', 'checkpoint', '--now'); assert.equal(r.code, 0, r.err); };
  assert.equal((await s.post(at, { action: 'restrict' })).status, 200);
  assert.match(await take(), /"state":"restricted","created"/);
  signed();
  assert.match(await take(), /"checkpoints":\[\n\{"size"/);
  // a key that the running program has not read yet has signed the log
  assert.equal(s.jawort('key', 'rotate', 'sign').code, 0);
  assert.equal((await s.post(at, { action: 'release' })).status, 200);
  signed();
  await take();
  const vkey = async () => JSON.parse((await s.get('/j/.well-known/jawort')).body).vkey, old = await vkey();
  assert.equal(s.jawort('key', 'rotate', 'sign').code, 0);
  process.kill(s.pid('serve'), 'SIGHUP');
  await until('the new key after a reload', 60_000, async () => (await vkey()) !== old);
  assert.equal((await s.post(at, { action: 'erase' })).status, 200);
  assert.match(await take(), /"state":"erased","created"/);
});

test('who is unknown gets an answer by mail, and nothing is kept of them', { timeout: 240_000 }, async () => {
  const to = 'unknown@example.org';
  assert.equal((await s.post('/j/my?lang=en', { email: to })).status, 303);
  const mail = await mailOf(to, () => true);
  assert.match(mail.text, /The answer: nothing/);
  assert.equal(mail.headers['list-unsubscribe'], undefined);
  assert.equal(s.person(to), null);
  assert.equal((await s.get('/j/my')).headers['x-robots-tag'], undefined);
});

test('each mail names the way to one\u2019s data', () => {
  const all = fs.readdirSync(mailFolder(s)).filter((f) => f.endsWith('.eml')).map((f) => mailParse(path.join(mailFolder(s), f)));
  assert.ok(all.length > 10, `${all.length} mails`);
  for (const m of all) {
    assert.match(m.text, /\/j\/my\?lang=(de|en)/, m.subject);
    assert.match(m.html, /\/j\/my\?lang=(de|en)/, m.subject);
  }
});
