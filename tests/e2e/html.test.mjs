// Every page is valid HTML (vnu: no errors, no warnings), and so is every mail, but for the attributes that
// HTML has given up and mail programs have not (warnings "obsolete").
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { none, program, root } from './lib.mjs';
import { collect, whole } from './pages.mjs';

const jar = path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_modules/vnu-jar/build/dist/vnu.jar');
let all;

before(async () => { all = await collect(); });
after(async () => { await all?.service.stop(); });

function validate(dir) {
  const r = spawnSync('java', ['-Xshare:auto', '-jar', jar, '--format', 'json', '--exit-zero-always', '--skip-non-html', dir],
    { encoding: 'utf8', maxBuffer: 64 << 20 });
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stderr).messages;
}

test('every page and mail is valid HTML', () => {
  const dir = path.join(all.service.dir, 'html');
  fs.mkdirSync(dir);
  const files = all.pages.map((p) => [`${p.lang}-${p.name.replace(/\W+/g, '-')}.html`, whole(p)]);
  all.mails.forEach((m, i) => files.push([`mail-${i}.html`, m.html]));
  for (const [name, text] of files) fs.writeFileSync(path.join(dir, name), text);
  assert.ok(files.length > 50, `${files.length} pages`);
  const found = validate(dir)
    .filter((m) => !(/mail-\d+\.html$/.test(m.url) && /is obsolete/.test(m.message)))
    .map((m) => `${path.basename(m.url)}:${m.lastLine}: ${m.subType ?? m.type}: ${m.message} | ${m.extract?.trim()}`);
  none(found);
});

// The records are printed by the command line, from the configurations of the golden files.
test('every record is valid HTML', () => {
  const dir = path.join(all.service.dir, 'records');
  fs.mkdirSync(dir);
  const conf = path.join(root, 'tests/golden/conf/jawort.yaml');
  const calls = ['club', 'firm', 'world', 'site', 'portal'].flatMap((site) => [['--site', site], ['--tia', '--site', site]]);
  calls.push(['--host'], ['--avv', '--site', 'firm']);
  for (const lang of ['de', 'en']) {
    for (const call of calls) {
      const r = spawnSync(program, ['ropa', '-c', conf, '--lang', lang, ...call], { encoding: 'utf8', maxBuffer: 8 << 20 });
      assert.equal(r.status, 0, r.stderr);
      fs.writeFileSync(path.join(dir, `${lang}${call.join('')}.html`), r.stdout);
    }
  }
  none(validate(dir).map((m) => `${path.basename(m.url)}:${m.lastLine}: ${m.subType ?? m.type}: ${m.message}`));
});

test('the validator sees an error where there is one', () => {
  const dir = path.join(all.service.dir, 'bad');
  fs.mkdirSync(dir);
  fs.writeFileSync(path.join(dir, 'bad.html'), '<!doctype html><html lang="de"><title>x</title><p><div></p>');
  assert.notEqual(validate(dir).length, 0);
});
