// The privacy notice as others use it: every format with its validator, every version, the difference, in
// somebody else's page by script, frame and nginx's SSI.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { browserStart, start, until } from './lib.mjs';
import { firmSite, newNotice } from './pages.mjs';

let s, owner, browser;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const early = firmSite.replace('logs: 7d', 'logs: 14d').replace('dpo: {', '# dpo: {');

before(async () => {
  owner = http.createServer((req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    res.end(`<!doctype html><html lang="de"><title>x</title><iframe src="${s.url}/firm/n?frame&amp;lang=de" title="Datenschutz" width="600" height="150"></iframe>`
      + `<script type="module" src="${s.url}/firm/jawort.js"></script>`);
  });
  await new Promise((done) => owner.listen(0, '127.0.0.1', done));
  const listed = (text) => text.replace('origins: [', `origins: [http://127.0.0.1:${owner.address().port}, `);
  s = await start({ extraSites: { 'firm.yaml': listed(early) } });
  await newNotice(s, listed(firmSite));
  browser = await browserStart();
});
after(async () => {
  await browser?.close();
  owner?.close();
  await s?.stop();
});

describe('formats', () => {
  const types = { '/n': 'text/html', '/n.html': 'text/html', '/n.md': 'text/markdown', '/n.txt': 'text/plain', '/n.json': 'application/json' };
  for (const lang of ['de', 'en'])
    for (const [at, type] of Object.entries(types))
      test(`${at} ${lang}`, async () => {
        const { hash } = JSON.parse((await s.get(`/firm/n.json?lang=${lang}`)).body);
        const r = await s.get(`/firm${at}?lang=${lang}`, { Origin: 'https://anybody.example' });
        assert.equal(r.status, 200);
        assert.equal(r.headers['content-type'], `${type}; charset=utf-8`);
        assert.equal(r.headers['content-language'], lang);
        assert.equal(r.headers['access-control-allow-origin'], '*');
        assert.ok(r.headers.etag.startsWith(`"${hash}`), r.headers.etag);
        const again = await s.get(`/firm${at}?lang=${lang}`, { 'If-None-Match': r.headers.etag });
        assert.deepEqual([again.status, again.body], [304, '']);
        assert.equal((await s.get(`/firm${at}`, { 'Accept-Language': lang })).body, r.body);
        assert.match(r.body, /Mailjet SAS/);
        assert.match(r.body, at === '/n.html' ? /jawort/ : new RegExp(hash));
      });

  test('the fragment is what is hashed', async () => {
    const r = await s.get('/firm/n.html?lang=de');
    assert.equal(r.headers.etag, `"${sha256(r.bytes)}"`);
  });

  test('JSON keeps to the published schema, and the schema refuses what is wrong', async () => {
    const schema = JSON.parse((await s.get('/firm/n.schema.json')).body);
    const ajv = new Ajv2020({ strict: true, strictRequired: false });
    addFormats(ajv);
    const valid = ajv.compile(schema);
    const seen = {};
    for (const site of ['firm', 'j'])
      for (const lang of ['de', 'en']) {
        const doc = JSON.parse((await s.get(`/${site}/n.json?lang=${lang}`)).body);
        assert.ok(valid(doc), JSON.stringify(valid.errors));
        const ids = doc.sections.flatMap((x) => x.rows.map((r) => r.id));
        assert.equal(new Set(ids).size, ids.length);
        for (const list of Object.values(doc.art13)) for (const id of list) assert.ok(ids.includes(id), id);
        assert.deepEqual(seen[site] ??= ids, ids, 'the same names in both languages');
        assert.ok(!valid({ ...doc, hash: 'x' }) && !valid({ ...doc, more: 1 }));
        delete doc.art13['2d'];
        assert.ok(!valid(doc));
      }
    assert.ok(seen.firm.includes('n17.processor:mailjet') && seen.firm.includes('n05.news:tips'));
  });
});

