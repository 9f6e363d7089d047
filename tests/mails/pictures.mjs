// Every mail as a picture, for looking at: node pictures.mjs OUT. The HTML part at 320 and 600 pixels, light and dark,
// side by side on one picture per mail, and the text part beside it. Chromium and its driver are those of tests/e2e.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { here, makeMails, usual } from './lib.mjs';

const { chromium } = createRequire(path.join(here, '../e2e/package.json'))('playwright-core');
const out = path.resolve(process.argv[2] ?? '');
const all = process.argv[3] === 'all';
fs.mkdirSync(out, { recursive: true });
const { mails } = makeMails();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

async function shot(html, width, colorScheme) {
  const page = await browser.newPage({ viewport: { width, height: 400 }, colorScheme });
  await page.setContent(html);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  const png = await page.screenshot({ fullPage: true });
  await page.close();
  return { png, wide };
}

const escape = (s) => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

for (const m of mails.filter((x) => (all ? x.values === 'usual' : usual(x)))) {
  let cells = '';
  for (const width of [320, 600])
    for (const scheme of ['light', 'dark']) {
      const { png, wide } = await shot(m.meant.html, width, scheme);
      if (wide > width) console.log(`${m.name}: ${wide} pixels wide in ${width}`);
      cells += `<td><img src="data:image/png;base64,${png.toString('base64')}" style="border:1px solid red"></td>`;
    }
  const page = await browser.newPage({ viewport: { width: 2600, height: 400 } });
  await page.setContent(`<h3>${escape(m.name)}: ${escape(m.meant.subject)}</h3><table><tr valign=top><td><pre style="font-size:14px">${escape(m.meant.text)}</pre></td>${cells}</tr></table>`);
  await page.locator('table').screenshot({ path: path.join(out, `${m.name}.png`) });
  await page.close();
}
await browser.close();
