// What is left of a person after an erasure: nothing, in no file and in no spelling. nginx, serve and worker live a whole
// life with somebody, who is erased while they run; then every byte they wrote is searched. Mails that the try-out provider
// `dir` wrote are the mailbox of that person and not ours; they show that the search would find what is there.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';
import { HOST, Service, at, formOf, site, until } from './lib.mjs';
import { freePort, nginxStart } from './nginx.mjs';

const LOCAL = 'zerlinda.quark', NAME = 'Quärkinger-Ödland', FIRST = 'Zerlindaline', IP = '127.83.197.161';

// ---- spellings

const base64 = (bytes, shift) => {
  // without the characters that depend on what stands beside it
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '');
  return text.slice([0, 2, 3][shift], Math.floor(((shift + bytes.length) * 8) / 6));
};
const bytesAs = (bytes, each) => [...bytes].map((b) => each(b.toString(16).padStart(2, '0'), b)).join('');
const plainly = (b) => (b >= 0x30 && b <= 0x39) || (b >= 0x41 && b <= 0x5a) || (b >= 0x61 && b <= 0x7a) || b === 0x2d || b === 0x2e;

/** {spelling: bytes}; those in letters of either case are written in small ones, see found(). */
function spellings(text) {
  const utf8 = Buffer.from(text), wide = Buffer.from(text, 'utf16le'), out = {
    'UTF-8': utf8, 'Latin-1': Buffer.from(text, 'latin1'), 'UTF-16LE': wide, 'UTF-16BE': Buffer.from(wide).swap16(),
    hex: bytesAs(utf8, (h) => h), 'hex of UTF-16': bytesAs(wide, (h) => h),
    'quoted-printable': bytesAs(utf8, (h, b) => (plainly(b) ? String.fromCharCode(b) : `=${h}`)), 'quoted-printable, each byte': bytesAs(utf8, (h) => `=${h}`),
    'quoted-printable of text': bytesAs(utf8, (h, b) => (b > 0x20 && b < 0x7f && b !== 0x3d ? String.fromCharCode(b) : `=${h}`)),
    percent: encodeURIComponent(text), 'percent, each byte': bytesAs(utf8, (h) => `%${h}`), JSON: JSON.stringify(text).slice(1, -1).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    HTML: text.replace(/[^ -~]/g, (c) => `&#${c.charCodeAt(0)};`),
  };
  for (const [k, v] of Object.entries(out)) out[k] = { small: Buffer.from(Buffer.from(v).toString('latin1').replace(/[A-Z]/g, (c) => c.toLowerCase()), 'latin1') };
  for (const [of, bytes] of [['', utf8], [' of UTF-16', wide]])
    for (const shift of [0, 1, 2]) {
      out[`base64${of}, ${shift}`] = { exact: Buffer.from(base64(bytes, shift)) };
      out[`base64url${of}, ${shift}`] = { exact: Buffer.from(base64(bytes, shift).replaceAll('+', '-').replaceAll('/', '_')) };
    }
  return out;
}
/** Names of the spellings of a text that are in these bytes. */
function found(bytes, text) {
  const small = Buffer.from(bytes.toString('latin1').replace(/[A-Z]/g, (c) => c.toLowerCase()), 'latin1');
  return Object.entries(spellings(text)).filter(([, v]) => (v.exact ? bytes.includes(v.exact) : small.includes(v.small))).map(([k]) => k);
}

function filesOf(dir, out = []) {
  for (const e of fs.readdirSync(dir, { withFileTypes: true })) {
    const p = path.join(dir, e.name);
    if (e.isDirectory()) filesOf(p, out);
    else if (e.isFile()) out.push(p);
  }
  return out;
}
/** "file: text as spelling", of all files but the mails. */
function search(s, texts, skip = ['mails', 'before']) {
  const out = [], files = filesOf(s.dir).filter((f) => !skip.includes(path.relative(s.dir, f).split(path.sep)[0]));
  for (const f of files) {
    const bytes = fs.readFileSync(f);
    for (const t of texts) for (const as of found(bytes, t)) out.push(`${path.relative(s.dir, f)}: ${t} as ${as}`);
  }
  return { out, files: files.map((f) => path.relative(s.dir, f)) };
}

