// Contact sheet: a picture of every page and state, in both languages and several modes, and montages of twelve
// each, to be looked at by people. Usage: node tests/e2e/sheet.mjs FOLDER [MODE,MODE...]   (make sheet OUT=FOLDER)
import fs from 'node:fs';
import path from 'node:path';
import { browserStart } from './lib.mjs';
import { collect } from './pages.mjs';
import { modes, enlarge, show } from './show.mjs';

const [out, only] = process.argv.slice(2);
if (!out) {
  console.error('usage: node tests/e2e/sheet.mjs FOLDER [MODE,MODE...]');
  process.exit(2);
}
const dir = path.resolve(out);
fs.mkdirSync(dir, { recursive: true });

// Sheets are 640 px wide: more desk around them shows nothing.
const wanted = Object.entries({ ...modes, print: { viewport: { width: 720, height: 640 } } })
  .filter(([name]) => !only || only.split(',').includes(name))
  .map(([name, o]) => [name, { ...o, viewport: { ...o.viewport, width: Math.min(o.viewport.width, 720) } }]);
const PER_SHEET = 12;

const escape = (t) => t.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const mailPages = (mails) => mails.flatMap((m) => {
  const lang = m.headers['content-language'] ?? 'de';
  return [
    { lang, name: `mail ${m.subject}`, html: m.html },
    { lang, name: `mail text ${m.subject}`, html: `<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>x</title><pre style="font:14px/1.4 monospace;white-space:pre-wrap">${escape(m.text)}</pre>` },
  ];
});

async function picture(context, mode, o, kept, url, file) {
  let page;
  if (kept.html) {
    page = await context.newPage();
    await page.setContent(kept.html);
  } else ({ page } = await show(context, url, kept));
  if (o.size) await enlarge(page, o.size);
  if (mode === 'print') await page.emulateMedia({ media: 'print' });
  await page.waitForTimeout(0);
  await page.screenshot({ path: file, fullPage: true, animations: 'disabled' });
  await page.close();
}

async function montage(browser, name, files) {
  const width = files.some((f) => f.includes('-narrow-')) ? 232 : 380;
  const boxes = files.map((f) => `<figure><img src="${f}" width="${width}"><figcaption>${f.replace('.png', '')}</figcaption></figure>`);
  const html = `<!doctype html><meta charset="utf-8"><title>${name}</title><style>body{margin:8px;width:1560px;background:#777;
columns:${Math.floor(1560 / (width + 8))};column-gap:8px;font:12px sans-serif;color:#fff}figure{margin:0 0 10px;break-inside:avoid}</style>${boxes.join('')}`;
  fs.writeFileSync(path.join(dir, `${name}.html`), html);
  const page = await browser.newPage({ viewport: { width: 1576, height: 400 } });
  await page.goto(`file://${path.join(dir, `${name}.html`)}`);
  await page.screenshot({ path: path.join(dir, `${name}.png`), fullPage: true });
  await page.close();
}

const all = await collect();
const browser = await browserStart();
const things = [...all.pages, ...mailPages(all.mails)];
let pictures = 0;
for (const [mode, o] of wanted) {
  for (const lang of ['de', 'en']) {
    const context = await browser.newContext(o);
    const files = [];
    for (const kept of things) {
      if (kept.lang !== lang || (mode === 'print' && !/^notice [a-z]+$|^notice of a website$|^sent$|^confirmed$/.test(kept.name))) continue;
      const file = `${lang}-${mode}-${String(files.length).padStart(2, '0')}-${kept.name.replace(/\W+/g, '-')}.png`;
      await picture(context, mode, o, kept, all.service.url, path.join(dir, file));
      files.push(file);
    }
    await context.close();
    for (let i = 0; i * PER_SHEET < files.length; i += 1)
      await montage(browser, `sheet-${lang}-${mode}-${i + 1}`, files.slice(i * PER_SHEET, (i + 1) * PER_SHEET));
    pictures += files.length;
  }
}
await browser.close();
await all.service.stop();
console.log(`${pictures} pictures in ${dir}; the montages are sheet-*.png`);
