// As a visitor without mouse and without JavaScript: every page and state in both languages by keyboard alone, and
// what a screen reader is told of it (tests/golden/aria; UPDATE_GOLDEN=1 writes those files anew).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserStart, many, none, PAGES, root, until } from './lib.mjs';
import { collect, isFragment } from './pages.mjs';
import { show } from './show.mjs';

const golden = path.join(root, 'tests/golden/aria');
const TAB_MAX = 120;
const LANGS = ['de', 'en'];
let all, browser, context;

before(async () => {
  all = await collect();
  browser = await browserStart();
  context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
});
after(async () => { await browser?.close(); await all?.service.stop(); });

const own = (lang) => all.pages.filter((p) => p.lang === lang && !isFragment(p));
const named = (lang, name) => all.pages.find((p) => p.lang === lang && p.name === name);

// --- keyboard --------------------------------------------------------------------------------------------

/** Marks what can be reached in the order the eye meets it, line by line; returns how many there are. */
const mark = (page) => page.evaluate(() => {
  const seen = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
    .filter((e) => e.checkVisibility() && e.tabIndex >= 0);
  const at = new Map(seen.map((e, i) => {
    // columns are read downwards
    const box = e.closest('.jawort-toc'), r = (box ?? e).getBoundingClientRect(), own = e.getBoundingClientRect();
    return [e, box ? { y: r.top, x: 0, i } : { y: own.top + own.height / 2, x: own.left, i }];
  }));
  seen.sort((a, b) => {
    const p = at.get(a), q = at.get(b);
    return Math.abs(p.y - q.y) > 12 ? p.y - q.y : p.x - q.x || p.i - q.i;
  });
  seen.forEach((e, i) => e.setAttribute('data-test-order', i));
  return seen.length;
});

/** Where the focus is: its place in that order (-1: nowhere), and whether one sees it. */
const focus = (page) => page.evaluate(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return { order: -1 };
  const css = getComputedStyle(e), r = e.getBoundingClientRect();
  return {
    order: Number(e.getAttribute('data-test-order') ?? -2), id: e.id, role: e.getAttribute('role'), html: e.outerHTML.slice(0, 90),
    visible: e.matches(':focus-visible') && (css.outlineStyle === 'auto' || (css.outlineStyle !== 'none' && parseFloat(css.outlineWidth) >= 2)),
    inView: r.bottom > 0 && r.top < innerHeight && r.width > 0,
  };
});

/** Tab from wherever the page has put the focus, until it comes round: every control once, in order, visibly. */
async function walk(page, name, found) {
  const n = await mark(page), order = [];
  if (await page.locator('[autofocus]').count()) await summaryFocused(page);
  let at = await focus(page);
  if (at.role === 'alert' && !at.visible) found.push(`${name}: the summary has the focus, but one does not see it`);
  for (let i = 0; i < n + 3 && i < TAB_MAX; i += 1) {
    await page.keyboard.press('Tab');
    at = await focus(page);
    if (at.order === -1 || (order.length && at.order === order[0])) { if (order.length >= n) break; else continue; }
    order.push(at.order);
    if (at.order === -2) found.push(`${name}: Tab stops at ${at.html}`);
    else if (!at.visible && /^<(a|button|input)/.test(at.html)) found.push(`${name}: focus not visible on ${at.html}`);
    if (!at.inView) found.push(`${name}: the focus is out of sight on ${at.html}`);
  }
  const first = order.indexOf(0), turned = [...order.slice(first), ...order.slice(0, first)];
  if (turned.join() !== [...Array(n).keys()].join()) found.push(`${name}: Tab goes ${order.join()} of ${n}`);
  if (n < 2) return;
  await page.locator('[data-test-order="0"]').focus();
  for (const key of ['Tab', 'Shift+Tab']) await page.keyboard.press(key);
  if ((await focus(page)).order !== 0) found.push(`${name}: Shift+Tab does not go back`);
}

