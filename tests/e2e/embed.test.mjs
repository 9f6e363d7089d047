// The form in somebody else's page, on another origin with a strict Content-Security-Policy: every answer, with
// the keyboard's focus where it belongs; and nothing kept, nothing asked of anybody else.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import { browserStart, root, start, until } from './lib.mjs';

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SCRIPT_MAX_BYTES = 3072;
const CALM_MS = 2100; // the script waits until its token is old enough
let service, owner, stranger, browser, base;

const club = (ownerUrl) => `site: club
base_url: http://localhost:@PORT@/club
origins: [${ownerUrl}]
languages: [de, en]
mode: try-out
controller: { name: Radverein Nordstadt e. V., represented_by: den Vorstand, address: [Gasse 1, 10115 Berlin], country: DE, state: BE, email: daten@verein.example.org, imprint: "${ownerUrl}/impressum" }
dpo: none
purposes:
  news: { channel: email, title: { de: Vereinspost, en: Club mail }, content: { de: Termine, en: dates }, frequency: { de: einmal im Monat, en: once a month } }
  rides: { channel: email, title: { de: Ausfahrten, en: Rides }, content: { de: Ausfahrten, en: rides }, frequency: { de: jede Woche, en: every week } }
forms:
  news: { purposes: [news], fields: [first_name?], next: ["${ownerUrl}/danke"] }
  both: { purposes: [news, rides] }
mail: { from: { name: Radverein, email: post@verein.example.org }, route: [dir], dir: { path: ../../mails } }
hosting: self
retention: { unconfirmed: 7d, evidence: 3y, ip: 30d, requests: 3y, deny_block: 30d, backups: 30d, logs: 7d }
links: { confirm: 48h, rights: 15m }
evidence: { ip: truncated }
`;

// --- the owner's site ------------------------------------------------------------------------------------

const element = (form = 'news', more = '') => `<jawort-form src="${base}/s/${form}"${more}><a href="${base}/s/${form}">Bestellen</a></jawort-form>`;
const script = (name = 'jawort.js') => `<script type="module" src="${base}/${name}"></script>`;
const pages = {
  '/': () => element() + script(),
  '/danke': () => '<p>Danke</p>',
  '/next': () => element('news', ` next="${owner.url}/danke"`) + script(),
  '/two': () => element() + element('both', ' heading="2"') + script() + script('jawort.v1.js'),
  '/english': () => `<div lang="en">${element()}</div>${script()}`,
  '/notice': () => `<jawort-notice src="${base}/n" heading="3"><a href="${base}/n">Datenschutz</a></jawort-notice>${script()}`,
  '/frame': () => `<iframe src="${base}/s/news?frame" title="Bestellen" width="100%" height="200"></iframe>${script()}`,
  '/pasted': async () => `<jawort-form>${(await service.get('/club/s/news?fragment&lang=de')).body}</jawort-form>${script()}`,
  '/blocked': () => element() + script(),
  '/broken': () => `<jawort-form src="${base}/s/nothing"><a href="${base}/s/news">Bestellen</a></jawort-form>${script()}`,
};

function csp(at) {
  const origin = new URL(base).origin;
  const from = at === '/blocked' ? "'none'" : origin;
  return `default-src 'none'; img-src data:; script-src ${from}; connect-src ${origin}; frame-src ${origin}; style-src 'self' ${origin}; `
    + `form-action 'self' ${origin}; base-uri 'none'; require-trusted-types-for 'script'; trusted-types jawort`;
}

