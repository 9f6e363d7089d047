// Access: WCAG 2.2 AA by axe on every page in five modes (light, dark, 320 px, forced colours, text of 200 %
// without motion); nothing scrolls sideways; large targets; no error of the Content-Security-Policy.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { browserStart, many, none, PAGES } from './lib.mjs';
import { collect } from './pages.mjs';
import { axe, everything, modes, modeSet, show, sideways } from './show.mjs';

let all, browser;

before(async () => { all = await collect(); browser = await browserStart(); });
after(async () => { await browser?.close(); await all?.service.stop(); });

// What does not depend on colour or width is asked once, where it is tightest.
const colours = { runOnly: { type: 'rule', values: ['color-contrast', 'target-size', 'link-in-text-block'] } };
const rules = { narrow: everything };

/** Links in running text are as high as their line (WCAG 2.5.8 lets them); everything else is a target of 24 px. */
const smallTargets = (page) => page.evaluate(() => [...document.querySelectorAll('a, button, input:not([type=hidden]), summary')]
  .filter((e) => e.checkVisibility() && !e.closest('p:not(.jawort-do), dd, li p, address'))
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([, r]) => r.width < 24 || r.height < 24)
  .map(([e, r]) => `target of ${Math.round(r.width)} x ${Math.round(r.height)} px: ${e.outerHTML.slice(0, 100)}`));

async function look(context, kept, found) {
  const note = (mode, list) => found.push(...list.map((x) => `${kept.lang} ${kept.name}, ${mode}: ${x}`));
  const { page, complaints } = await show(context, all.service.url, kept);
  for (const mode of Object.keys(modes)) {
    await modeSet(page, mode);
    note(mode, await axe(page, rules[mode] ?? colours));
    const wide = await sideways(page);
    if (wide > 0) note(mode, [`scrolls ${wide} px sideways`]);
    // what a fragment looks like is the owner's affair
    if (mode === 'narrow' && /class="jawort-page"/.test(kept.body)) note(mode, await smallTargets(page));
  }
  note('console', complaints);
  await page.close();
}

describe('pages', () => {
  for (const lang of ['de', 'en']) {
    test(`all in five modes, ${lang}`, async () => {
      const context = await browser.newContext();
      const found = [];
      await many(all.pages.filter((p) => p.lang === lang), PAGES, (kept) => look(context, kept, found));
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
      const { page } = await show(context, all.service.url, all.pages.find((p) => p.name === name));
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
