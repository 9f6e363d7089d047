// The mails under test: every kind, language and form of address of several organisations, of which some have names
// that are hard to write. Made once by mailset, with the code that makes the real ones.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const mailset = path.resolve(root, process.env.MAILS ?? 'build/mails', 'mailset');

export const KINDS = ['confirm', 'already', 'goodbye', 'link', 'nothing', 'notice', 'changed', 'move', 'moved', 'restricted', 'released', 'objected', 'exported', 'erased'];
const LONG = 'Verband der Ortsgruppen für Radwege, Fußwege und Wasserwege in Nord- und Süddeutschland'.repeat(2);
export const ORG = { name: 'Radwerkstatt Musterstadt e. V.', by: 'Vera Beispiel, Vorstand', address: '[Musterweg 2, 12345 Musterstadt]',
  from: 'Radwerkstatt Musterstadt', title: ['Werkstattbrief', 'Workshop News'],
  content: ['Termine, Kurse und Berichte aus der Werkstatt', 'dates, courses and reports from the workshop'] };

/** Organisations by id; what differs from ORG. "plain" and "du" are what most people get. */
const SITES = {
  plain: {},
  du: { du: true },
  umlaut: { name: 'Bäckerei Größenwahn & Söhne OHG', from: 'Bäckerei Größenwahn', by: 'Änne Übel',
    title: ['Öfter süße Grüße „für Übermütige“', 'Öfter süße Grüße'] },
  quotes: { name: 'Die "Guten", Müller > 2 & Co. \\ KG', from: 'Die "Guten", <Mueller> & Co. \\ KG (Post)',
    title: ['Brief: <b>neu</b> & "gut"; 100 % =?UTF-8?Q?echt?=', 'Letter: <b>new</b> & "good"; 100 % =?UTF-8?Q?real?='] },
  emoji: { name: '🚲 Räder 👩‍👩‍👧 Klub e. V.', from: '🚲 Klub 👩‍👩‍👧 Grüße', title: ['🚲🎉 Post vom Klub 👍🏽', '🚲🎉 club mail 👍🏽'] },
  rtl: { name: 'نادي الدراجات الهوائية', from: 'נבחרת אופניים נאדי', title: ['نشرة نادي الدراجات', 'רשימת תפוצה של המועדון'] },
  cjk: { name: '東京自転車協会株式会社', from: '東京自転車協会', title: ['自転車の便り'.repeat(12), '自転車の便り'] },
  long: { name: LONG, from: LONG.slice(0, 140), title: [LONG.slice(0, 150), 'A newsletter with a very long title '.repeat(4).trim()],
    host: `${'verein-'.repeat(8)}long.example.org`, base: `/a/${'path-that-is-long/'.repeat(12)}j`,
    content: ['W'.repeat(300), `From here on a word of three hundred letters: ${'W'.repeat(300)}`] },
};

const q = (s) => JSON.stringify(s);

function siteYaml(id, v) {
  const o = { ...ORG, host: `${id}.verein.example.org`, ...v };
  const both = (pair) => `{ de: ${q(pair[0])}, en: ${q(pair[1])} }`;
  return `site: ${id}
base_url: https://${o.host}${o.base ?? '/j'}
origins: [https://${o.host}]
languages: [de, en]
${o.du ? 'address: du' : ''}
controller:
  name: ${q(o.name)}
  represented_by: ${q(o.by)}
  address: ${o.address}
  country: DE
  state: BE
  email: datenschutz@verein.example.org
  imprint: https://${o.host}/impressum
dpo: none
purposes:
  news: { channel: email, title: ${both(o.title)}, content: ${both(o.content)}, frequency: { de: monatlich, en: monthly } }
  rides: { channel: email, title: { de: Ausfahrten, en: Rides }, content: { de: Ausfahrten, en: rides }, frequency: { de: wöchentlich, en: weekly } }
forms:
  news: { purposes: [${id === 'plain' || id === 'du' ? 'news' : 'news, rides'}] }
mail:
  from: { name: ${q(o.from)}, email: post@verein.example.org }
  ${id === 'umlaut' ? 'reply_to: antwort@verein.example.org' : ''}
  route: [dir]
  dir: { path: ../mails }
hosting: self
retention: { unconfirmed: 7d, deny_block: 30d }
links: { confirm: 48h, rights: 15m }
look: { accent: "#17604f" }
mode: live
`;
}

/** Is this a mail that most people get: usual names, usual values? */
export const usual = (m) => (m.site === 'plain' || m.site === 'du') && m.values === 'usual';

/** [{ name, site, kind, lang, values, file, bytes (Buffer), meant }], and the folder, which goes with the process. */
export function makeMails() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-mails-'));
  process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
  const out = path.join(dir, 'out');
  fs.mkdirSync(path.join(dir, 'sites'));
  fs.mkdirSync(out);
  fs.writeFileSync(path.join(dir, 'jawort.yaml'), 'data: data\nkeys: keys\nsites: sites/*.yaml\n');
  for (const [id, v] of Object.entries(SITES)) fs.writeFileSync(path.join(dir, 'sites', `${id}.yaml`), siteYaml(id, v));
  run(mailset, [path.join(dir, 'jawort.yaml'), out]);
  const mails = fs.readdirSync(out).filter((f) => f.endsWith('.eml')).sort().map((f) => {
    const [site, kind, lang, values] = f.split('.');
    const file = path.join(out, f);
    return { name: f.slice(0, -4), site, kind, lang, values, file, bytes: fs.readFileSync(file),
      meant: JSON.parse(fs.readFileSync(file.replace(/eml$/, 'json'), 'utf8')) };
  });
  assert.equal(mails.length, Object.keys(SITES).length * 2 * KINDS.length * 2, 'every kind, language and set of values');
  return { dir, mails };
}

export function run(program, args) {
  const r = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 256 << 20, env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  if (r.error) throw r.error;
  assert.equal(r.status, 0, `${program}: ${r.stderr}`);
  return r.stdout;
}

/** Findings as a list that can be read. */
export function none(found) {
  if (found.length) assert.fail(`${found.length} findings:\n  ${found.slice(0, 40).join('\n  ')}`);
}

/** A copy of a mail with other bytes, for control runs. from must be there. */
export function planted(m, dir, name, from, to) {
  const text = m.bytes.toString('latin1');
  assert.ok(typeof from === 'string' ? text.includes(from) : from.test(text), `${name}: "${from}" is not in the mail`);
  const file = path.join(dir, `planted-${name}.eml`);
  const bytes = Buffer.from(text.replace(from, to), 'latin1');
  fs.writeFileSync(file, bytes);
  return { ...m, name: `planted-${name}`, file, bytes };
}