describe('versions', () => {
  test('the list leads to all of them, and each to its stored bytes', async () => {
    const list = await s.get('/firm/n/versions?lang=de');
    const hashes = [...list.body.matchAll(/firm\/n\/v\/([0-9a-f]{64})"/g)].map((m) => m[1]);
    assert.equal(hashes.length, 2);
    assert.match(list.body, /gilt jetzt/);
    for (const [i, hash] of hashes.entries()) {
      const raw = await s.get(`/firm/n/v/${hash}.html`);
      assert.equal(sha256(raw.bytes), hash);
      const page = await s.get(`/firm/n/v/${hash}`);
      assert.ok(page.body.includes(raw.body.trim()), 'byte for byte in the page');
      assert.match(page.body, i === 0 ? /gilt seit dem/ : /gilt nicht mehr/);
      assert.equal((await s.get(`/firm/n/v/${hash.slice(0, 12)}`)).body, page.body, 'a short hash will do');
      const r = await s.get(`/firm/n/v/${hash}`, { 'If-None-Match': page.headers.etag });
      assert.equal(r.status, 304);
    }
    assert.equal(sha256((await s.get('/firm/n.html?lang=de')).bytes), hashes[0]);
  });

  test('the difference says what changed, in words', async () => {
    const de = (await s.get('/firm/n/diff?lang=de')).body, en = (await s.get('/firm/n/diff?lang=en')).body;
    assert.match(de, /<b>Vorher:<\/b>[^]*<del> 14<\/del>[^]*<b>Jetzt:<\/b>[^]*<ins> 7<\/ins>/);
    assert.match(de, /<b>Neu:<\/b>[^]*dsb@firma\.example\.org/);
    assert.match(en, /<b>Before:<\/b>[^]*<del> 14<\/del>[^]*<b>Now:<\/b>[^]*<ins> 7<\/ins>/);
    assert.ok(!/Mailjet/.test(de), 'what stayed is not repeated');
    const hashes = [...(await s.get('/firm/n/versions?lang=de')).body.matchAll(/firm\/n\/v\/([0-9a-f]{64})"/g)].map((m) => m[1]);
    const back = (await s.get(`/firm/n/diff?from=${hashes[0]}&to=${hashes[1]}`)).body;
    assert.match(back, /<del> 7<\/del>[^]*<ins> 14<\/ins>/);
    assert.match((await s.get(`/firm/n/diff?from=${hashes[0]}&to=${hashes[0]}`)).body, /steht dasselbe/);
  });

  test('what does not exist is not found', async () => {
    const en = /firm\/n\/v\/([0-9a-f]{64})"/.exec((await s.get('/firm/n/versions?lang=en')).body)[1];
    const de = /firm\/n\/v\/([0-9a-f]{64})"/.exec((await s.get('/firm/n/versions?lang=de')).body)[1];
    for (const at of ['v/', 'v/ab', `v/${'0'.repeat(64)}`, `v/${'0'.repeat(66)}`, 'v/xyzxyzxyzxyz', `v/${'0'.repeat(64)}.html`,
      'diff?from=zz', `diff?to=${'1'.repeat(64)}`, `diff?from=${de}&to=${en}`])
      assert.equal((await s.get(`/firm/n/${at}`)).status, 404, at);
    assert.equal((await s.get('/firm/n/versions?before=x')).status, 400);
    assert.equal((await s.get('/firm/n/versions?before=1')).status, 200);
    assert.equal((await s.post('/firm/n/versions', { a: 'b' })).status, 405);
  });
});

describe('in other pages', () => {
  test('a frame grows to its content; no other page may show it', async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${owner.address().port}/`);
    await page.frameLocator('iframe').locator('#objection').waitFor();
    await until('a higher frame', 5000, () => page.locator('iframe').evaluate((f) => f.clientHeight > 2000));
    await page.close();
    const r = await s.get('/firm/n?frame&lang=de');
    assert.match(r.headers['content-security-policy'], new RegExp(`frame-ancestors 'self' http://127\\.0\\.0\\.1:${owner.address().port}`));
    assert.match((await s.get('/firm/n?lang=de')).headers['content-security-policy'], /frame-ancestors 'none'/);
  });

  test('nginx puts it in by SSI', async () => {
    const file = path.join(s.dir, 'nginx.conf');
    const conf = fs.readFileSync(file, 'utf8');
    const root = path.join(s.dir, 'ssi');
    fs.mkdirSync(root, { mode: 0o755 });
    fs.writeFileSync(path.join(root, 'privacy.html'), '<!doctype html><title>x</title><main><!--# block name="n" --><a href="/firm/n">x</a><!--# endblock --><!--# include virtual="/firm/n.html?lang=de" stub="n" --><!--# include virtual="/firm/s/all?fragment&lang=de" --></main>');
    fs.writeFileSync(file, conf.replace(/(\n\s*server \{)/, `$1\n        location /ssi/ { alias ${root}/; ssi on; }`));
    process.kill(Number(fs.readFileSync(path.join(s.dir, 'tmp/nginx.pid'), 'utf8')), 'SIGHUP');
    const fragment = (await s.get('/firm/n.html?lang=de')).body + (await s.get('/firm/s/all?fragment&lang=de')).body;
    // Workers of before answer some requests still.
    let page;
    await until('nginx with SSI', 5000, async () => (page = await s.get('/ssi/privacy.html')).status === 200);
    assert.equal(page.body, `<!doctype html><title>x</title><main>${fragment}</main>`);
  });
});

describe('build time', () => {
  const notice = (...args) => s.jawort('notice', ...args);
  const build = (name) => path.join(s.dir, 'built', name);

  test('every format holds the mark of its version, and the same bytes each time', async () => {
    fs.mkdirSync(path.join(s.dir, 'built/sub'), { recursive: true });
    for (const lang of ['de', 'en'])
      for (const [format, file] of Object.entries({ fragment: 'a.html', html: 'sub/b.html', md: 'c.md', txt: 'd.txt', json: 'e.json' })) {
        const r = notice('export', '--site', 'firm', '--lang', lang, '--format', format, '-o', build(`${lang}-${file}`.replace(/^(..)-sub\//, 'sub/$1-')));
        assert.deepEqual([r.code, r.out, r.err], [0, '', '']);
        const out = notice('export', '--site', 'firm', '--lang', lang, '--format', format).out;
        const { hash } = JSON.parse((await s.get(`/firm/n.json?lang=${lang}`)).body);
        assert.ok(out.includes(`jawort-notice:firm:${lang}:${hash}`), format);
        assert.equal(out.match(/jawort-notice/g).length, 1);
      }
    const fragment = notice('export', '--site', 'firm', '--lang', 'de').out;
    assert.equal(fragment.replace(/ data-version="[^"]*"/, ''), (await s.get('/firm/n.html?lang=de')).body);
    const schema = JSON.parse((await s.get('/firm/n.schema.json')).body);
    const ajv = new Ajv2020();
    addFormats(ajv);
    assert.ok(ajv.validate(schema, JSON.parse(fs.readFileSync(build('de-e.json')))), JSON.stringify(ajv.errors));
  });

  test('a built site that is current, one that is not, and one without any', async () => {
    fs.writeFileSync(build('form.html'), (await s.get('/firm/s/all?fragment&lang=en')).body.replaceAll('"', ''));
    let r = notice('check', path.join(s.dir, 'built'));
    assert.deepEqual([r.code, r.err], [0, ''], r.out);
    assert.match(r.out, /11 files, 10 exported notices, 1 pasted forms, 0 out of date/);
    const site = path.join(s.dir, 'conf/sites/firm.yaml'), text = fs.readFileSync(site, 'utf8');
    fs.writeFileSync(site, text.replace('neue Geräte', 'alte Geräte').replace('new devices', 'old devices'));
    fs.appendFileSync(build('de-c.md'), '\n\njawort-notice:gone:de:' + '0'.repeat(64));
    r = notice('check', path.join(s.dir, 'built'));
    assert.equal(r.code, 3);
    const found = r.out.split('\n').filter((l) => /: (notice|form) /.test(l));
    assert.equal(found.length, 12, r.out);
    const lines = fs.readFileSync(build('de-c.md'), 'utf8').split('\n');
    assert.ok(found.some((l) => l.startsWith(`${build('de-c.md')}:${lines.findIndex((x) => /firm:de/.test(x)) + 1}: notice firm:de: out of date`)), r.out);
    assert.ok(found.some((l) => /: notice gone:de: no such site/.test(l)));
    assert.ok(found.some((l) => /form\.html:\d+: form all: the wording/.test(l)));
    const json = JSON.parse(notice('check', path.join(s.dir, 'built'), '--json').out);
    assert.deepEqual([json.files, json.notices, json.forms, json.findings.length], [11, 11, 1, 12]);
    fs.writeFileSync(site, text);
    fs.mkdirSync(path.join(s.dir, 'empty'));
    r = notice('check', path.join(s.dir, 'empty'));
    assert.equal(r.code, 3);
    assert.match(r.out, /Nothing of Jawort was found/);
    assert.equal(notice('check', path.join(s.dir, 'nowhere')).code, 1);
    assert.equal(notice('check').code, 2);
    assert.equal(notice('export', '--site', 'firm', '--format', 'pdf').code, 1);
  });
});

describe('before it takes effect', () => {
  const notice = (...args) => s.jawort('notice', ...args, '--site', 'firm', '--lang', 'de');

  test('where each sentence comes from', () => {
    const r = notice('show', '--why');
    assert.equal(r.code, 0, r.err);
    const block = (id) => r.out.split(/\n(?=\S)/).find((b) => b.startsWith(`${id}\n`));
    const site = fs.readFileSync(path.join(s.dir, 'conf/sites/firm.yaml'), 'utf8').split('\n');
    const line = (text) => site.findIndex((l) => l.includes(text)) + 1;
    assert.match(block('n17.processor:mailjet'), new RegExp(`row N17, law: 13\\(1\\)\\(e\\); 28[^]*processors\\.mailjet\\.contract_party  \\S+firm\\.yaml:${line('contract_party')}\n`));
    assert.match(block('n25.complaint'), /data\/authorities\.txt \[deberlbdi\], as of 20\d\d-/);
    assert.match(block('n21.periods'), new RegExp(`retention\\.logs  \\S+:${line('retention: {')}`));
    assert.match(block('n05.news:tips'), /purposes\.tips\.content\.de/);
    assert.doesNotMatch(block('n05.news:tips'), /purposes\.news\./);
    // A key belongs to the sentence in which its value stands, also as words.
    assert.match(block('n07.check'), new RegExp(`"Er gilt 48 Stunden\\."\n {8}links\\.confirm  \\S+(:${line('links:')}|default)\n {4}"`));
    assert.match(r.out, /\n {4}"So geht es: [^"\n]+ \(Art\. 21 DSGVO\)\."\n {8}(?:base_url {2}\S+\n {8})?controller\.email {2}/);
  });

  test('where each sentence comes from, for machines: the same words as the notice, each of them once', () => {
    for (const lang of ['de', 'en']) {
      const why = JSON.parse(s.jawort('notice', 'show', '--why', '--json', '--site', 'firm', '--lang', lang).out);
      const shown = JSON.parse(s.jawort('notice', 'show', '--json', '--site', 'firm', '--lang', lang).out);
      const rows = new Map(shown.sections.flatMap((x) => x.rows).map((r) => [r.id, r]));
      assert.equal(why.blocks.length, rows.size);
      for (const b of why.blocks) {
        assert.equal(b.sentences.map((x) => x.text).join(' ').replace(/\s+/g, ' '), rows.get(b.id).text.replace(/\s+/g, ' ').trim(), b.id);
        assert.equal(b.law, rows.get(b.id).articles);
        for (const x of b.sentences) for (const k of x.keys) assert.match(k.key, /^[a-z_.[\]0-9-]+$/i);
      }
      const firm = why.blocks.find((b) => b.id === 'n17.processor:mailjet');
      assert.ok(firm.title.keys.some((k) => k.key === 'processors.mailjet.contract_party' && k.line > 0), firm.title.text);
      assert.equal(firm.title.text, rows.get(firm.id).title);
      assert.ok(!JSON.stringify(firm).includes('"hosting.'), 'nothing of another firm');
      assert.ok(why.blocks.find((b) => b.id === 'n25.complaint').data[0].as_of);
    }
  });

  test('what a change means for people', () => {
    assert.match(notice('diff').out, /is that of this configuration/);
    assert.equal(notice('diff').code, 0);
    const file = path.join(s.dir, 'conf/sites/firm.yaml'), text = fs.readFileSync(file, 'utf8');
    const changed = (from, to) => {
      assert.ok(text.includes(from), from);
      fs.writeFileSync(file, text.replace(from, to));
      const r = notice('diff'), json = JSON.parse(notice('diff', '--json').out);
      fs.writeFileSync(file, text);
      assert.equal(r.code, 3, r.err);
      return { out: r.out, json };
    };
    const phone = changed('represented_by:', 'phone: "030 1"\n  represented_by:');
    assert.equal(phone.json.duty, 'none');
    assert.match(phone.out, /controller\.phone \(\S+firm\.yaml:\d+\), rows N1\n {2}- \(not there\)\n {2}\+ 030 1[^]*Nobody has to be told/);
    const logs = changed('logs: 7d', 'logs: 90d');
    assert.equal(logs.json.duty, 'tell');
    assert.match(logs.out, / {2}- Protokolle der Server 7 Tage\n {2}\+ Protokolle der Server 90 Tage[^]*Tell the people on the list/);
    const content = changed('neue Geräte und Termine', 'Werbung');
    assert.equal(content.json.duty, 'consent');
    assert.deepEqual(content.json.keys.map((k) => [k.key, k.rows, k.duty]), [['purposes.news.content.de', 'N5', 'consent']]);
    assert.match(content.out, /Ask for consent anew/);
  });
});