describe('Tab reaches everything in the order of the page', () => {
  for (const lang of LANGS) {
    test(lang, async () => {
      const found = [];
      await many(own(lang), PAGES, async (kept) => {
        const { page } = await show(context, all.service.url, kept);
        await walk(page, `${lang} ${kept.name}`, found);
        await page.close();
      });
      none(found);
    });
  }

  test('the walk sees a wrong order, a hidden focus and a trap', async () => {
    const page = await context.newPage();
    for (const bad of ['<a href="#1" tabindex="1">1</a><br><a href="#2" tabindex="3">2</a><br><a href="#3" tabindex="2">3</a>', '<a href="#1" style="outline:0">1</a>',
      '<a href="#1">1</a><p tabindex="0">x</p>']) {
      const found = [];
      await page.setContent(bad);
      await walk(page, 'bad', found);
      assert.notEqual(found.length, 0, bad);
    }
    await page.close();
  });
});

/** The browser moves the focus there by itself (autofocus), with the first picture it draws. */
const summaryFocused = (page) => until('the focus on the summary', 5000, async () => (await focus(page)).role === 'alert');

describe('the summary of errors', () => {
  for (const lang of LANGS) {
    for (const name of ['all missing', 'address wrong', 'several errors', 'du all missing']) {
      test(`${lang}: ${name}`, async () => {
        const { page } = await show(context, all.service.url, named(lang, name));
        await summaryFocused(page);
        const links = page.locator('[role=alert] a');
        const count = await links.count(), fields = [];
        assert.ok(count >= 1);
        for (let i = 0; i < count; i += 1) {
          await page.goto(page.url().split('#')[0]); // with a fragment the browser goes there instead
          await summaryFocused(page);
          for (let k = 0; k <= i; k += 1) await page.keyboard.press('Tab');
          const target = (await links.nth(i).getAttribute('href')).slice(1);
          await page.keyboard.press('Enter');
          const at = await focus(page);
          assert.equal(at.id, target, 'the link moves the focus to its field');
          assert.ok(at.inView);
          fields.push(await page.locator(`#${target}`).evaluate((e) => e.getBoundingClientRect().top + scrollY));
        }
        assert.deepEqual(fields, [...fields].sort((a, b) => a - b), 'errors stand in the order of their fields');
        // from there on with Tab, not from the top again
        await page.keyboard.press('Tab');
        assert.notEqual((await focus(page)).order, -1);
        await page.close();
      });
    }
    test(`${lang}: text changed`, async () => {
      const { page } = await show(context, all.service.url, named(lang, 'text changed'));
      await summaryFocused(page);
      assert.equal(await page.getByRole('checkbox').isChecked(), false, 'the word is asked for again');
      assert.equal(await page.locator('input[name=email]').inputValue(), 'anna@example.org', 'what was typed is there');
      await page.close();
    });
  }
});

