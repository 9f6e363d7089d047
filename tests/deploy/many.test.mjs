// `jawort nginx` with a thousand sites: it is printed whole, and nginx takes it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { confCopy, program } from '../e2e/lib.mjs';

process.env.PATH += ':/usr/sbin:/usr/local/sbin';
const SITES = 1000;

/** SITES copies of the first demo site, where address(i) says. */
function many(t, address) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-many-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  confCopy(dir, 8080);
  const conf = path.join(dir, 'conf/jawort.yaml');
  const folder = path.join(path.dirname(conf), 'sites');
  const [first, ...others] = fs.readdirSync(folder).filter((f) => f.endsWith('.yaml')).sort();
  const text = fs.readFileSync(path.join(folder, first), 'utf8');
  for (const f of [first, ...others]) fs.rmSync(path.join(folder, f));
  for (let i = 0; i < SITES; i += 1)
    fs.writeFileSync(path.join(folder, `s${i}.yaml`), text.replace(/^site: .*$/m, `site: s${i}`).replace(/^base_url: .*$/m, `base_url: ${address(i)}`));
  return { dir, conf };
}

function printed(conf, ...more) {
  const r = spawnSync(program, ['nginx', '-c', conf, '--cache', ...more], { encoding: 'utf8', maxBuffer: 64 << 20 });
  assert.equal(r.status, 0, r.stderr);
  return r.stdout;
}

test('each at a path of its own, in one server', (t) => {
  const { dir, conf } = many(t, (i) => `http://localhost:8080/s${i}`);
  const http = printed(conf, '--format', 'http').replaceAll('/var/lib/nginx/jawort', `${dir}/cache`);
  const server = printed(conf, '--format', 'server');
  for (let i = 0; i < SITES; i += 1) assert.ok(server.includes(`location ^~ /s${i}/ {`), `s${i}`);
  fs.writeFileSync(`${dir}/nginx.conf`, `pid ${dir}/pid; error_log ${dir}/log; events {} http { access_log off; ${http}
server { listen 127.0.0.1:8080; ${server} } }`);
  const check = spawnSync('nginx', ['-t', '-e', `${dir}/log`, '-p', dir, '-c', `${dir}/nginx.conf`], { encoding: 'utf8' });
  assert.equal(check.status, 0, check.stderr);
});

test('with ready files: nginx takes the locations of all pages', (t) => {
  const { dir, conf } = many(t, (i) => `http://localhost:8080/s${i}`);
  fs.appendFileSync(conf, `ready: ${dir}/ready\n`);
  const http = printed(conf, '--ready', '--format', 'http').replaceAll('/var/lib/nginx/jawort', `${dir}/cache`);
  const server = printed(conf, '--ready', '--format', 'server');
  assert.equal(server.match(/location = \/s\d+\/n \{/g).length, SITES);
  assert.equal(http.match(/^map .*jawort_ready/gm).length, 2, 'one pair of maps for the languages of all');
  fs.writeFileSync(`${dir}/nginx.conf`, `pid ${dir}/pid; error_log ${dir}/log; events {} http { access_log off; ${http}
server { listen 127.0.0.1:8080; ${server} } }`);
  const check = spawnSync('nginx', ['-t', '-e', `${dir}/log`, '-p', dir, '-c', `${dir}/nginx.conf`], { encoding: 'utf8' });
  assert.equal(check.status, 0, check.stderr);
});

test('each at the same path of a name of its own: one line masks all of them in the log', (t) => {
  const { conf } = many(t, (i) => `http://s${i}.localhost:8080/j`);
  const http = printed(conf, '--format', 'http');
  assert.equal(http.match(/<jawort_kind>/g).length, 1);
  assert.equal(printed(conf, '--format', 'server').match(/location \^~ \/j\/ \{/g).length, SITES);
});