/** A page that resets everything, as many do, and allows only what docs/embed.md asks for. */
async function answer(req, res) {
  const at = new URL(req.url, 'http://x').pathname;
  if (at === '/reset.css') {
    res.writeHead(200, { 'Content-Type': 'text/css' });
    res.end('*{margin:0;padding:0;box-sizing:border-box}body{font:18px/1.6 Verdana,sans-serif;background:#fff;color:#222}a{color:#0645ad}');
    return;
  }
  const body = await pages[at]?.();
  res.writeHead(body ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': csp(at) });
  res.end(`<!doctype html><html lang="de"><head><meta charset="utf-8"><title>Radverein</title><meta name="viewport" content="width=device-width">`
    + `<link rel="icon" href="data:,"><link rel="stylesheet" href="${base}/jawort.css"><link rel="stylesheet" href="/reset.css"></head><body><main><h1>Radverein</h1>${body ?? ''}</main></body></html>`);
}

async function site() {
  const server = http.createServer(answer);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

before(async () => {
  owner = await site();
  stranger = await site();
  service = await start({ extraSites: { 'club.yaml': club(owner.url) } });
  base = `${service.url}/club`;
  browser = await browserStart();
});
after(async () => {
  await browser?.close();
  owner?.server.close();
  stranger?.server.close();
  await service?.stop();
});

// --- a visitor -------------------------------------------------------------------------------------------

/** A page with everything it says and asks for written down. */
async function visit(at, { options = {}, url = owner.url } = {}) {
  const context = await browser.newContext({ locale: 'de-DE', ...options });
  const page = await context.newPage();
  const v = { context, page, complaints: [], asked: [], posts: [] };
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  cdp.on('Network.requestWillBeSent', (e) => {
    v.asked.push({ method: e.request.method, url: e.request.url, type: e.type });
    if (e.request.method === 'POST') v.posts.push(new URLSearchParams(e.request.postData));
  });
  page.on('console', (m) => { if (m.type() === 'error' && !/status of [45]\d\d|ERR_/.test(m.text())) v.complaints.push(m.text()); });
  page.on('pageerror', (e) => v.complaints.push(String(e)));
  await page.goto(url + at);
  v.form = page.locator('jawort-form form');
  v.end = async () => {
    assert.deepEqual(v.complaints, []);
    const strangers = v.asked.filter((r) => ![owner.url, stranger.url, service.url].includes(new URL(r.url).origin) && !r.url.startsWith('data:'));
    assert.deepEqual(strangers, [], 'asks somebody else');
    assert.deepEqual(v.asked.filter((r) => r.method === 'OPTIONS'), [], 'preflights');
    assert.deepEqual(await context.cookies(), []);
    const kept = await page.evaluate(async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length, document.cookie.length]);
    assert.deepEqual(kept, [0, 0, 0, 0]);
    await context.close();
  };
  return v;
}

async function fill(v, address, form = v.form) {
  await form.locator('[name=email]').fill(address);
  await form.locator('[name=ok]').check();
}
const press = (v) => v.form.locator('.jawort-do button').click();
const focused = (page, role) => page.locator(`[role=${role}]:focus`).waitFor({ timeout: 45_000 });

/** What axe finds; it puts a style of its own into the page for a moment, which is no complaint about us. */
async function axe(v) {
  const before = v.complaints.length;
  await v.page.evaluate(axeSource);
  const r = await v.page.evaluate((tags) => globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags } }), TAGS);
  assert.ok(v.complaints.slice(before).every((c) => /Applying inline style/.test(c)), String(v.complaints));
  v.complaints.length = before;
  return r.violations.map((x) => `${x.id}: ${x.nodes.map((n) => n.html.slice(0, 150)).join(' ; ')}`);
}

// --- tests -----------------------------------------------------------------------------------------------

test('the script is small, and its frozen copy is the one that was released', () => {
  for (const name of ['jawort.js', 'jawort.v1.js']) {
    const n = zlib.gzipSync(fs.readFileSync(path.join(root, 'static', name)), { level: 9 }).length;
    assert.ok(n <= SCRIPT_MAX_BYTES, `${name}: ${n} bytes compressed, limit ${SCRIPT_MAX_BYTES}`);
  }
});

test('the test sees a preflight, a cookie and a foreign request where there is one', async () => {
  const v = await visit('/');
  await v.page.evaluate((u) => fetch(u, { headers: { 'X-Odd': '1' } }).catch(() => 0), `${base}/s/news?token`);
  assert.match(v.complaints.splice(0).join(), /preflight/);
  await assert.rejects(v.end(), /preflights/);
  await v.context.close();
});