test('control: the search finds every spelling, in any case and at any place', () => {
  for (const text of [`${LOCAL}@mailbox.example`, LOCAL, NAME, IP])
    for (const [as, v] of Object.entries(spellings(text))) {
      const bytes = v.exact ?? Buffer.from(v.small.toString('latin1').replace(/[a-z]/g, (c) => c.toUpperCase()), 'latin1');
      assert.ok(found(Buffer.concat([Buffer.from('\u0000x'), bytes, Buffer.from('y')]), text).includes(as), `${text} as ${as}`);
    }
  // and as other programs write them
  const mail = `${LOCAL}@mailbox.example`;
  assert.ok(found(Buffer.from(`To: =?utf-8?q?Qu=C3=A4rkinger-=C3=96dland?=`), NAME).includes('quoted-printable'));
  for (const n of [0, 1, 2, 3, 4]) assert.ok(found(Buffer.from(Buffer.from(`${'x'.repeat(n)}${mail}, and more`).toString('base64')), mail).some((x) => x.startsWith('base64')), `${n}`);
});

// ---- a life

const services = [];
after(async () => { for (const [s, nginx] of services) { nginx?.kill('SIGKILL'); await nginx?.ended; await s.remove(); } });

function web(port, method, uri, fields) {
  const body = fields ? new URLSearchParams(fields).toString() : '';
  return new Promise((done, failed) => {
    const r = http.request({ host: '127.0.0.1', port, method, path: uri, localAddress: IP, agent: false, headers: { Host: HOST, 'User-Agent': 'residue',
      ...(fields ? { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) } : {}) } }, (res) => {
      const parts = [];
      res.on('data', (d) => parts.push(d));
      res.on('end', () => done({ status: res.statusCode, body: Buffer.concat(parts).toString() }));
    });
    r.on('error', failed);
    r.end(body);
  });
}

async function life(address, erase) {
  const s = new Service({ sites: { club: site('club', 'evidence: { ip: full, anchor_mail: none }\n') } });
  const journal = path.join(s.dir, 'journal'), port = await freePort(), next = `neu.${address}`;
  const texts = [address, LOCAL, NAME, FIRST, IP, next];
  fs.mkdirSync(journal);
  fs.appendFileSync(s.conf, `backup: { journal: ${journal} }\n`);
  await s.start();
  const nginx = nginxStart(s, port);
  services.push([s, nginx]);
  await until('nginx', 10_000, () => web(port, 'GET', '/club/s/news').catch(() => null));
  const good = async (status, method, uri, fields) => { const r = await web(port, method, uri, fields); assert.equal(r.status, status, `${uri}: ${r.body.slice(0, 400)}`); return r; };
  const form = await good(200, 'GET', `/club/s/news?lang=de&email=${encodeURIComponent(address)}&first_name=${encodeURIComponent(FIRST)}`);
  const fields = { ...Object.fromEntries(formOf(form.body).fields), email: address, first_name: FIRST, last_name: NAME };
  await good(422, 'POST', '/club/s/news', { ...fields, email: `${address}@` });
  await good(303, 'POST', '/club/s/news', fields);
  const mail = await s.mail(address);
  await good(404, 'GET', `${at(mail.confirm)}/${encodeURIComponent(address)}`);
  await good(200, 'POST', at(mail.confirm), { action: 'confirm' });
  // Pages of Jawort are not in nginx's log; those of the owner are, as they were asked for, with the address masked.
  await good(200, 'GET', '/site.css');
  await good(303, 'POST', '/club/my', { email: address });
  const hub = await until('the link', 20_000, () => s.mails().find((m) => m.to.includes(address) && m.hub));
  const held = await good(200, 'GET', at(hub.hub));
  for (const t of [address, NAME, FIRST, IP]) assert.ok(held.body.includes(t), `held: ${t}`);
  for (const format of ['json', 'csv']) assert.ok((await good(200, 'POST', at(hub.hub), { action: 'export', format })).body.includes(FIRST), format);
  let r = s.jawort('person', 'rectify', address, `last_name=${NAME} zu ${FIRST}`, '--yes');
  assert.equal(r.code, 0, r.err);
  r = s.jawort('person', 'rectify', address, `email=${next}`, '--yes');
  assert.equal(r.code, 0, r.err);
  await s.mail(next);
  await s.quietOf('club');
  // Yesterday's copy.
  await s.end();
  fs.cpSync(path.join(s.dir, 'data'), path.join(s.dir, 'before/data'), { recursive: true });
  await s.start();

  // Control: a file with all spellings, and the person's own mailbox.
  fs.writeFileSync(path.join(s.dir, 'data/planted'), Buffer.concat(texts.flatMap((t) => Object.values(spellings(t)).flatMap((v) => [v.exact ?? v.small, Buffer.from('\n')]))));
  const planted = search(s, texts).out.filter((x) => x.startsWith('data/planted: '));
  assert.deepEqual(planted, texts.flatMap((t) => Object.keys(spellings(t)).map((as) => `data/planted: ${t} as ${as}`)));
  fs.rmSync(path.join(s.dir, 'data/planted'));
  assert.ok(search(s, texts, ['data']).out.some((x) => x.startsWith('mails/')));

  await erase(s, hub);
  await until('the certificate', 20_000, () => s.mails().find((m) => m.to.includes(address) && /gelöscht/i.test(m.subject)));
  await s.quietOf('club');
  assert.equal(s.person(address), null);
  await good(303, 'POST', '/club/my', { email: 'somebody.else@mailbox.example' });
  const clean = (when) => {
    const { out, files } = search(s, texts);
    for (const f of ['data/club/data.db', 'data/club/keys.db', 'journal/club.journal', 'serve.log', 'worker.log', 'access.log', 'error.log', ...when])
      assert.ok(files.includes(f), `${f} was searched: ${files}`);
    assert.ok(files.some((f) => f.endsWith('budget.db')), `${files}`);
    assert.deepEqual(out, []);
  };
  clean(['data/club/data.db-wal', 'data/club/data.db-shm', 'data/club/keys.db-wal']);
  await s.end();
  nginx.kill('SIGQUIT'); // its log has a buffer
  assert.equal(await nginx.ended, 0);
  clean([]);
  const access = fs.readFileSync(path.join(s.dir, 'access.log'), 'utf8');
  assert.match(access, /^127\.83\.197\.0 .*\/site\.css/m, 'a log that says something, masked');
  return { s, texts };
}

