// A later version of the program, as it may be in ten years: the MIME writer, the format of stored mails and the
// templates of form, mail and notice are changed on purpose. What the program of today has shown and sent must come
// out of it byte for byte.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { confCopy, formOf, mailParse, root, until } from './lib.mjs';

const BUILD_MAX_MS = 900_000;
let dir, conf, later, today;

// File, what stands there, what stands there later.
const plants = [
  ['cgi/text/mime.c', '#define MIME_LINE_BYTES 76', '#define MIME_LINE_BYTES 60'],
  ['cgi/text/mime.c', 'c < 0x21 || c > 0x7e', 'c < 0x21 || c > 0x79'],
  ['cgi/mail/message_mime.c', 'mime_header_raw(out, "MIME-Version", SLICE("1.0"));', 'mime_header_raw(out, "MIME-Version", SLICE("1.0"));\n\tmime_header_raw(out, "X-Later", SLICE("yes"));'],
  ['include/mail/message.h', '#define MESSAGE_FORMAT 1', '#define MESSAGE_FORMAT 2'],
  ['cgi/mail/slot.c', '#define SLOT_DATE_MAX_BYTES 100', '#define SLOT_DATE_MAX_BYTES 3'],
  ['cgi/text/html.c', 'return "&#39;"', 'return "&apos;"'],
  ['templates/page/form.html', '<h1>', '<p>Later</p>\n<h1>'],
  ['templates/mail/confirm.txt', '', 'Later\n\n'],
  ['templates/part/notice.html', '', '<p>Later</p>\n'],
  ['static/page.css', ':where(.jawort h1)', ':where(.jawort .later), :where(.jawort h1)'],
];

function plant(tree) {
  for (const [file, from, to] of plants) {
    const at = path.join(tree, file);
    const text = fs.readFileSync(at, 'utf8');
    assert.ok(text.includes(from), `${file}: ${from}`);
    fs.writeFileSync(at, from ? text.replace(from, to) : to + text);
  }
}

const run = (cmd, args, o = {}) => {
  const r = spawnSync(cmd, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...o });
  assert.equal(r.status, 0, `${cmd} ${args.join(' ')}: ${(r.stdout + r.stderr).slice(-3000)}`);
  return r.stdout;
};

function cgi(program, method, uri, body = '') {
  const env = {
    PATH: process.env.PATH, GATEWAY_INTERFACE: 'CGI/1.1', JAWORT_CONF: conf, REQUEST_METHOD: method, REQUEST_URI: uri,
    SCRIPT_NAME: '/j', PATH_INFO: uri.split('?')[0].replace(/^\/j/, ''), QUERY_STRING: uri.split('?')[1] ?? '', SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_PORT: '8080', SERVER_NAME: 'localhost', REMOTE_ADDR: '203.0.113.77', HTTP_HOST: 'localhost:8080', HTTP_ORIGIN: 'http://localhost:8080',
    ...(body ? { CONTENT_TYPE: 'application/x-www-form-urlencoded', CONTENT_LENGTH: String(Buffer.byteLength(body)) } : {}),
  };
  const out = run(program, [], { env, input: body });
  return { status: Number((/^status: (\d+)/im.exec(out) ?? [0, 200])[1]), body: out.slice(out.indexOf('\r\n\r\n') + 4) };
}

const evidence = (program, as) => {
  const r = spawnSync(program, ['person', 'evidence', 'ada@example.org', '--as', as, '-c', conf]);
  assert.equal(r.status, 0, r.stderr.toString());
  return r.stdout;
};

before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-frozen-'));
  confCopy(dir, 8080);
  conf = path.join(dir, 'conf/jawort.yaml');
  today = path.join(root, 'build/jawort');
  run('make', ['-j2', 'all'], { cwd: root, timeout: BUILD_MAX_MS });
  // Objects are taken along, so that only what was changed is compiled.
  const tree = path.join(dir, 'later');
  fs.mkdirSync(tree);
  for (const part of ['Makefile', 'cgi', 'include', 'templates', 'static', 'tools', 'data', 'tests', 'docs', 'build'])
    run('cp', ['-a', path.join(root, part), tree]);
  plant(tree);
  run('make', ['-j2', 'BUILD=build', 'all', 'build/unit/mail/test_sent', 'build/unit/mail/test_sent_live'], { cwd: tree, timeout: BUILD_MAX_MS });
  later = { tree, program: path.join(tree, 'build/jawort') };
});
after(() => fs.rmSync(dir, { recursive: true, force: true }));

test('what was shown and sent comes out of a later version byte for byte', async () => {
  const form = cgi(today, 'GET', '/j/s/news?lang=de').body;
  const f = formOf(form);
  f.fields.set('email', 'ada@example.org');
  assert.equal(cgi(today, 'POST', '/j/s/news', f.fields.toString()).status, 303);
  const mails = path.join(dir, 'mails');
  const file = await until('the mail', 10_000, () => fs.existsSync(mails) && fs.readdirSync(mails).find((n) => n.endsWith('.eml')));
  const sent = fs.readFileSync(path.join(mails, file));
  await until('its answer', 10_000, () => run(today, ['person', 'find', 'ada@example.org', '--json', '-c', conf]).includes('mail_accepted'));
  assert.equal(cgi(today, 'POST', new URL(mailParse(path.join(mails, file)).confirm).pathname, 'action=confirm').status, 200);
  const old = Object.fromEntries(['form', 'mail', 'notice'].map((as) => [as, evidence(today, as)]));
  assert.equal(old.form.toString(), form);
  assert.equal(old.mail.length, sent.length);

  // The later version is another one indeed.
  const now = cgi(later.program, 'GET', '/j/s/news?lang=de').body;
  assert.match(now, /<p>Later<\/p>/);
  run(later.program, ['config', 'apply', '-c', conf]);
  assert.match(run(later.program, ['notice', 'show', '--format', 'html', '-c', conf]), /<p>Later<\/p>/);

  for (const as of ['form', 'mail', 'notice'])
    assert.ok(evidence(later.program, as).equals(old[as]), `${as} differs`);
  assert.ok(run(later.program, ['person', 'evidence', 'ada@example.org', '-c', conf]).includes('<iframe'));
});

test('the golden mails of the first release come out of it, and its own writer is another', () => {
  run(path.join(later.tree, 'build/unit/mail/test_sent'), [], { cwd: later.tree });
  const live = spawnSync(path.join(later.tree, 'build/unit/mail/test_sent_live'), [], { cwd: later.tree, encoding: 'utf8' });
  assert.notEqual(live.status, 0, 'the plant has no effect');
});
