// Access: WCAG 2.2 AA by axe on every page, light and dark, at 320 px; nothing scrolls sideways; one large
// button; no error of the Content-Security-Policy.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { browserStart, none } from './lib.mjs';
import { collect, isFragment, whole } from './pages.mjs';

let all, browser;

before(async () => { all = await collect(); browser = await browserStart(); });
after(async () => { await browser?.close(); await all?.service.stop(); });

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
