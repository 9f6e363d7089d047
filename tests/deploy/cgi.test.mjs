// CGI behind a web server that ends the program as soon as its answer has left (Apache's mod_cgid): the mail goes out.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { confCopy, formOf, program, until } from '../e2e/lib.mjs';

function cgi(conf, method, body) {
  const env = { GATEWAY_INTERFACE: 'CGI/1.1', JAWORT_CONF: conf, REQUEST_METHOD: method, REQUEST_URI: '/j/s/news', SERVER_PROTOCOL: 'HTTP/1.1',
    REMOTE_ADDR: '203.0.113.77', HTTP_HOST: 'localhost:8080', HTTP_ORIGIN: 'http://localhost:8080',
    ...(body ? { CONTENT_TYPE: 'application/x-www-form-urlencoded', CONTENT_LENGTH: String(Buffer.byteLength(body)) } : {}) };
  const child = spawn(program, [], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (d) => { out += d; child.kill('SIGTERM'); });
  child.stdout.on('end', () => child.kill('SIGTERM'));
  child.stdin.end(body);
  return new Promise((done) => child.on('exit', () => done(out)));
}

test('a mail for each of five sign-ups', { timeout: 240_000 }, async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-cgid-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  confCopy(dir, 8080);
  const conf = path.join(dir, 'conf/jawort.yaml');
  for (let i = 0; i < 5; i += 1) {
    const { fields } = formOf(await cgi(conf, 'GET'));
    fields.set('email', `nr${i}@example.org`);
    assert.match(await cgi(conf, 'POST', fields.toString()), /^Status: 303/m);
    await until(`mail ${i}`, 5000, () => fs.existsSync(`${dir}/mails`) && fs.readdirSync(`${dir}/mails`).filter((f) => f.endsWith('.eml')).length > i);
  }
});
