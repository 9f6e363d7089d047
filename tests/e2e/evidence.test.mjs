// The evidence sheet of real people: valid, accessible, self-contained, printed on A4; the mail in it is the mail that
// left but for the masks; form page and notice are those that were served, also after everything has changed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { browserStart, none, program, signUp, sleep, start, until } from './lib.mjs';
import { axe, everything, modes, modeSet, sideways } from './show.mjs';

const jar = path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_modules/vnu-jar/build/dist/vnu.jar');
const NASTY = '</dd></dl><script>alert(1)</script>{{css}}"><iframe src=//x.test>';
let s, browser, dir, sheets, mails, served;

// As bytes: a mail ends its lines with CR LF.
function evidence(address, ...args) {
  const r = spawnSync(program, ['person', 'evidence', address, ...args, '-c', s.conf]);
  return { code: r.status, out: r.stdout, err: r.stderr.toString() };
}

before(async () => {
  s = await start();
  browser = await browserStart();
  served = { form: (await s.get('/j/s/news?lang=de')).bytes };
  mails = {};
  for (const [name, lang, more] of [['pending', 'de', {}], ['active', 'de', {}], ['left', 'en', {}], ['nasty', 'de', { first_name: NASTY, page: `${s.url}/x?a="><script>1</script>` }]])
    mails[name] = (await signUp(s, `${name}@example.org`, { lang, more })).mail;
  for (const name of ['active', 'left', 'nasty'])
    assert.equal((await s.post(new URL(mails[name].confirm).pathname, { action: 'confirm' })).status, 200);
  assert.equal((await s.post(new URL(mails.left.unsubscribe).pathname, { 'List-Unsubscribe': 'One-Click' })).status, 200);
  dir = path.join(s.dir, 'sheets');
  fs.mkdirSync(dir);
  sheets = [];
  for (const name of Object.keys(mails))
    for (const lang of ['de', 'en']) {
      await until('the provider', 10_000, () => s.person(`${name}@example.org`).events.some((e) => e.kind === 'mail_accepted'));
      const r = evidence(`${name}@example.org`, '--lang', lang);
      assert.deepEqual([r.code, r.err], [0, '']);
      sheets.push({ name, lang, file: path.join(dir, `${name}.${lang}.html`), html: r.out.toString() });
      fs.writeFileSync(sheets.at(-1).file, r.out);
    }
});
after(async () => { await browser?.close(); await s?.stop(); });

describe('the sheet', () => {
  test('says what holds', () => {
    const of = (name, lang) => sheets.find((x) => x.name === name && x.lang === lang).html;
    assert.match(of('pending', 'de'), /Bestätigt hat sie bisher niemand/);
    assert.match(of('active', 'de'), /liegt eine bestätigte Einwilligung vor/);
    assert.match(of('active', 'en'), /There is a confirmed consent/);
    assert.match(of('left', 'en'), /With the unsubscribe button of the mail program/);
    for (const x of sheets) {
      assert.match(x.html, /data-state="(open|given|ended)"/);
      assert.doesNotMatch(x.html, /jawort-alarm">/);
    }
  });

  test('holds no token', () => {
    for (const x of sheets)
      for (const link of [mails[x.name].confirm, mails[x.name].unsubscribe]) {
        const token = link.slice(link.lastIndexOf('/') + 1);
        assert.equal(token.length, 43);
        assert.ok(!x.html.includes(token.slice(0, 6)), `${x.name}: a token`);
        assert.ok(x.html.includes(`${token.slice(0, 4)}${'*'.repeat(39)}`), `${x.name}: no mask`);
      }
  });

  test('is valid HTML', () => {
    const r = spawnSync('java', ['-Xshare:auto', '-jar', jar, '--format', 'json', '--exit-zero-always', dir], { encoding: 'utf8', maxBuffer: 64 << 20 });
    assert.equal(r.status, 0, r.stderr);
    none(JSON.parse(r.stderr).messages.map((m) => `${path.basename(m.url)}:${m.lastLine}: ${m.message} | ${m.extract?.trim()}`));
  });

  test('is accessible in five modes, loads nothing, runs nothing', async () => {
    const found = [];
    for (const x of sheets) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const note = (list) => found.push(...list.map((y) => `${x.name} ${x.lang}: ${y}`));
      page.on('request', (r) => { if (!/^(file|about):/.test(r.url())) note([`asks for ${r.url()}`]); });
      page.on('dialog', (d) => { note(['a dialog']); d.dismiss(); });
      await page.goto(pathToFileURL(x.file).href);
      for (const mode of Object.keys(modes)) {
        await modeSet(page, mode);
        if (mode === 'light' || mode === 'narrow') note(await axe(page, everything));
        const wide = await sideways(page);
        if (wide > 0) note([`${mode}: scrolls ${wide} px sideways`]);
      }
      assert.equal(await page.locator('iframe').count(), 1);
      assert.equal(await page.frameLocator('iframe').locator('form').count(), 1);
      await context.close();
    }
    none(found);
  });

  test('is printed on A4, without a page that is empty', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(pathToFileURL(sheets.find((x) => x.name === 'active').file).href);
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    const pages = [...pdf.matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]/g)].map((m) => [Math.round(m[1]), Math.round(m[2])]);
    assert.ok(pages.length >= 4 && pages.length <= 14, `${pages.length} pages`);
    for (const size of pages) assert.ok(Math.abs(size[0] - 595) <= 1 && Math.abs(size[1] - 842) <= 1, String(size));
    await context.close();
  });

  test('-o writes a file for the owner alone', () => {
    const to = path.join(s.dir, 'one.html');
    assert.equal(evidence('active@example.org', '-o', to).code, 0);
    assert.equal(fs.statSync(to).mode & 0o777, 0o600);
    assert.match(fs.readFileSync(to, 'utf8'), /<html lang="de">/);
  });

  test('nobody and nonsense', () => {
    assert.match(evidence('nobody@example.org').err, /nothing is held/);
    assert.equal(evidence('nobody@example.org').code, 1);
    assert.equal(evidence('active@example.org', '--as', 'pdf').code, 2);
    assert.equal(evidence('active@example.org', '--lang', 'fr').code, 2);
    assert.match(evidence('active@example.org', '--as', 'mail', '--event', '999999').err, /no event 999999/);
  });
});

