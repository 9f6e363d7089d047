// Three parsers that others wrote read every mail and must find the same in it, and what was meant: Python's email,
// Perl's MIME::Parser, npm's postal-mime. Besides, the rules for bytes and lines of RFC 5322 and 2045 to 2047.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import PostalMime from 'postal-mime';
import { here, makeMails, none, planted, run } from './lib.mjs';

// Nobody is there who could leave, or whoever reads it is not proven to be them.
const NOBODY = ['nothing', 'move', 'moved', 'objected', 'erased'];

const HEADER_ORDER = ['From', 'To', 'Reply-To', 'Subject', 'Date', 'Message-ID', 'Auto-Submitted', 'X-Auto-Response-Suppress',
  'List-Id', 'List-Unsubscribe', 'List-Unsubscribe-Post', 'Content-Language', 'MIME-Version', 'Content-Type'];
const { dir, mails } = makeMails();

// ---- the readers: one shape for all three

const lines = (out) => out.trim().split('\n').map((l) => JSON.parse(l));
const python = (files) => lines(run('python3', [path.join(here, 'parse.py'), ...files]));
const perl = (files) => lines(run('perl', [path.join(here, 'parse.pl'), ...files]));

async function postal(m) {
  const p = await new PostalMime().parse(m.bytes);
  const head = (name) => p.headers.find((h) => h.key === name)?.value ?? null;
  const box = (a) => (a ? [a].flat().map((b) => [b.name, b.address]) : []);
  return { names: p.headers.map((h) => h.originalKey ?? h.key), from: box(p.from), to: box(p.to), reply_to: box(p.replyTo),
    subject: p.subject, date_s: Date.parse(p.date) / 1000, message_id: p.messageId, list_id: head('list-id'),
    list_unsubscribe: head('list-unsubscribe'), list_unsubscribe_post: head('list-unsubscribe-post'),
    auto_submitted: head('auto-submitted'), lang: head('content-language'), text: p.text, html: p.html,
    defects: p.attachments.map((a) => `attachment ${a.mimeType}`) };
}

/** What all must find: the fields before they became a mail. */
function expected(m) {
  const w = m.meant;
  const list = w.list_unsubscribe !== '';
  const names = HEADER_ORDER.filter((n) => (n === 'Reply-To' ? w.reply_to : n.startsWith('List-') ? list : true));
  const part = (kind) => [kind, 'utf-8', 'quoted-printable'];
  return { names, from: [[w.from_name, w.from_addr]], to: [['', w.to]], reply_to: w.reply_to ? [['', w.reply_to]] : [],
    subject: w.subject, date_s: w.date_s, message_id: `<${w.message_id}>`, list_id: list ? `<${w.list_id}>` : null,
    list_unsubscribe: list ? `<${w.list_unsubscribe}>` : null,
    list_unsubscribe_post: list ? 'List-Unsubscribe=One-Click' : null, auto_submitted: 'auto-generated', lang: w.lang,
    structure: ['multipart/alternative', [part('text/plain'), part('text/html')]], text: w.text, html: w.html, defects: [] };
}

/** Line ends, and how many stand at the end, are a matter of transport. */
const body = (s) => (typeof s === 'string' ? s.replaceAll('\r\n', '\n').replace(/\n+$/, '') : s);

function differences(who, m, got) {
  const want = expected(m);
  const found = [];
  for (const key of Object.keys(want)) {
    if (!(key in got)) continue; // postal-mime does not tell the structure
    const [a, b] = key === 'text' || key === 'html' ? [body(got[key]), body(want[key])] : [got[key], want[key]];
    const [x, y] = key === 'names' ? [a.map((n) => n.toLowerCase()), b.map((n) => n.toLowerCase())] : [a, b];
    if (JSON.stringify(x) !== JSON.stringify(y))
      found.push(`${m.name}: ${who}: ${key}: ${JSON.stringify(x)?.slice(0, 300)} is not ${JSON.stringify(y)?.slice(0, 300)}`);
  }
  return found;
}

async function disagreements(set) {
  const files = set.map((m) => m.file);
  const py = python(files), pl = perl(files);
  assert.equal(py.length, set.length);
  assert.equal(pl.length, set.length);
  const found = [];
  for (const [i, m] of set.entries())
    found.push(...differences('python', m, py[i]), ...differences('perl', m, pl[i]),
      ...differences('postal-mime', m, await postal(m).catch((e) => ({ defects: [`gave up: ${e.message}`] }))));
  return found;
}

