// What mail programs support: the HTML of a mail against the data of caniemail.com (npm package caniemail, pinned).
// Every element, attribute, property and unit must be marked "y" there for every program of CLIENTS, or stand in
// PARTLY with the reason why nothing is lost, or in NO_DATA where caniemail has no page.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { Parser } from 'htmlparser2';

const data = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('caniemail/caniemail.json'), 'utf8'));
const features = new Map(data.data.map((f) => [f.slug, f]));
export const asOf = data.last_update_date.slice(0, 10);

// "Windows Mail" ended with 2024; its successor is the new Outlook, which shows mails as outlook-com does.
const NOT_ASKED = new Set(['outlook.windows-mail']);
export const CLIENTS = ['gmx', 'web-de', 't-online-de', 'gmail', 'outlook', 'apple-mail', 'thunderbird'];

const hex = (v) => /^#[0-9a-f]{6}$/i.test(v);
const lengths = (v) => v.split(/\s+/).every((p) => /^\d+px$|^0$/.test(p));

// feature: [programs whose answer is not "y", why nothing is lost, what must hold for that (use): boolean].
// A use is { el, attrs, style (Map), value }. Programs: a family, or family.platform.
export const PARTLY = {
  'css-background-color': [['gmx', 'web-de'], 'the attribute bgcolor beside it says the same',
    (u) => hex(u.value) && u.attrs.bgcolor === u.value],
  'css-border': [['outlook.windows'], 'up to 8 px on table cells is fine there',
    (u) => u.el === 'td' && /^[1-8]px (solid|dashed) #[0-9a-f]{6}$/.test(u.value)],
  'css-font-size': [['gmx', 'web-de', 'outlook.windows'], 'only rem and relative sizes are missing; unknown in the apps of GMX and WEB.DE',
    (u) => lengths(u.value)],
  'css-font-weight': [['outlook.windows'], 'only unusual numbers are missing', (u) => /^(normal|bold)$/.test(u.value)],
  'css-line-height': [['outlook.windows'], 'lines stand a little wider apart there', (u) => lengths(u.value)],
  'css-margin': [['gmail', 'outlook'], 'no negative margin, none on span; on body it is 0 and only wished for',
    (u) => lengths(u.value) && u.el !== 'span' && (u.el !== 'body' || u.value === '0')],
  'css-max-width': [['outlook.windows'], 'works on tables there', (u) => u.el === 'table' && lengths(u.value)],
  'css-padding': [['outlook.windows'], 'works on table cells there; on body it is 0 and only wished for',
    (u) => lengths(u.value) && (u.el === 'td' || (u.el === 'body' && u.value === '0'))],
  'css-text-decoration': [['gmx', 'web-de', 'gmail', 'outlook.windows'], 'where "none" is not kept the button is underlined',
    (u) => u.value === 'none'],
  'css-word-break': [['gmx', 'web-de', 'gmail', 'outlook', 'apple-mail'],
    'only so that a long link does not make the mail wide; without it the link sticks out and works', (u) => /^break-(word|all)$/.test(u.value)],
  'html-align': [['outlook.macos'], 'only tables have trouble with it', (u) => u.el === 'td'],
  'html-body': [['gmail', 'outlook'], 'becomes a div; language and direction stand on a div of our own',
    (u) => Object.keys(u.attrs).every((a) => a === 'style')],
  'html-cellpadding': [['gmx', 'web-de'], 'unknown in the apps; cells have their own padding', () => true],
  'html-cellspacing': [['gmx', 'web-de'], 'unknown in the apps; a gap of two pixels at worst', () => true],
  'html-dir': [['gmx', 'web-de', 'gmail.mobile-webmail', 'outlook.windows'], 'ltr is what holds anyway', (u) => u.value === 'ltr'],
  'html-doctype': [['outlook.windows', 'thunderbird'], 'only the way lines are counted differs', () => true],
  'html-height': [['outlook.windows'], 'only pictures, and screens at 120 dpi', (u) => u.el === 'td'],
  'html-lang': [['gmx', 'web-de'], 'for reading aloud; nothing to see', (u) => /^[a-z]{2}(-[a-z]+)?$/i.test(u.value)],
  'html-meta-color-scheme': [['gmx', 'web-de', 'gmail', 'outlook', 'apple-mail.ios'],
    'programs with a dark mode of their own recolour; no colour of ours is needed to read', () => true],
  'html-role': [['gmx', 'web-de'], 'for reading aloud; cells stand in reading order', (u) => u.value === 'presentation'],
  'html-width': [['outlook.windows'], 'only pictures, and screens at 120 dpi', (u) => u.el === 'table' || u.el === 'td'],
};

// What caniemail has no page for, and why it may be used.
export const NO_DATA = {
  '<html>': 'every document has it', '<head>': 'every document has it', '<title>': 'shown by no program, asked for by HTML',
  '<meta>': 'not shown; programs say the charset by the MIME header', '<a>': 'a link with http(s)', '<br>': 'as old as HTML',
  'attr bgcolor': 'as old as HTML; the way colour reaches GMX', 'attr border': 'border="0" of tables', 'attr href': 'of links',
  'attr charset': 'of meta', 'attr name': 'of meta', 'attr content': 'of meta', 'css color': 'as old as CSS',
  'css font-family': 'has a page for the short form only; the last name is a generic family',
};

const ELEMENTS = { tr: 'table', td: 'table', th: 'table', tbody: 'table', h1: 'h1-h6', h2: 'h1-h6', h3: 'h1-h6', b: 'strong',
  strong: 'strong', em: 'semantics', ul: 'lists', ol: 'lists', li: 'lists' };
const LONGHANDS = /^(margin|padding|border|background|font|text-decoration|list-style)-(top|right|bottom|left|color|style|width|line)$/;

/** The slugs of a property, most exact first. */
function propertySlugs(name) {
  const short = LONGHANDS.exec(name)?.[1];
  return [`css-${name}`, ...(short ? [`css-${short}`] : [])];
}

function* valueFeatures(value) {
  for (const [, unit] of value.matchAll(/(?<![#\w-])\d*\.?\d+(px|em|rem|ex|ch|cm|mm|in|pc|pt|vh|vw|vmin|vmax|%)/g))
    yield `css-unit-${unit === '%' ? 'percent' : unit}`;
  for (const [, fn] of value.matchAll(/([a-z-]+)\(/gi))
    yield { url: 'css-background-image', rgb: 'css-rgb', rgba: 'css-rgba', calc: 'css-unit-calc', var: 'css-variables', clamp: 'css-function-clamp',
      min: 'css-function-min', max: 'css-function-max', 'linear-gradient': 'css-linear-gradient', 'light-dark': 'css-function-light-dark' }[fn.toLowerCase()] ?? `function ${fn}()`;
  if (/!important/.test(value)) yield 'css-important';
  if (/\b(system-ui|ui-(serif|sans-serif|monospace|rounded))\b/.test(value)) yield 'css-sytem-ui';
}

const declarations = (css) => css.split(';').map((d) => d.trim()).filter(Boolean).map((d) => {
  const at = d.indexOf(':');
  return [d.slice(0, at).trim().toLowerCase(), d.slice(at + 1).trim()];
});

/** Every use of something: { what (slug or name without data), el, attrs, style, value }. */
export function uses(html) {
  const found = [];
  const add = (slugs, fallback, use) => found.push({ ...use, what: slugs.find((s) => features.has(s)) ?? fallback });
  let sheet = null;
  const parser = new Parser({
    onprocessinginstruction: (name) => name.toLowerCase() === '!doctype' && add(['html-doctype'], 'doctype', { el: '', attrs: {}, value: '' }),
    oncomment: () => add(['html-comments'], 'comment', { el: '', attrs: {}, value: '' }),
    onopentag(el, attrs) {
      if (el === 'style') sheet = '';
      add([`html-${ELEMENTS[el] ?? el}`], `<${el}>`, { el, attrs, value: '' });
      for (const [name, value] of Object.entries(attrs)) {
        if (name === 'style') {
          for (const [prop, v] of declarations(value)) {
            add(propertySlugs(prop), `css ${prop}`, { el, attrs, value: v });
            for (const f of valueFeatures(v)) add([f], f, { el, attrs, value: v });
          }
        } else if (el === 'meta' && name === 'name' && value === 'color-scheme') {
          add(['html-meta-color-scheme'], '', { el, attrs, value });
        } else if (name === 'href' && /^(mailto:|#)/.test(value)) {
          add([value[0] === '#' ? 'html-anchor-links' : 'html-mailto-links'], '', { el, attrs, value });
        } else {
          add([`html-${name}`], `attr ${name}`, { el, attrs, value });
        }
      }
    },
    ontext(text) { if (sheet !== null) sheet += text; },
    onclosetag(el) {
      if (el !== 'style') return;
      for (const [, rule] of sheet.matchAll(/@([a-z-]+)/g)) add([`css-at-${rule}`], `@${rule}`, { el, attrs: {}, value: '' });
      for (const [, body] of sheet.matchAll(/\{([^{}]*)\}/g))
        for (const [prop, v] of declarations(body)) add(propertySlugs(prop), `css ${prop}`, { el: 'style', attrs: {}, value: v });
      sheet = null;
    },
  }, { decodeEntities: true });
  parser.end(html);
  return found;
}

/** The programs that do not answer "y" in their newest version, with the answer: [["gmx.ios", "u"]]. */
export function notFull(slug) {
  const out = [];
  for (const family of CLIENTS)
    for (const [platform, versions] of Object.entries(features.get(slug).stats[family] ?? {})) {
      const newest = Object.values(versions).at(-1);
      if (!NOT_ASKED.has(`${family}.${platform}`) && !/^y( |$)/.test(newest)) out.push([`${family}.${platform}`, newest]);
    }
  return out;
}

const covers = (list, client) => list.includes(client) || list.includes(client.split('.')[0]);

/** [findings, names of the tables' rows that were needed]. */
export function check(name, html) {
  const found = new Set(), needed = new Set();
  for (const u of uses(html)) {
    const place = `${name}: <${u.el}> ${u.what}${u.value ? ` (${u.value})` : ''}`;
    if (!features.has(u.what)) {
      if (NO_DATA[u.what]) needed.add(u.what);
      else found.add(`${place}: caniemail has no page and NO_DATA no reason`);
      continue;
    }
    const bad = notFull(u.what);
    if (!bad.length) continue;
    const [clients, , holds] = PARTLY[u.what] ?? [[], '', () => true];
    for (const [client, answer] of bad)
      if (!covers(clients, client)) found.add(`${place}: ${client} says "${answer}"`);
    if (!holds(u)) found.add(`${place}: not used in the way that PARTLY says`);
    if (PARTLY[u.what]) needed.add(u.what);
  }
  return [[...found], needed];
}
