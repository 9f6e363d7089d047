// What `make install` puts where, what systemd says about the units, and what serve and worker tell their manager.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = process.env.BUILD ?? 'build';
let dir, prefix;

function run(command, args, o = {}) {
  const r = spawnSync(command, args, { encoding: 'utf8', cwd: root, ...o });
  assert.equal(r.error, undefined, `${command}: ${r.error?.message}`);
  return { code: r.status, out: r.stdout + r.stderr };
}
const read = (file) => fs.readFileSync(file, 'utf8');

before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-units-'));
  fs.chmodSync(dir, 0o755);
  prefix = path.join(dir, 'opt');
  const r = run('make', ['--no-print-directory', `BUILD=${build}`, `PREFIX=${prefix}`, 'install']);
  assert.equal(r.code, 0, r.out);
});
after(() => fs.rmSync(dir, { recursive: true, force: true }));

test('the units name the program where it was installed, and systemd finds nothing to say', () => {
  const units = ['jawort.socket', 'jawort-serve.service', 'jawort-worker.service', 'jawort-backup.service'].map((u) => path.join(prefix, 'lib/systemd/system', u));
  for (const u of units.slice(1)) {
    assert.match(read(u), new RegExp(`^ExecStart=${prefix}/bin/jawort `, 'm'));
    assert.ok(!read(u).includes('/usr/local'), u);
  }
  units.push(path.join(prefix, 'lib/systemd/system/jawort-backup.timer'));
  const r = run('systemd-analyze', ['verify', '--man=no', ...units]);
  assert.equal(r.code, 0, r.out);
  assert.equal(r.out.trim(), '');
});

// Tenths, as systemd-analyze prints them; --threshold compares them times ten.
for (const [unit, most] of Object.entries({ 'jawort-serve': 0.5, 'jawort-worker': 1.3, 'jawort-backup': 0.6 }))
  test(`exposure of ${unit} is at most ${most}`, () => {
    const file = path.join(prefix, 'lib/systemd/system', `${unit}.service`);
    const r = run('systemd-analyze', ['security', '--offline=true', '--no-pager', `--threshold=${most * 10}`, file]);
    assert.equal(r.code, 0, r.out.split('\n').filter((l) => !l.startsWith('✓')).join('\n'));
    const level = Number(/exposure level for \S+: ([\d.]+)/.exec(r.out)[1]);
    assert.ok(level <= most, `${level}`);
  });

test('who has what: keys, provider keys, network, socket', () => {
  const unit = (u) => read(path.join(prefix, 'lib/systemd/system', u));
  const [serve, worker] = [unit('jawort-serve.service'), unit('jawort-worker.service')];
  const credentials = (text) => [...text.matchAll(/^LoadCredential=(\w+):/gm)].map((m) => m[1]);
  assert.deepEqual(credentials(serve), ['keys', 'hooks']);
  assert.deepEqual(credentials(worker), ['keys', 'provider']);
  assert.match(serve, /^PrivateNetwork=yes$/m);
  assert.match(serve, /^RestrictAddressFamilies=AF_UNIX$/m);
  assert.notEqual(/^User=(.*)/m.exec(serve)[1], /^User=(.*)/m.exec(worker)[1]);
  assert.equal(/^Group=(.*)/m.exec(serve)[1], /^Group=(.*)/m.exec(worker)[1]);
  assert.match(worker, /^InaccessiblePaths=.*-\/run\/jawort$/m);
  for (const text of [serve, worker]) assert.match(text, /^RestartSec=100ms$/m);
});

test('users and folders', (t) => {
  const r = path.join(dir, 'root');
  for (const d of ['etc', 'usr/lib/sysusers.d', 'usr/lib/tmpfiles.d']) fs.mkdirSync(path.join(r, d), { recursive: true });
  for (const kind of ['sysusers', 'tmpfiles']) fs.copyFileSync(path.join(prefix, `lib/${kind}.d/jawort.conf`), path.join(r, `usr/lib/${kind}.d/jawort.conf`));
  fs.writeFileSync(path.join(r, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  fs.writeFileSync(path.join(r, 'etc/group'), 'root:x:0:\n');
  const users = run('systemd-sysusers', [`--root=${r}`, 'jawort.conf']);
  assert.equal(users.code, 0, users.out);
  const rows = Object.fromEntries(read(path.join(r, 'etc/passwd')).trim().split('\n').map((l) => [l.split(':')[0], l.split(':')]));
  assert.ok(rows.jawort && rows['jawort-worker']);
  assert.notEqual(rows.jawort[2], rows['jawort-worker'][2]);
  assert.equal(rows.jawort[3], rows['jawort-worker'][3], 'one group');
  if (process.getuid() !== 0) return t.diagnostic('folders are made as root only');
  const made = run('systemd-tmpfiles', [`--root=${r}`, '--create', 'jawort.conf']);
  assert.equal(made.code, 0, made.out);
  const mode = (p) => (fs.statSync(path.join(r, p)).mode & 0o7777).toString(8);
  assert.equal(mode('var/lib/jawort'), '2770');
  for (const d of ['keys', 'provider', 'hooks']) assert.equal(mode(`etc/jawort/${d}`), '700');
  return undefined;
});

test('ready, alive, reloading, stopping; privileges and memory images given up', (t) => {
  const world = path.join(dir, 'world');
  fs.cpSync(path.join(root, 'demo/conf'), path.join(world, 'conf'), { recursive: true });
  if (process.getuid() === 0) assert.equal(run('chown', ['-R', '65534:65534', world]).code, 0);
  const r = run(path.resolve(root, build, 'deploy/manager'), [path.join(prefix, 'bin/jawort'), path.join(world, 'conf/jawort.yaml'), world], { timeout: 300_000 });
  assert.equal(r.code, 0, r.out);
  assert.equal([...r.out.matchAll(/^ok /gm)].length, 25);
  t.diagnostic(`${[...r.out.matchAll(/^ok /gm)].length} checks`);
});

test('manual pages', () => {
  for (const page of ['man1/jawort.1', 'man5/jawort.yaml.5']) {
    const file = path.join(prefix, 'share/man', page);
    const lint = run('mandoc', ['-Tlint', '-Werror', file]);
    assert.equal(lint.code, 0, lint.out);
    assert.ok(run('mandoc', ['-Tutf8', file]).out.length > 3000);
  }
});

test('uninstall takes away what install brought', () => {
  const r = run('make', ['--no-print-directory', `BUILD=${build}`, `PREFIX=${prefix}`, 'uninstall']);
  assert.equal(r.code, 0, r.out);
  const left = fs.readdirSync(prefix, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
  assert.deepEqual(left.map((f) => f.name), []);
});
