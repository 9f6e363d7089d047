// Access: WCAG 2.2 AA by axe on every page, light and dark, at 320 px; nothing scrolls sideways; one large
// button; no error of the Content-Security-Policy.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { browserStart, none } from './lib.mjs';
import { collect, isFragment, whole } from './pages.mjs';

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
let all, browser;

before(async () => { all = await collect(); browser = await browserStart(); });
after(async () => { await browser?.close(); await all?.service.stop(); });

/** Shows a kept answer with its own headers, as if it had just come. */
async function show(view, kept) {
  const complaints = [];
  const page = await view.newPage();
  page.on('console', (m) => { if (m.type() === 'error' && !/status of [45]\d\d/.test(m.text())) complaints.push(m.text()); });
  page.on('request', (r) => { if (!r.url().startsWith(all.service.url)) complaints.push(`asks for ${r.url()}`); });
  const at = `${all.service.url}/kept-answer`;
  const headers = isFragment(kept) ? { 'content-type': 'text/html; charset=utf-8' }
    : Object.fromEntries(Object.entries(kept.headers).filter(([k]) => !/^(content-length|connection|transfer-encoding)$/.test(k)));
  await page.route(at, (route) => route.fulfill({ status: kept.status, headers, body: whole(kept) }));
  await page.goto(at);
  return { page, complaints };
}

async function axe(page, options) {
  await page.evaluate(axeSource);
  const r = await page.evaluate((o) => globalThis.axe.run(document, o), options);
  return r.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(' ; ')}`);
}

const everything = { runOnly: { type: 'tag', values: TAGS } };
const colours = { runOnly: { type: 'rule', values: ['color-contrast', 'target-size', 'link-in-text-block'] } };
// What does not depend on colour or width is asked once.
const views = [
  { name: 'dark, 320 px', colorScheme: 'dark', viewport: { width: 320, height: 640 }, rules: everything },
  { name: 'light, 1280 px', colorScheme: 'light', viewport: { width: 1280, height: 900 }, rules: colours },
];

async function look(context, v, kept, found) {
  const { page, complaints } = await show(context, kept);
  for (const x of [...complaints, ...(await axe(page, v.rules))]) found.push(`${kept.lang} ${kept.name}: ${x}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) found.push(`${kept.lang} ${kept.name}: scrolls ${wide} px sideways`);
  await page.close();
}

describe('pages', () => {
  for (const v of views) {
    test(v.name, async () => {
      const context = await browser.newContext({ colorScheme: v.colorScheme, viewport: v.viewport });
      const found = [], rest = [...all.pages];
      const worker = async () => { while (rest.length) await look(context, v, rest.shift(), found); };
      await Promise.all([worker(), worker()]);
      await context.close();
      none(found);
    });
  }

  test('axe sees a fault where there is one', async () => {
    const page = await browser.newPage();
    await page.setContent('<!doctype html><html lang="de"><title>x</title><main><h1>x</h1><input type="text"></main>');
    assert.notDeepEqual(await axe(page, everything), []);
    await page.close();
  });

  test('buttons are at least 44 px high', async () => {
    const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
    for (const name of ['form', 'confirm', 'withdraw', 'expired', 'review']) {
      const { page } = await show(context, all.pages.find((p) => p.name === name));
      const low = await page.evaluate(() => [...document.querySelectorAll('button')].map((b) => b.getBoundingClientRect().height).filter((h) => h < 44));
      assert.deepEqual(low, [], name);
      await page.close();
    }
    await context.close();
  });
});

test('mails read well without styles and without images', async () => {
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
  for (const m of all.mails) {
    const page = await context.newPage();
    await page.setContent(m.html);
    // A mail is shown inside a mail program: rules about the whole page are that program's.
    const rules = Object.fromEntries(['region', 'landmark-one-main', 'page-has-heading-one'].map((r) => [r, { enabled: false }]));
    none(await axe(page, { ...everything, rules }));
    assert.equal(await page.locator('img, link, script, style').count(), 0);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), 'scrolls sideways');
    await page.close();
  }
  await context.close();
});