// ---- bytes and lines

/** RFC 5322 section 2.1.1: 998 at most, 78 wished; only a word that cannot be broken may be longer. */
function lineFaults(m) {
  const found = [];
  const say = (what, line) => found.push(`${m.name}: ${what}: ${line.slice(0, 120)}`);
  const text = m.bytes.toString('latin1');
  if (/[^\x09\x0a\x0d\x20-\x7e]/.test(text)) say('a byte that is not printable ASCII', text.match(/.{0,40}[^\x09\x0a\x0d\x20-\x7e].{0,40}/)?.[0] ?? '');
  if (/(^|[^\r])\n|\r(?!\n)/.test(text)) say('a bare CR or LF', '');
  if (!text.endsWith('\r\n')) say('no line end at the end', text.slice(-40));
  const head = text.slice(0, text.indexOf('\r\n\r\n'));
  for (const line of text.split('\r\n')) if (line.length > 998) say('over 998', line);
  for (const line of head.split('\r\n')) {
    const word = line.replace(/^[A-Za-z-]+:\s*/, '').trim();
    if (line.length > 78 && word.includes(' ')) say('a header line over 78 that could be folded', line);
    if (/^\s*$/.test(line) || /^[A-Za-z-]+:\s*$/.test(line)) say('an empty header line', line);
    for (const w of line.match(/=\?[^?]+\?[QB]\?[^?]*\?=/gi) ?? []) if (w.length > 75) say('an encoded word over 75', w);
  }
  for (const line of text.slice(head.length).split('\r\n')) {
    if (line.length > 76 && !/^Content-Type: multipart|^--=_/.test(line)) say('quoted-printable over 76', line);
    if (/[ \t]$/.test(line)) say('white space at the end of a line', line);
  }
  return found;
}

test('three parsers find in every mail what was meant', async () => none(await disagreements(mails)));
test('bytes, line ends and lengths of lines', () => none(mails.flatMap(lineFaults)));

test('List-Unsubscribe is a link that takes one click, and only where there is somebody to leave', () => {
  const found = [];
  for (const m of mails) {
    const head = m.bytes.toString('latin1').split('\r\n\r\n')[0];
    const has = /^List-Unsubscribe: <https:\/\/[^ <>]+\/u\/[A-Za-z0-9_-]{43}>\r$/m.test(head);
    const post = /^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m.test(head);
    if (has !== post || has !== !NOBODY.includes(m.kind)) found.push(m.name);
  }
  none(found);
});

test('control run: planted faults are found', async () => {
  const m = mails.find((x) => x.name === 'umlaut.confirm.de.usual');
  const bound = m.bytes.toString('latin1').match(/boundary="([^"]+)"/)[1];
  const plants = {
    boundary: [`--${bound}--`, '--=_other--'],
    'boundary-header': [`boundary="${bound}"`, 'boundary="=_other"'],
    charset: ['text/html; charset=utf-8', 'text/html; charset=latin1'],
    encoding: ['quoted-printable', 'base64'],
    subject: ['Subject: ', 'Subject: =?UTF-8?B?4?= '],
    'two-subjects': ['Subject: ', 'Subject: x\r\nSubject: '],
    'header-body': ['Subject: ', '\r\nSubject: '],
    from: ['From: ', 'From: , '],
    'qp-broken': ['=C3', '=ZZ'],
    'utf8-broken': ['=C3', '=FF'],
    date: ['Date: ', 'Date: x'],
    list: ['List-Unsubscribe: <', 'List-Unsubscribe: <mailto:x@example.org>, <'],
  };
  const bad = Object.entries(plants).map(([name, [from, to]]) => planted(m, dir, name, from, to));
  const found = await disagreements(bad);
  for (const b of bad) assert.ok(found.some((f) => f.startsWith(`${b.name}:`)), `nobody found the planted fault "${b.name}"`);
  const raw = { 'bare-lf': ['\r\n', '\n'], 'eight-bit': ['Subject: ', 'Subject: \xc3\xbc '],
    'line-long': ['Subject: ', `Subject: ${'x '.repeat(60)}`], 'line-998': ['Subject: ', `Subject: ${'x'.repeat(1000)} `],
    'space-at-end': ['\r\n\r\n', '\r\n\r\nx \r\n'] };
  for (const [name, [from, to]] of Object.entries(raw))
    assert.ok(lineFaults(planted(m, dir, name, from, to)).length > 0, `nobody found the planted fault "${name}"`);
});
