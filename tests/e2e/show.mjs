// A kept answer (pages.mjs) in Chromium with its own headers, as if it had just come; axe; the five modes in
// which every page must work.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { isFragment, whole } from './pages.mjs';

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const everything = { runOnly: { type: 'tag', values: TAGS } };

/** Options of newContext. `size`: of the root's text, in percent. */
export const modes = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  narrow: { colorScheme: 'light', viewport: { width: 320, height: 640 } },
  forced: { colorScheme: 'dark', forcedColors: 'active', viewport: { width: 720, height: 640 } },
  large: { colorScheme: 'light', reducedMotion: 'reduce', viewport: { width: 720, height: 640 }, size: 200 },
};

/** What was kept, at an address of the service. complaints: errors of the console, requests to others. */
export async function show(context, url, kept) {
  const complaints = [];
  const page = await context.newPage();
  page.on('console', (m) => { if (m.type() === 'error' && !/status of [45]\d\d/.test(m.text())) complaints.push(m.text()); });
  page.on('request', (r) => { if (!r.url().startsWith(url)) complaints.push(`asks for ${r.url()}`); });
  const at = `${url}/kept-answer`;
  const headers = isFragment(kept) ? { 'content-type': 'text/html; charset=utf-8' }
    : Object.fromEntries(Object.entries(kept.headers).filter(([k]) => !/^(content-length|connection|transfer-encoding)$/.test(k)));
  await page.route(at, (route) => route.fulfill({ status: kept.status, headers, body: whole(kept) }));
  await page.goto(at);
  return { page, complaints };
}

/** The mode of a page that is open already. */
export async function modeSet(page, name) {
  const m = modes[name];
  await page.setViewportSize(m.viewport);
  await page.emulateMedia({ colorScheme: m.colorScheme, forcedColors: m.forcedColors ?? 'none', reducedMotion: m.reducedMotion ?? 'no-preference' });
  await enlarge(page, m.size ?? 100);
}

/** What a reader with large letters has set in the browser; scripts of the page are not asked. */
export async function enlarge(page, percent) {
  await page.evaluate((p) => { document.documentElement.style.fontSize = `${p}%`; }, percent);
}

/** Violations as lines. */
export async function axe(page, options = everything) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
  const r = await page.evaluate((o) => globalThis.axe.run(document, o), options);
  return r.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(' ; ')}`);
}

/** How far the page can be moved sideways, px. */
export const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