describe('answers', () => {
  test('success: one POST, said where the form was, with the focus', async () => {
    const v = await visit('/?from=poster#part');
    const events = await v.page.evaluateHandle(() => {
      const seen = [];
      for (const n of ['submit', 'error', 'done']) addEventListener(`jawort:${n}`, (e) => seen.push(`${n} ${e.detail?.state ?? ''}`.trim()));
      return seen;
    });
    await v.form.waitFor();
    assert.equal(await v.page.locator('jawort-form').getAttribute('data-ready'), 'true');
    await fill(v, 'anna@example.org');
    const from = Date.now();
    await press(v);
    await focused(v.page, 'status');
    assert.ok(Date.now() - from < 10 * CALM_MS);
    assert.match(await v.page.locator('[role=status]').innerText(), /^Fast fertig/);
    assert.equal(await v.page.locator('jawort-form').getAttribute('data-state'), 'sent');
    assert.deepEqual(await events.jsonValue(), ['submit', 'done sent']);
    assert.equal(v.posts.length, 1);
    const sent = v.posts[0];
    assert.equal(sent.get('page'), `${owner.url}/?from=poster`);
    assert.match(sent.get('n'), /^[\d-]{7,}$/);
    assert.match(sent.get('t'), /^\d+\.[\w-]{22}$/);
    assert.match((await service.mail('anna@example.org')).subject, /Vereinspost/);
    assert.deepEqual(await axe(v), []);
    await v.end();
  });

  test('a cancelled submit sends nothing', async () => {
    const v = await visit('/');
    await v.form.waitFor();
    await v.page.evaluate(() => addEventListener('jawort:submit', (e) => e.preventDefault()));
    await fill(v, 'no@example.org');
    await press(v);
    await v.page.waitForTimeout(300);
    assert.equal(v.posts.length, 0);
    await v.end();
  });

  test('errors: summary with the focus, links to the fields, messages above them', async () => {
    const v = await visit('/');
    await v.form.waitFor();
    await v.form.locator('[name=email]').fill('anna@@example.org');
    await press(v);
    await focused(v.page, 'alert');
    const box = v.page.locator('[role=alert]');
    assert.match(await box.innerText(), /Fehler\s+2 Angaben/);
    const email = v.form.locator('[name=email]'), ok = v.form.locator('[name=ok]');
    for (const field of [email, ok]) {
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      const ids = (await field.getAttribute('aria-describedby')).trim().split(' ');
      const said = await Promise.all(ids.map((id) => v.page.locator(`[id="${id}"]`).innerText()));
      assert.match(said.at(-1), /^Fehler/);
    }
    const above = async (field) => {
      const id = (await field.getAttribute('aria-describedby')).split(' ').at(-1);
      return (await v.page.locator(`[id="${id}"]`).boundingBox()).y < (await field.boundingBox()).y;
    };
    assert.ok(await above(email));
    assert.deepEqual(await axe(v), []);
    await box.getByRole('link', { name: /Mail-Adresse/ }).click();
    assert.equal(await email.evaluate((e) => e === document.activeElement), true);
    assert.equal(new URL(v.page.url()).hash, '');
    assert.equal(await email.inputValue(), 'anna@@example.org');
    await fill(v, 'errors@example.org');
    await press(v);
    await focused(v.page, 'status');
    assert.equal(await v.page.locator('[aria-invalid]').count(), 0);
    await v.end();
  });

  test('nothing ticked in a form of several purposes', async () => {
    const v = await visit('/two');
    const form = v.page.locator('form').nth(1);
    await form.locator('[name=email]').fill('two@example.org');
    await form.locator('.jawort-do button').click();
    await focused(v.page, 'alert');
    await form.getByRole('link', { name: /Kreuzen Sie an/ }).click();
    assert.match(await v.page.evaluate(() => document.activeElement.id), /^jw\d+-purposes$/);
    await v.end();
  });

  test('a double click is one POST', async () => {
    const v = await visit('/');
    await v.form.waitFor();
    await fill(v, 'double@example.org');
    await v.form.locator('.jawort-do button').evaluate((b) => { b.click(); b.click(); b.form.requestSubmit(); });
    assert.equal(await v.form.getAttribute('aria-busy'), 'true');
    await focused(v.page, 'status');
    assert.equal(v.posts.length, 1);
    await v.end();
  });

  test('an answer that gets lost: said, nothing typed is gone, and again is no second mail', async () => {
    const v = await visit('/');
    await v.form.waitFor();
    let dropped = 0;
    await v.page.route(`${base}/s/news`, async (route) => {
      if (route.request().method() !== 'POST' || dropped) return route.continue();
      dropped += 1;
      await route.fetch(); // it arrives, but the answer does not
      return route.abort('connectionreset');
    });
    await fill(v, 'lost@example.org');
    await press(v);
    await focused(v.page, 'alert');
    assert.match(await v.page.locator('[role=alert]').innerText(), /nicht geklappt/);
    assert.equal(await v.form.locator('[name=email]').inputValue(), 'lost@example.org');
    assert.ok(await v.form.locator('[name=ok]').isChecked());
    assert.equal(await v.form.getAttribute('aria-busy'), null);
    await press(v);
    await focused(v.page, 'status');
    assert.equal(v.posts.length, 2);
    assert.equal(v.posts[0].get('n'), v.posts[1].get('n'));
    await service.mail('lost@example.org');
    await v.page.waitForTimeout(1500);
    assert.equal(service.mails().filter((m) => m.to.includes('lost@example.org')).length, 1);
    await v.end();
  });

  for (const status of [429, 503])
    test(`${status}: the service says when`, async () => {
      const v = await visit('/');
      await v.form.waitFor();
      await v.page.route(`${base}/s/news`, (route) => (route.request().method() === 'POST' ? route.fulfill({
        status, headers: { 'Access-Control-Allow-Origin': owner.url, 'Retry-After': '60' },
        json: { state: 'busy', title: 'Gerade ist viel los', text: 'Bitte warten Sie eine Minute.', errors: {} },
      }) : route.continue()));
      await fill(v, 'busy@example.org');
      await press(v);
      await focused(v.page, 'alert');
      assert.match(await v.page.locator('[role=alert]').innerText(), /viel los[\s\S]*eine Minute/);
      assert.equal(await v.form.locator('[name=email]').inputValue(), 'busy@example.org');
      await v.end();
    });

  test('the text has changed: the new one, what was typed, and no box ticked', async () => {
    const v = await visit('/danke');
    let old = 0;
    await v.page.route(/fragment/, async (route) => {
      const r = await route.fetch();
      const html = await r.text();
      old += 1;
      await route.fulfill({ response: r, body: old > 1 ? html : html.replace(/name="v" value="[^"]+"/, 'name="v" value="000000000000"').replace('Vereinspost', 'Altes') });
    });
    await v.page.goto(`${owner.url}/`);
    await v.form.waitFor();
    await fill(v, 'changed@example.org');
    await v.form.locator('[name=first_name]').fill('Anna');
    await press(v);
    await focused(v.page, 'alert');
    assert.equal(old, 2);
    assert.match(await v.page.locator('[role=alert]').innerText(), /Text wurde/);
    assert.equal(await v.form.locator('[name=email]').inputValue(), 'changed@example.org');
    assert.equal(await v.form.locator('[name=first_name]').inputValue(), 'Anna');
    assert.equal(await v.form.locator('[name=ok]').isChecked(), false);
    assert.doesNotMatch(await v.form.innerText(), /Altes/);
    await v.form.locator('[name=ok]').check();
    await press(v);
    await focused(v.page, 'status');
    await v.end();
  });

  test('doubt: one button more, never a dead end', async () => {
    const v = await visit('/');
    await v.form.waitFor();
    await fill(v, 'doubt@example.org');
    await v.form.locator('p[hidden] input').evaluate((i) => { i.value = 'x'; });
    await press(v);
    await focused(v.page, 'alert');
    assert.deepEqual(await axe(v), []);
    await v.page.getByRole('button', { name: 'Ja, absenden' }).click();
    await focused(v.page, 'status');
    assert.equal(v.posts.length, 2);
    await service.mail('doubt@example.org');
    await v.end();
  });

  test('next: to the owner’s own page', async () => {
    const v = await visit('/next');
    await v.form.waitFor();
    await fill(v, 'next@example.org');
    await press(v);
    await v.page.waitForURL(`${owner.url}/danke`);
    await v.end();
  });
});

describe('the page around it', () => {
  test('a new body, as page-swapping scripts make it', async () => {
    const v = await visit('/danke');
    await v.page.goto(`${owner.url}/`);
    await v.form.waitFor();
    await v.page.evaluate((src) => {
      const body = document.createElement('body'), f = document.createElement('jawort-form');
      f.setAttribute('src', src);
      body.append(f);
      document.body.replaceWith(body);
    }, `${base}/s/news`);
    await v.form.waitFor();
    await v.page.evaluate(() => document.body.prepend(document.querySelector('jawort-form')));
    await v.page.waitForTimeout(200);
    assert.equal(await v.form.count(), 1);
    await fill(v, 'swap@example.org');
    await press(v);
    await focused(v.page, 'status');
    assert.equal(v.posts.length, 1);
    await v.end();
  });

  test('a copy of a finished element works as well', async () => {
    const v = await visit('/');
    await v.form.waitFor();
    await v.page.evaluate(() => { const e = document.querySelector('jawort-form'); e.replaceWith(e.cloneNode(true)); });
    await fill(v, 'copy@example.org');
    await press(v);
    await focused(v.page, 'status');
    await v.end();
  });

  test('two forms, and the script in two versions', async () => {
    const v = await visit('/two');
    await until('two forms', 5000, async () => await v.form.count() === 2);
    const ids = await v.page.evaluate(() => [...document.querySelectorAll('[id]')].map((e) => e.id));
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(await v.form.nth(1).getByRole('heading', { level: 2 }).count(), 1);
    assert.deepEqual(await axe(v), []);
    await fill(v, 'one@example.org', v.form.nth(0));
    await v.form.nth(0).locator('.jawort-do button').click();
    await focused(v.page, 'status');
    assert.equal(v.posts.length, 1);
    await v.end();
  });

  test('the language around it', async () => {
    const v = await visit('/english');
    await v.form.waitFor();
    assert.match(await v.form.innerText(), /Yes, I consent/);
    await press(v);
    await focused(v.page, 'alert');
    assert.match(await v.page.locator('[role=alert]').innerText(), /^Error/);
    await v.end();
  });

  for (const [name, options] of [['320 px', { viewport: { width: 320, height: 640 } }], ['dark system', { colorScheme: 'dark' }], ['forced colours', { forcedColors: 'active' }]])
    test(`a style sheet that resets everything: ${name}`, async () => {
      const v = await visit('/', { options });
      await v.form.waitFor();
      const seen = await v.form.evaluate((f) => {
        const box = (s) => f.querySelector(s).getBoundingClientRect();
        const [field, slip, tick, label, button] = ['.jawort-field', '.jawort-slip', '[name=ok]', '.jawort-slip label', 'button'].map(box);
        return {
          wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          gap: slip.top - f.querySelectorAll('.jawort-field')[1].getBoundingClientRect().bottom,
          field: field.height, tick: tick.width, beside: label.left - tick.right, button: button.height,
        };
      });
      assert.equal(seen.wide, 0);
      assert.ok(seen.gap >= 16 && seen.tick >= 24 && seen.beside >= 4 && seen.button >= 44, JSON.stringify(seen));
      assert.deepEqual(await axe(v), []);
      await v.end();
    });

  test('scripts are forbidden: the link leads to the form', async () => {
    const v = await visit('/blocked');
    v.complaints.length = 0;
    await v.page.getByRole('link', { name: 'Bestellen' }).click();
    await v.page.getByRole('heading', { level: 1, name: 'Vereinspost bestellen' }).waitFor();
    await v.context.close();
  });

  test('a pasted form: inline on the owner’s page, a review page elsewhere, never a dead end', async () => {
    const v = await visit('/pasted');
    await v.page.locator('jawort-form[data-ready]').waitFor();
    await fill(v, 'pasted@example.org');
    await press(v);
    await focused(v.page, 'status');
    await v.end();
    const elsewhere = await visit('/pasted', { url: stranger.url });
    await elsewhere.page.locator('jawort-form[data-ready]').waitFor();
    await fill(elsewhere, 'elsewhere@example.org');
    await press(elsewhere);
    await elsewhere.page.getByRole('button', { name: 'Ja, absenden' }).click();
    await elsewhere.page.waitForURL(/\/sent/);
    await service.mail('elsewhere@example.org');
    await elsewhere.context.close();
  });

  test('no such form, or a page that is not listed: the link stays', async () => {
    for (const where of [{ at: '/broken', url: owner.url }, { at: '/', url: stranger.url }]) {
      const v = await visit(where.at, where);
      const warned = v.page.waitForEvent('console', { predicate: (m) => m.type() === 'warning' && /origins/.test(m.text()) });
      await v.page.reload();
      await warned;
      assert.equal(await v.page.getByRole('link', { name: 'Bestellen' }).count(), 1);
      await v.context.close();
    }
  });

  test('the privacy notice, with headings of the asked level', async () => {
    const v = await visit('/notice');
    await v.page.locator('jawort-notice[data-ready] h3').first().waitFor();
    assert.equal(await v.page.locator('jawort-notice :is(h1, h2)').count(), 0);
    assert.equal(await v.page.locator('#objection').count(), 1);
    await v.end();
  });
});

describe('a frame', () => {
  test('grows to its content, and answers inside', async () => {
    const v = await visit('/frame');
    const frame = v.page.frameLocator('iframe');
    v.form = frame.locator('form');
    await v.form.waitFor();
    const height = () => v.page.locator('iframe').evaluate((f) => f.clientHeight);
    await until('a higher frame', 5000, async () => await height() > 400);
    const before = await height();
    await press(v);
    await frame.locator('[role=alert]:focus').waitFor();
    await until('a still higher frame', 5000, async () => await height() > before);
    await fill(v, 'frame@example.org');
    await press(v);
    await frame.locator('[role=status]').waitFor();
    await until('a lower frame', 5000, async () => await height() < before);
    assert.match((await service.mail('frame@example.org')).subject, /Vereinspost/);
    await v.end();
  });

  test('a size from anybody else changes nothing', async () => {
    const v = await visit('/frame');
    await until('a higher frame', 5000, () => v.page.locator('iframe').evaluate((f) => f.clientHeight > 400));
    const before = await v.page.locator('iframe').evaluate((f) => f.clientHeight);
    await v.page.evaluate(() => postMessage({ jawort: 'size', h: 50 }, '*'));
    await v.page.waitForTimeout(200);
    assert.equal(await v.page.locator('iframe').evaluate((f) => f.clientHeight), before);
    await v.end();
  });

  test('no page that is not listed may frame it', async () => {
    const v = await visit('/frame', { url: stranger.url });
    await v.page.waitForTimeout(500);
    assert.equal(await v.page.frameLocator('iframe').locator('form').count(), 0);
    await v.context.close();
  });
});

test('without a script a frame’s form leaves the frame', async () => {
  const r = await service.get('/club/s/news?frame');
  assert.match(r.headers['content-security-policy'], new RegExp(`frame-ancestors 'self' ${owner.url}$`));
  assert.match(r.body, /<base target="_top">/);
});

test('headers and answers for scripts', async () => {
  const own = { Origin: owner.url, Accept: 'application/json' };
  const token = await service.get('/club/s/news?token', own);
  assert.equal(token.headers['access-control-allow-origin'], owner.url);
  assert.equal(token.headers['access-control-allow-credentials'], undefined);
  assert.match(token.headers.vary, /Origin/);
  assert.equal(token.headers['cache-control'], 'no-store');
  for (const Origin of [stranger.url, 'null', 'https://evil.example'])
    assert.equal((await service.get('/club/s/news?token', { Origin })).headers['access-control-allow-origin'], undefined, Origin);
  assert.match((await service.get('/club/s/news')).headers.vary, /Origin/);
  assert.equal((await service.get('/club/c/x', own)).headers['access-control-allow-origin'], undefined);
  for (const h of ['1', '7', '22', 'x']) assert.equal((await service.get(`/club/s/news?fragment&h=${h}`)).status, 400, h);
  const v = /name="v" value="([^"]+)"/.exec((await service.get('/club/s/news?fragment')).body)[1];
  const young = JSON.parse((await service.get('/club/s/news?token', own)).body).t;
  const fields = { email: 'young@example.org', ok: '1', v, t: young };
  const doubt = await service.post('/club/s/news', fields, own);
  assert.equal(doubt.status, 409);
  const said = JSON.parse(doubt.body);
  assert.deepEqual([said.state, said.errors, said.review.email, said.review.p], ['review', {}, 'young@example.org', ['news']]);
  const again = await service.post('/club/s/news', { ...said.review, t: young }, own);
  assert.equal(again.status, 200, again.body);
  const bad = JSON.parse((await service.post('/club/s/news', { v }, own)).body);
  assert.deepEqual([bad.state, Object.keys(bad.errors).sort()], ['error', ['email', 'ok']]);
  assert.equal(JSON.parse((await service.post('/club/s/nothing', { v }, own)).body).state, 'error');
});

test('the script: type, ETag, and the hash that the command line prints', async () => {
  for (const name of ['jawort.js', 'jawort.v1.js']) {
    const r = await service.get(`/club/${name}`);
    assert.equal(r.headers['content-type'], 'text/javascript; charset=utf-8');
    assert.equal(r.headers['access-control-allow-origin'], '*');
    assert.match(r.headers['cache-control'], /max-age=86400/);
    assert.equal((await service.get(`/club/${name}`, { 'If-None-Match': r.headers.etag })).status, 304);
  }
  const { out } = service.jawort('form', 'snippet', 'news', '--site', 'club', '--as', 'two-line');
  const integrity = /integrity="([^"]+)"/.exec(out)[1];
  const v = await visit('/danke');
  const works = (sri) => v.page.evaluate(([u, i]) => fetch(u, { integrity: i }).then(() => true, () => false), [`${base}/jawort.v1.js`, sri]);
  assert.equal(await works(integrity), true);
  assert.equal(await works(integrity.replace(/.{4}$/, 'AAAA')), false);
  await v.context.close();
});
