// jawort notice scan as a person calls it: exit codes, places, JSON, and many pages at once. No browser, no network.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const program = path.resolve(root, process.env.JAWORT ?? 'build-asan/jawort');
const conf = path.join(root, 'tests/golden/conf/jawort.yaml');
const PAGES = Number(process.env.SCAN_PAGES ?? 2000);
const LIMIT_MS = Number(process.env.SCAN_MS ?? 60000);
let dir;

before(() => { dir = fs.mkdtempSync(path.join(os.tmpdir(), 'scan-')); });
after(() => { fs.rmSync(dir, { recursive: true }); });

function site(files) {
  const at = fs.mkdtempSync(path.join(dir, 's-'));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(at, name)), { recursive: true });
    fs.writeFileSync(path.join(at, name), text);
  }
  return at;
}

function scan(at, ...more) {
  return spawnSync(program, ['notice', 'scan', at, '-c', conf, '--site', 'site', ...more], { encoding: 'utf8', maxBuffer: 1 << 28 });
}

const FITS = '<!doctype html><title>x</title><p>Tel. 0221 1234567 <a href="mailto:a@b.example">Mail</a>'
  + '<a href="https://mastodon.social/@x">M</a><a href="https://www.instagram.com/x">I</a>';

test('a website that its notice fits, but for the film that no page shows', () => {
  const r = scan(site({ 'index.html': FITS }));
  assert.equal(r.status, 3);
  assert.match(r.stdout, /sites\/site\.yaml:\d+:\d+: needless-embed W6: website\.embeds\.film /);
  assert.match(r.stdout, /^1 pages, 0 style sheets, 0 scripts: 1 findings$/m);
});

test('findings have file, line and column, in both languages', () => {
  const at = site({ 'a/b.html': `${FITS}\n<iframe src="https://www.youtube.com/embed/x"></iframe>` });
  assert.match(scan(at).stdout, /\/a\/b\.html:2:9: at-once W6: www\.youtube\.com \(YouTube\) loads as soon as/);
  assert.match(scan(`${at}/`, '--lang', 'de').stdout, /\/a\/b\.html:2:9: at-once W6: www\.youtube\.com \(YouTube\) lädt schon/);
});

test('JSON for machines', () => {
  const r = scan(site({ 's.css': '@import "//fonts.googleapis.com/css";' }), '--json');
  const j = JSON.parse(r.stdout);
  assert.equal(r.status, 3);
  assert.deepEqual(j.files, { html: 0, css: 1, js: 0, unread: 0 });
  assert.equal(j.seen[0].module, 'google-fonts');
  const f = j.findings.find((x) => x.finding === 'fonts');
  assert.deepEqual(f.place, { file: 's.css', line: 1, column: 9 });
  assert.ok(f.de && f.en && !f.needless);
});

test('no folder, no word', () => {
  assert.equal(scan(path.join(dir, 'nowhere')).status, 1);
  assert.equal(spawnSync(program, ['notice', 'scan', '-c', conf]).status, 2);
});

test(`${PAGES} pages`, () => {
  const text = '<p>Lorem ipsum dolor sit amet, <a href="/a/">link</a> <em>consetetur</em> sadipscing elitr, sed diam nonumy.</p>\n'.repeat(50);
  const files = {};
  for (let i = 0; i < PAGES; i++) files[`${i % 100}/${i}.html`] = `${FITS}<script src="https://cdn.jsdelivr.net/x.js"></script>${text}`;
  const at = site(files);
  const start = Date.now();
  const r = scan(at, '--json');
  const took = Date.now() - start;
  const f = JSON.parse(r.stdout).findings.find((x) => x.finding === 'files');
  assert.equal(f.count, PAGES);
  assert.ok(took < LIMIT_MS, `${took} ms`);
});
