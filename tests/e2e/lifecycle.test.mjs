// One life: demo page, form, mistake, mail, confirmation, evidence, withdrawal; in German and English, in
// Chromium without and with JavaScript. Then what links do later, and what nobody may do.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { browserStart, formOf, mailFolder, signUp, start, stopKeep, until } from './lib.mjs';

let s, browser;
before(async () => { s = await start(); browser = await browserStart(); });
after(async () => { await browser?.close(); await s?.stop(); });

const words = {
  de: { home: '/', step: 'Schritt 2 von 2', confirm: 'Ja, bestätigen' },
  // the demo's English page needs a script for the form (embed.test.mjs); its link leads here
  en: { home: '/j/s/news?lang=en', step: 'Step 2 of 2', confirm: 'Yes, confirm' },
};

const kinds = (p) => p.events.map((e) => e.kind);
const purpose = (p) => p.purposes.find((x) => x.id === 'news');
const pathOf = (url) => new URL(url).pathname;

async function confirmByHand(mail) {
  const r = await s.post(pathOf(mail.confirm), { action: 'confirm' });
  assert.equal(r.status, 200, r.body);
  return r;
}

/** Runs the whole life in one browser context; returns nothing, asserts everything. */
async function life(lang, javaScriptEnabled, oneClick) {
  const address = `anna.${lang}.${javaScriptEnabled ? 'js' : 'plain'}@example.org`;
  const w = words[lang];
  const context = await browser.newContext({ javaScriptEnabled, locale: lang });
  const page = await context.newPage();
  const foreign = [];
  page.on('request', (r) => { if (!r.url().startsWith(s.url)) foreign.push(r.url()); });

  // the owner's page, with the form in it
  await page.goto(s.url + w.home);
  assert.equal(await page.getByRole('checkbox').isChecked(), false, 'the box is unticked');
  assert.ok(await page.locator('form.jawort a[href*="/n"]').count() > 0, 'link to the notice');
  // a slip that the browser lets through
  await page.locator('input[name=email]').fill(`.${address}`);
  await page.locator('input[name=first_name]').fill('Anna <b>Übermut</b>');
  await page.getByRole('checkbox').check();
  const [answer] = await Promise.all([page.waitForNavigation(), page.locator('form.jawort button[type=submit]').first().click()]);
  assert.equal(answer.status(), 422);
  assert.equal(await page.locator('input[name=email]').inputValue(), `.${address}`, 'the address is still there');
  assert.equal(await page.locator('input[name=first_name]').inputValue(), 'Anna <b>Übermut</b>', 'the name is still there');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'alert', 'focus is on the summary');
  assert.match(await page.title(), /^(Fehler|Error)/);
  assert.equal(await page.locator('input[name=email]').getAttribute('aria-invalid'), 'true');
  assert.equal(s.person(address), null, 'nothing is stored yet');

  // mended and sent
  await page.locator('input[name=email]').fill(address);
  await page.locator('input[name=first_name]').fill('Anna Übermut');
  await page.getByRole('checkbox').check();
  await Promise.all([page.waitForURL(/\/j\/s\/news\/sent/), page.locator('form.jawort button[type=submit]').first().click()]);
  assert.match(await page.locator('.jawort-step').innerText(), new RegExp(w.step));
  const mail = await s.mail(address);
  assert.equal(mail.headers['content-language'], lang);
  assert.ok(!mail.text.includes('Anna') && !mail.html.includes('Anna'), 'nothing a visitor typed is in the mail');
  assert.ok(mail.html.includes(mail.confirm), 'the HTML part has the same link');
  assert.match(mail.text, new RegExp(w.step), 'the step is announced');
  assert.equal(mail.headers['list-unsubscribe-post'], 'List-Unsubscribe=One-Click');
  assert.doesNotMatch(mail.html, /<img|background=|url\(/i);
  let p = s.person(address);
  assert.equal(p.state, 'pending');
  assert.equal(purpose(p).state, 'pending');
  assert.ok(p.events.some((e) => e.kind === 'requested' && e.text_hash?.length === 64 && e.notice_hash?.length === 64));

  // opening the link changes nothing, however often and by whom
  const before = await until('the accepted mail', 5000, () => {
    const now = s.person(address);
    return now.events.some((e) => e.kind === 'mail_accepted' || /accepted/.test(e.kind)) && now;
  });
  for (const method of ['GET', 'HEAD', 'GET']) {
    assert.equal((await s.request(method, pathOf(mail.confirm))).status, 200);
    assert.equal((await s.request(method, pathOf(mail.unsubscribe))).status, 200);
  }
  assert.deepEqual(s.person(address), before);

  // the mail as the demo shows it, its link, the button
  await page.goto(`${s.url}/mails/`);
  await until('the mail in the list', 5000, async () => {
    await page.reload();
    return (await page.getByRole('link', { name: mail.subject }).count()) > 0;
  });
  const list = page.locator('li', { hasText: address }).getByRole('link');
  await list.first().click();
  await page.locator(`pre a[href="${mail.confirm}"]`).click();
  await page.waitForURL(/\/j\/c\//);
  assert.match(await page.locator('.jawort-step').innerText(), new RegExp(w.step));
  assert.ok(!(await page.content()).includes(address), 'the page masks the address');
  await page.getByRole('button', { name: w.confirm }).click();
  await page.waitForLoadState();
  p = s.person(address);
  assert.equal(p.state, 'active');
  assert.equal(purpose(p).state, 'active');
  const confirmed = p.events.find((e) => e.kind === 'confirmed');
  assert.ok(confirmed, kinds(p).join());
  for (const key of ['text_hash', 'mail_hash', 'notice_hash', 'config_hash'])
    assert.match(confirmed[key] ?? p.events[0][key], /^[0-9a-f]{64}$/, key);
  assert.ok(p.events.every((e) => !e.ip || /^127\.\d+\.\d+\.0$/.test(e.ip)), 'addresses are shortened');
  assert.ok(p.events.every((e) => e.verified));
  const said = await page.locator('h1').innerText();

  // the same again: the same page, no second event
  await page.goto(mail.confirm);
  assert.equal(await page.locator('h1').innerText(), said);
  await confirmByHand(mail);
  assert.deepEqual(kinds(s.person(address)), kinds(p));

  // one click, as a mail program does it
  const click = await s.request('POST', pathOf(mail.unsubscribe), oneClick);
  assert.equal(click.status, 200);
  assert.equal(click.headers.location, undefined);
  assert.equal(click.headers['set-cookie'], undefined);
  p = s.person(address);
  assert.equal(p.state, 'unsubscribed');
  assert.equal(purpose(p).state, 'ended');
  assert.ok(kinds(p).includes('withdrawn'));

  // the old confirmation link does not bring anybody back
  await s.get(pathOf(mail.confirm));
  await confirmByHand(mail);
  assert.equal(s.person(address).state, 'unsubscribed');
  assert.deepEqual(kinds(s.person(address)), kinds(p));
  assert.deepEqual(foreign, [], 'no request to anybody else');
  assert.deepEqual(await context.cookies(), [], 'no cookie');
  await context.close();
}

const urlencoded = { fields: { 'List-Unsubscribe': 'One-Click' } };
const multipart = {
  headers: { 'Content-Type': 'multipart/form-data; boundary=x7' },
  body: '--x7\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x7--\r\n',
};

describe('life', () => {
  test('German, without JavaScript', () => life('de', false, urlencoded));
  test('German, with JavaScript', () => life('de', true, multipart));
  test('English, without JavaScript', () => life('en', false, multipart));
  test('English, with JavaScript', () => life('en', true, urlencoded));
});

test('the same sign-up within ten minutes: the same answer, no second mail', async () => {
  const first = await signUp(s, 'zweimal@example.org');
  const again = await signUp(s, 'zweimal@example.org');
  assert.equal(again.answer.headers.location, first.answer.headers.location);
  assert.equal(again.answer.body, first.answer.body);
  await new Promise((done) => setTimeout(done, 1500));
  assert.equal(s.mails().filter((m) => m.to.includes('zweimal@')).length, 1);
});

test('"that was not me" removes the data at once', async () => {
  const { mail } = await signUp(s, 'fremd@example.org');
  assert.equal(s.person('fremd@example.org').state, 'pending');
  const r = await s.post(pathOf(mail.confirm), { action: 'deny' });
  assert.equal(r.status, 200);
  assert.equal(s.person('fremd@example.org'), null);
  // a link of what is gone changes nothing and says so
  assert.equal((await s.get(pathOf(mail.confirm))).status, 410);
  assert.equal((await s.post(pathOf(mail.confirm), { action: 'confirm' })).status, 410);
  assert.equal(s.person('fremd@example.org'), null);
});

test('one click while pending cancels the request', async () => {
  const { mail } = await signUp(s, 'doch-nicht@example.org');
  const r = await s.request('POST', pathOf(mail.unsubscribe), urlencoded);
  assert.equal(r.status, 200);
  assert.equal(s.person('doch-nicht@example.org'), null);
  await s.post(pathOf(mail.confirm), { action: 'confirm' });
  assert.equal(s.person('doch-nicht@example.org'), null);
});

test('a token works for one thing only', async () => {
  const { mail } = await signUp(s, 'tausch@example.org');
  const c = pathOf(mail.confirm), u = pathOf(mail.unsubscribe);
  assert.equal((await s.post(c.replace('/c/', '/u/'), { action: 'withdraw' })).status, 404);
  assert.equal((await s.post(u.replace('/u/', '/c/'), { action: 'confirm' })).status, 404);
  const altered = c.replace(/.$/, (x) => (x === 'A' ? 'B' : 'A'));
  assert.equal((await s.post(altered, { action: 'confirm' })).status, 404);
  assert.equal(s.person('tausch@example.org').state, 'pending');
});

test('the same words for every address', async () => {
  const known = 'bekannt@example.org';
  const { mail } = await signUp(s, known);
  await confirmByHand(mail);
  const bodies = [];
  for (const address of [known, 'neu-hier@example.org']) {
    const { answer } = await signUpOnly(address);
    const { date, ...rest } = answer.headers;
    bodies.push(JSON.stringify([answer.status, rest, answer.body]));
  }
  assert.equal(bodies[0], bodies[1]);
});

async function signUpOnly(address) {
  const f = formOf((await s.get('/j/s/news?lang=de')).body);
  f.fields.set('email', address);
  return { answer: await s.post('/j/s/news', f.fields, { Origin: s.url }) };
}

test('with Accept: application/json the same codes and a text to show', async () => {
  const f = formOf((await s.get('/j/s/news?lang=en')).body);
  const json = { Accept: 'application/json', Origin: s.url };
  f.fields.set('email', 'not an address');
  const bad = await s.post('/j/s/news', f.fields, json);
  assert.equal(bad.status, 422);
  assert.match(bad.headers['content-type'], /^application\/json/);
  assert.deepEqual(Object.keys(JSON.parse(bad.body).errors), ['email']);
  f.fields.set('email', 'json@example.org');
  const good = await s.post('/j/s/news', f.fields, json);
  assert.ok(good.status === 200 || good.status === 303, String(good.status));
  const told = JSON.parse(good.body);
  assert.ok(told.state && told.title && told.text);
  assert.deepEqual(told.errors, {});
});

test('expired link: a page with one button, which sends a new one', async () => {
  const { mail } = await signUp(s, 'spaet@example.org');
  await stopKeep(s);
  s = await start({ dir: s.dir, port: s.port, env: { JAWORT_CLOCK_OFFSET_S: String(3 * 86_400) } });
  const page = await s.get(pathOf(mail.confirm));
  assert.equal(page.status, 200);
  assert.equal([...page.body.matchAll(/<button/g)].length, 1);
  await s.post(pathOf(mail.confirm), { action: 'confirm' });
  assert.equal(s.person('spaet@example.org').state, 'pending', 'an expired link confirms nothing');
  assert.equal((await s.post(pathOf(mail.confirm), { action: 'renew' })).status, 200);
  const fresh = await s.mail('spaet@example.org', 2);
  await confirmByHand(fresh);
  assert.equal(s.person('spaet@example.org').state, 'active');
});

test('restart: links, data and forms are as before', async () => {
  const before = s.person('spaet@example.org');
  await stopKeep(s);
  s = await start({ dir: s.dir, port: s.port, env: { JAWORT_CLOCK_OFFSET_S: String(3 * 86_400) } });
  assert.deepEqual(s.person('spaet@example.org'), before);
  const mail = s.mails().filter((m) => m.to.includes('spaet@')).at(-1);
  assert.equal((await s.request('POST', pathOf(mail.unsubscribe), urlencoded)).status, 200);
  assert.equal(s.person('spaet@example.org').state, 'unsubscribed');
  assert.ok(mailFolder(s));
});

describe('notice', () => {
  for (const [lang, must] of Object.entries({
    de: ['Radwerkstatt Musterstadt', 'Widerruf', 'Beschwerde', 'Werkstattbrief', 'Speicher'],
    en: ['Radwerkstatt Musterstadt', 'withdraw', 'complain', 'Workshop News', 'How long'],
  })) {
    test(lang, async () => {
      const html = await s.get(`/j/n?lang=${lang}`);
      const text = await s.get(`/j/n.txt?lang=${lang}`);
      assert.equal(html.status, 200);
      for (const word of must) {
        assert.match(html.body, new RegExp(word, 'i'), `page: ${word}`);
        assert.match(text.body, new RegExp(word, 'i'), `text: ${word}`);
      }
      assert.match(html.headers['content-language'], new RegExp(`^${lang}`));
      assert.ok(html.headers.etag);
      assert.equal((await s.get(`/j/n?lang=${lang}`, { 'If-None-Match': html.headers.etag })).status, 304);
      const shown = s.jawort('notice', 'show', '--lang', lang);
      assert.equal(shown.code, 0, shown.err);
      assert.equal(shown.out.trim(), text.body.trim(), 'the command line shows the same notice');
    });
  }

  test('events point at the version that is published', async () => {
    const json = JSON.parse((await s.get('/j/n.json?lang=de')).body);
    const { mail } = await signUp(s, 'hinweis@example.org');
    await confirmByHand(mail);
    const hashes = s.person('hinweis@example.org').events.map((e) => e.notice_hash).filter(Boolean);
    assert.ok(hashes.length > 0);
    assert.ok(JSON.stringify(json).includes(hashes[0]), `${hashes[0]} in n.json`);
  });
});
