// What mail programs support (caniemail.com), the size of a mail, and that its text part says what its HTML part says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Parser } from 'htmlparser2';
import { asOf, check, CLIENTS, NO_DATA, notFull, PARTLY } from './support.mjs';
import { makeMails, none, ORG, usual } from './lib.mjs';

const SIZE_MAX_BYTES = 20_000;
const DATA_MAX_YEARS = 3;
const { mails } = makeMails();

test('every mail uses only what the mail programs support', (t) => {
  const needed = new Set(), found = [];
  for (const m of mails) {
    const [bad, rows] = check(m.name, m.meant.html);
    found.push(...bad);
    rows.forEach((r) => needed.add(r));
  }
  t.diagnostic(`caniemail of ${asOf}; partly supported and used with a reason: ${[...needed].sort().join(', ')}`);
  none(found);
  // A row that nothing needs (any more) would let something in that nobody looked at.
  none([...Object.keys(PARTLY), ...Object.keys(NO_DATA)].filter((r) => !needed.has(r)).map((r) => `${r}: a row that no mail needs`));
});

test('the tables hold only what is true of the data', () => {
  const found = [];
  for (const [slug, [clients, reason]] of Object.entries(PARTLY)) {
    const bad = notFull(slug).map(([c]) => c);
    for (const c of clients) if (!bad.some((b) => b === c || b.startsWith(`${c}.`))) found.push(`${slug}: ${c} supports it in full`);
    if (!reason) found.push(`${slug}: no reason`);
  }
  none(found);
  assert.deepEqual(CLIENTS.filter((c) => c === 'gmx' || c === 't-online-de').length, 2);
  assert.ok(Date.now() - Date.parse(asOf) < DATA_MAX_YEARS * 365 * 86400_000, `the data is of ${asOf}; take a newer package`);
});

test('control run: what a program does not support is found', () => {
  const html = mails.find((m) => m.name === 'plain.confirm.de.usual').meant.html;
  const plants = {
    grid: ['<p style="', '<p style="display:grid;'],
    media: ['</head>', '<style>@media (max-width:600px){td{padding:0}}</style></head>'],
    'background-image': ['<p style="', '<p style="background-image:url(https://www.example.org/x.png);'],
    'url in background': ['<p style="', '<p style="background:url(https://www.example.org/x.png);'],
    variable: ['font-size:17px', 'font-size:var(--size)'],
    rem: ['font-size:17px', 'font-size:1.1rem'],
    'bgcolor missing': [/bgcolor="#[0-9a-f]+" /, ''],
    'colour without hex': ['background-color:#17604f', 'background-color:rgb(23 96 79)'],
    'padding on p': ['<p style="', '<p style="padding:4px;'],
    'negative margin': ['margin:0 0 20px 0', 'margin:0 0 -20px 0'],
    'max-width on td': ['<td align="left" style="', '<td align="left" style="max-width:300px;'],
    flex: ['<p style="', '<p style="display:flex;'],
    svg: ['<h1', '<svg></svg><h1'],
    form: ['<h1', '<form></form><h1'],
    video: ['<h1', '<video></video><h1'],
    'new element': ['<h1', '<hgroup></hgroup><h1'],
    'new property': ['<p style="', '<p style="field-sizing:content;'],
    'border on p': ['<p style="', '<p style="border:1px solid #000000;'],
    'wide border': ['border:2px dashed', 'border:12px dashed'],
    'position': ['<p style="', '<p style="position:absolute;'],
  };
  for (const [name, [from, to]] of Object.entries(plants)) {
    const bad = html.replace(from, to);
    assert.notEqual(bad, html, `"${name}" was not planted`);
    assert.ok(check(name, bad)[0].length > 0, `nobody found the planted "${name}"`);
  }
});

test('a mail has less than 20 kB on its way', (t) => {
  const sizes = mails.filter(usual).map((m) => [m.name, m.bytes.length]).sort((a, b) => b[1] - a[1]);
  t.diagnostic(`usual mails: ${sizes.at(-1)[1]} to ${sizes[0][1]} bytes (${sizes[0][0]})`);
  const all = [...mails].sort((a, b) => b.bytes.length - a.bytes.length);
  t.diagnostic(`the largest with two purposes and long names: ${all[0].bytes.length} bytes (${all[0].name})`);
  none(mails.filter((m) => m.bytes.length >= SIZE_MAX_BYTES).map((m) => `${m.name}: ${m.bytes.length} bytes`));
});

// ---- the two parts say the same

const words = (s) => s.replace(/https?:\/\/\S+/g, ' ').replace(/[*·]/g, '').split(/[\s,.:;]+/).filter(Boolean);
// What only one part has: the head of the letter, and the line that begins a signature (RFC 3676 section 4.3).
const ONLY_HTML = words(`${ORG.name[0]} ${ORG.name}`);
const ONLY_TEXT = ['--'];

/**
 * Words and links of the HTML part. The heading is the subject; the label of the button is left out because its link
 * stands below it once more.
 */
function fromHtml(html) {
  const links = new Set();
  let text = '', skip = 0;
  const open = [];
  const parser = new Parser({
    onopentag(el, attrs) {
      open.push(el === 'head' || el === 'h1' || (el === 'a' && /text-decoration:none/.test(attrs.style ?? '')));
      if (open.at(-1)) skip++;
      if (el === 'a') links.add(attrs.href);
      text += ' ';
    },
    ontext: (s) => { if (!skip) text += s; },
    onclosetag() { if (open.pop()) skip--; text += ' '; },
  }, { decodeEntities: true });
  parser.end(html);
  return { links, text };
}

function unequal(m) {
  const found = [];
  const html = fromHtml(m.meant.html);
  const text = new Set([...m.meant.text.matchAll(/https?:\/\/[^\s<>]+/g)].map(([u]) => u));
  const missing = [...html.links].filter((l) => !text.has(l)), extra = [...text].filter((l) => !html.links.has(l));
  if (missing.length || extra.length) found.push(`${m.name}: links: only HTML ${missing}; only text ${extra}`);
  const n = new Map();
  const count = (list, by) => list.forEach((w) => n.set(w, (n.get(w) ?? 0) + by));
  count(words(html.text), 1);
  count(ONLY_HTML, -1);
  count(words(m.meant.text), -1);
  count(ONLY_TEXT, 1);
  const left = [...n].filter(([, k]) => k !== 0).map(([w, k]) => `${k > 0 ? 'only HTML' : 'only text'} "${w}"`);
  if (left.length) found.push(`${m.name}: ${left.slice(0, 12).join(', ')}`);
  return found;
}

test('the text part says what the HTML part says', () => none(mails.filter(usual).flatMap(unequal)));

test('control run: parts that differ are found', () => {
  const m = mails.find((x) => x.name === 'plain.confirm.de.usual');
  const plants = { word: ['text', 'jederzeit', ''], link: ['text', '/u/', '/x/'], sentence: ['html', 'Waren Sie das?', ''],
    'link in HTML': ['html', 'href="https://plain.verein.example.org/j/u/', 'href="https://plain.verein.example.org/j/v/'] };
  for (const [name, [part, from, to]] of Object.entries(plants)) {
    assert.ok(m.meant[part].includes(from), `"${name}" was not planted`);
    assert.ok(unequal({ ...m, meant: { ...m.meant, [part]: m.meant[part].replace(from, to) } }).length > 0, `nobody found "${name}"`);
  }
});