/** A site out of the data of before and keys of before or after; what the program says about somebody. */
function ask(s, folder, keys, address) {
  const to = path.join(s.dir, 'before', folder);
  fs.cpSync(path.join(s.dir, 'before/data'), path.join(to, 'data'), { recursive: true });
  fs.cpSync(path.join(s.dir, 'keys'), path.join(to, 'keys'), { recursive: true });
  fs.cpSync(path.join(s.dir, 'sites'), path.join(to, 'sites'), { recursive: true });
  if (keys === 'after')
    for (const f of fs.readdirSync(path.join(s.dir, 'data/club')).filter((x) => x.startsWith('keys.db'))) fs.cpSync(path.join(s.dir, 'data/club', f), path.join(to, 'data/club', f));
  fs.writeFileSync(path.join(to, 'jawort.yaml'), `data: data\nkeys: keys\nsites: sites/*.yaml\nlisten: unix:${path.join(to, 's')}\n`);
  const old = s.conf;
  s.conf = path.join(to, 'jawort.yaml');
  const said = {};
  for (const args of [['find', address, '--json'], ['export', address], ['evidence', address]]) {
    const r = s.jawort('person', ...args);
    said[args[0]] = { code: r.code, text: r.out + r.err };
  }
  s.conf = old;
  return said;
}

test('erased with the evidence, by the owner: nothing is left, and yesterday\'s data without yesterday\'s keys say nothing', { timeout: 180_000 }, async () => {
  const address = `${LOCAL}@mailbox.example`;
  const { s, texts } = await life(address, async (x) => { const r = x.jawort('person', 'erase', address, '--with-evidence', '--yes'); assert.equal(r.code, 0, r.err); });
  const old = ask(s, 'old', 'before', address);
  assert.equal(old.find.code, 0, old.find.text);
  for (const t of [NAME, FIRST, IP]) assert.ok(old.export.text.includes(t), `control, with the keys of before: ${t} in ${old.export.text.slice(0, 500)}`);
  const now = ask(s, 'new', 'after', address);
  for (const [verb, { code, text }] of Object.entries(now)) {
    assert.equal(code, 1, verb);
    assert.match(text, /key slot 1 is erased or was never made/, verb);
    for (const t of texts.filter((x) => x !== address && x !== LOCAL)) assert.deepEqual(found(Buffer.from(text), t), [], `${verb} shows ${t}`);
    // what was typed at the command line is not what was read
    assert.deepEqual(found(Buffer.from(text.replaceAll(address, '')), LOCAL), []);
  }
});

test('erased by the person, evidence kept: nothing can be read in any file', { timeout: 180_000 }, async () => {
  const address = `${LOCAL}@mailbox.example`;
  const { s } = await life(address, async (x, hub) => { const r = await x.post(at(hub.hub), { action: 'erase' }, { from: IP }); assert.equal(r.status, 200, r.raw.slice(0, 500)); });
  assert.equal(s.jawort('person', 'evidence', address).code, 0, 'the evidence is kept');
});