async function tabTo(page, selector) {
  for (let i = 0; i < TAB_MAX; i += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}
async function press(page, key) {
  const [answer] = await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
  return answer;
}
const h1 = (page) => page.locator('h1').innerText();

// The service of these tests takes three sign-ups of a network (pages.mjs); Chromium comes from another one than the rest.
describe('a life by keyboard, without JavaScript', () => {
  for (const lang of LANGS) {
    test(lang, async () => {
      const { service } = all, address = `keys-${lang}@example.org`;
      const page = await context.newPage();
      await page.goto(`${service.url}/j/s/news?lang=${lang}`);
      await tabTo(page, 'input[name=email]');
      await page.keyboard.type('anna@example');
      assert.equal((await press(page, 'Enter')).status(), 422, 'Enter in a field sends the form');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      assert.equal((await focus(page)).id, 'jw-email');
      await page.keyboard.press('Control+A');
      await page.keyboard.type(address);
      await tabTo(page, 'input[type=checkbox]');
      assert.equal(await page.getByRole('checkbox').isChecked(), false);
      await page.keyboard.press('Space');
      assert.equal(await page.getByRole('checkbox').isChecked(), true, 'Space ticks');
      await tabTo(page, 'button[type=submit]');
      assert.equal((await press(page, 'Enter')).status(), 200);
      assert.match(page.url(), /\/sent\b/);
      const mail = await service.mail(address);
      await page.goto(mail.confirm);
      const asked = await h1(page);
      await tabTo(page, 'button[value=confirm]');
      await press(page, 'Enter');
      const given = await h1(page);
      assert.notEqual(given, asked);
      await page.goto(mail.confirm);
      assert.equal(await h1(page), given, 'the same page again');
      await page.goto(mail.unsubscribe);
      await tabTo(page, 'button[value=withdraw]');
      await press(page, 'Space');
      assert.equal(service.person(address).state, 'unsubscribed');
      await tabTo(page, 'a.jawort-second');
      await press(page, 'Enter');
      assert.match(page.url(), /\/j\/s\/news/, 'back to the form with one key');
      await page.close();
    });
  }
});

// --- what a screen reader is told ------------------------------------------------------------------------

/** Whatever differs from run to run becomes its kind. */
const plain = (text) => text
  .replaceAll(/localhost:\d+/g, 'HOST')
  .replaceAll(/\/(c|u|my)\/[\w-]{43}/g, '/$1/TOKEN')
  .replaceAll(/\b[0-9a-f]{64}\b/g, 'HASH')
  .replaceAll(/[\w-]+\.eml\b/g, 'FILE.eml')
  .replaceAll(/\d{1,2}\.? (?:[A-ZJ][a-zä]{2,8}) 20\d\d/g, 'DATE')
  .replaceAll(/\b\d\d:\d\d\b/g, 'TIME')
  .replaceAll(/(warten Sie|wait) \d+[ \u00a0](?:Minuten?|minutes?|Stunden?|hours?)/g, '$1 A WHILE')
  .replaceAll(/\b\d+([  ])(Minuten?|minutes?)\b/g, 'N$1$2')
  .replaceAll(/((?:Kennung|Reference)[^:]*: )[a-z0-9]{16}/g, '$1ID');

function compare(file, text, found) {
  const at = path.join(golden, file);
  if (process.env.UPDATE_GOLDEN) {
    fs.mkdirSync(golden, { recursive: true });
    fs.writeFileSync(at, text);
    return;
  }
  const want = fs.existsSync(at) ? fs.readFileSync(at, 'utf8') : '';
  if (want === text) return;
  const a = want.split('\n'), b = text.split('\n'), i = b.findIndex((line, k) => line !== a[k]);
  found.push(`${file}:${i + 1}: "${a[i] ?? ''}" is now "${b[i] ?? ''}" (right? UPDATE_GOLDEN=1 node --test tests/e2e/visitor.test.mjs)`);
}

const fileOf = (kept) => `${kept.lang}-${kept.name.replace(/\W+/g, '-')}.txt`;

describe('what a screen reader is told is what was looked at', () => {
  for (const lang of LANGS) {
    test(lang, async () => {
      const found = [];
      await many(all.pages.filter((p) => p.lang === lang), PAGES, async (kept) => {
        const { page } = await show(context, all.service.url, kept);
        const title = plain(await page.title());
        compare(fileOf(kept), `${title}\n\n${plain(await page.locator('body').ariaSnapshot())}\n`, found);
        await page.close();
      });
      none(found);
    });
  }

  test('no file is left over', () => {
    const known = new Set(all.pages.map(fileOf));
    // nobody but root sees the page of a full disk (pages.mjs)
    for (const lang of LANGS) known.add(`${lang}-down.txt`);
    none(fs.readdirSync(golden).filter((f) => !known.has(f)));
  });

  test('both languages have the same structure', async () => {
    // roles in order, without the words; the words of a paragraph may need a line more
    const shape = (file) => fs.readFileSync(path.join(golden, file), 'utf8').split('\n').slice(2)
      .map((line) => /^( *- [a-z]+)/.exec(line)?.[1]).filter(Boolean).join('\n');
    const found = [];
    for (const kept of all.pages.filter((p) => p.lang === 'de' && !/^notice|^demo/.test(p.name))) {
      const file = fileOf(kept);
      if (shape(file) !== shape(file.replace(/^de/, 'en'))) found.push(`${kept.name}: other roles in English`);
    }
    none(found);
  });
});