describe('the texts', () => {
  // The file that was delivered, and the mail made again: one length, and nothing differs but what is masked.
  const mailHolds = () => {
    for (const [name, mail] of Object.entries(mails)) {
      const sent = fs.readFileSync(mail.file);
      const again = evidence(`${name}@example.org`, '--as', 'mail').out;
      assert.equal(again.length, sent.length, name);
      let hidden = 0;
      for (let i = 0; i < sent.length; i += 1) {
        if (sent[i] === again[i]) continue;
        assert.equal(String.fromCharCode(again[i]), '*', `${name}: byte ${i}`);
        hidden += 1;
      }
      assert.ok(hidden >= 3 * 35, `${name}: ${hidden} characters are masked`);
    }
  };

  test('the mail is the one that left', mailHolds);

  test('the form is the one that was served', () => {
    assert.deepEqual(evidence('active@example.org', '--as', 'form').out, served.form);
  });

  test('all stay as they were when words, templates and configuration change', async () => {
    const notice = evidence('active@example.org', '--as', 'notice').out;
    const site = path.join(s.dir, 'conf/sites/demo.yaml');
    const text = fs.readFileSync(site, 'utf8');
    fs.mkdirSync(path.join(s.dir, 'own/de'), { recursive: true });
    fs.writeFileSync(path.join(s.dir, 'own/de/mail.txt'), '[mail.confirm.subject]\nGanz anders: {title}\n');
    fs.writeFileSync(path.join(s.dir, 'own/de/form.txt'), '[form.step]\nGanz anders\n');
    fs.writeFileSync(site, `${text.replace('logs: 7d', 'logs: 14d')}\ntemplates: ${path.join(s.dir, 'own')}\n`);
    const r = s.jawort('config', 'apply');
    assert.equal(r.code, 0, r.err);
    process.kill(s.pid('serve'), 'SIGHUP');
    await until('the new form', 10_000, async () => (await s.get('/j/s/news?lang=de')).body.includes('Ganz anders'));
    assert.deepEqual(evidence('active@example.org', '--as', 'form').out, served.form);
    assert.deepEqual(evidence('active@example.org', '--as', 'notice').out, notice);
    mailHolds();
    const late = await signUp(s, 'late@example.org');
    assert.match(late.mail.subject, /Ganz anders/);
  });
});

test('pages of forms are counted, per form and day and nothing else', async () => {
  const shown = () => JSON.parse(s.jawort('status', '--json').out).sites.find((x) => x.id === 'demo').today.shown;
  await sleep(2500); // what was asked for before is written
  const was = shown();
  for (let i = 0; i < 5; i += 1) await s.get(`/j/s/news?lang=de&count=${i}`);
  await s.get('/j/s/news?token');
  await until('the counter', 10_000, () => shown() >= was + 5);
  assert.equal(shown(), was + 5);
});
