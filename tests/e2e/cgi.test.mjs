// The same program as CGI: started once per request by the web server, it answers, and a bounded worker sends.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { confCopy, formOf, mailParse, program, until } from './lib.mjs';

const CGI_MAIL_MAX_MS = 30_000;
let dir, conf;

before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-cgi-'));
  confCopy(dir, 8080);
  conf = path.join(dir, 'conf/jawort.yaml');
});
after(() => fs.rmSync(dir, { recursive: true, force: true }));

function cgi(method, uri, { body = '', headers = {} } = {}) {
  const env = {
    PATH: process.env.PATH, GATEWAY_INTERFACE: 'CGI/1.1', JAWORT_CONF: conf, REQUEST_METHOD: method, REQUEST_URI: uri,
    SCRIPT_NAME: '/j', PATH_INFO: uri.split('?')[0].replace(/^\/j/, ''), QUERY_STRING: uri.split('?')[1] ?? '',
    SERVER_PROTOCOL: 'HTTP/1.1', SERVER_PORT: '8080', SERVER_NAME: 'localhost', REMOTE_ADDR: '203.0.113.77', HTTP_HOST: 'localhost:8080',
    ...(body ? { CONTENT_TYPE: 'application/x-www-form-urlencoded', CONTENT_LENGTH: String(Buffer.byteLength(body)) } : {}),
    ...headers,
  };
  const started = Date.now();
  const r = spawnSync(program, [], { env, input: body, encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  const [head, ...rest] = r.stdout.split('\r\n\r\n');
  const lines = Object.fromEntries(head.split('\r\n').map((l) => [l.split(':')[0].toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
  return { status: Number((lines.status ?? '200').slice(0, 3)), headers: lines, body: rest.join('\r\n\r\n'), ms: Date.now() - started };
}

const person = (address) => {
  const r = spawnSync(program, ['person', 'find', address, '--json', '-c', conf], { encoding: 'utf8' });
  return r.status === 0 ? JSON.parse(r.stdout) : null;
};

test('form, sign-up, mail by itself, confirmation, withdrawal', async () => {
  const page = cgi('GET', '/j/s/news?lang=de');
  assert.equal(page.status, 200, page.body);
  assert.match(page.headers['content-type'], /text\/html/);
  const f = formOf(page.body);
  f.fields.set('email', 'cgi@example.org');
  const answer = cgi('POST', '/j/s/news', { body: f.fields.toString(), headers: { HTTP_ORIGIN: 'http://localhost:8080' } });
  assert.equal(answer.status, 303, answer.body);
  assert.ok(answer.ms < 20_000, `the answer does not wait for the mail: ${answer.ms} ms`);
  const mails = path.join(dir, 'mails');
  const file = await until('the mail', CGI_MAIL_MAX_MS, () => fs.existsSync(mails) && fs.readdirSync(mails).find((n) => n.endsWith('.eml')));
  const mail = mailParse(path.join(mails, file));
  const c = new URL(mail.confirm).pathname, u = new URL(mail.unsubscribe).pathname;
  assert.equal(cgi('GET', c).status, 200);
  assert.equal(person('cgi@example.org').state, 'pending');
  assert.equal(cgi('POST', c, { body: 'action=confirm' }).status, 200);
  assert.equal(person('cgi@example.org').state, 'active');
  assert.equal(cgi('POST', u, { body: 'List-Unsubscribe=One-Click' }).status, 200);
  assert.equal(person('cgi@example.org').state, 'unsubscribed');
});

test('a body shorter than announced has no effect', () => {
  const body = 'email=kurz%40example.org&ok=1';
  const r = cgi('POST', '/j/s/news', { body, headers: { CONTENT_LENGTH: String(body.length + 10) } });
  assert.equal(r.status, 400);
  assert.equal(person('kurz@example.org'), null);
});

test('errors are pages here too', () => {
  assert.equal(cgi('GET', '/j/nothing').status, 404);
  assert.match(cgi('GET', '/j/nothing').body, /<h1/);
  assert.equal(cgi('DELETE', '/j/s/news').status, 405);
});
