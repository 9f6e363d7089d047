// `jawort doctor`: a control run without faults, then one planted fault after the other: each is found by the check
// that is there for it, said with a reason and a way to mend it, and gone when it is taken back. Then `mail test`.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { SECRET, fakeStart, freePort, isRoot, nginxConf, otherStart, reload, until, world } from './world.mjs';

let w;
before(async () => { w = await world(); });
after(async () => w?.end());

const findings = (d) => d.checks.filter((c) => c.result === 'finding');
const ids = (d) => [...new Set(findings(d).map((c) => c.id))].sort();
const show = (d) => findings(d).map((c) => `${c.id}: ${c.text} -> ${c.mend}`).join('\n');

function clean(d) {
  assert.deepEqual(ids(d), [], show(d));
  assert.equal(d.code, 0);
}

/** The fault shows in exactly these checks, and every finding says why and how. */
function found(d, expect, text, code = 3) {
  assert.deepEqual(ids(d), [...expect].sort(), show(d));
  assert.equal(d.code, code);
  assert.match(findings(d).map((c) => `${c.text}\n${c.mend}`).join('\n'), text);
  for (const c of findings(d)) assert.ok(c.why?.length > 20 && c.mend?.length > 10, `${c.id}: ${c.mend}`);
}

/** Site file with a change, while fn runs. */
async function site(from, to, fn) {
  assert.ok(w.site.includes(from), from);
  w.write('conf/sites/club.yaml', w.site.replace(from, to));
  try { return await fn(); } finally { w.write('conf/sites/club.yaml', w.site); }
}

test('control: no fault, no finding; nothing is changed', () => {
  const stored = () => spawnSync('find', [w.at('data'), '-type', 'f', '-printf', '%P %s\n'], { encoding: 'utf8' }).stdout
    .split('\n').filter((l) => !/-shm|-wal/.test(l)).sort().join('\n');
  const was = stored();
  const d = w.doctor();
  clean(d);
  assert.equal(d.skipped, 0, JSON.stringify(d.checks.filter((c) => c.result === 'skipped')));
  assert.equal(stored(), was);
  assert.ok(!fs.readFileSync(w.at('journal'), 'utf8').split('\n').some((l) => l && JSON.parse(l).method !== 'GET'), 'only GET goes to the provider');
});

test('in a terminal: no line over 80 columns but for paths, and no secret', () => {
  const r = w.jawort(['doctor']);
  assert.equal(r.code, 0, r.out);
  assert.match(r.out, /looked at: \d+ ok, 0 findings, 0 skipped\. Nothing to mend\./);
  for (const line of r.out.split('\n').slice(1)) assert.ok([...line].length <= 80 || !line.trim().includes(' '), line);
  assert.ok(!r.out.includes(SECRET) && !r.out.includes('KEY:SECRET'));
});

// --- files ------------------------------------------------------------------------------------------------

const mode = (file, bits, fn) => {
  const was = fs.statSync(w.at(file)).mode & 0o7777;
  fs.chmodSync(w.at(file), bits);
  try { fn(w.doctor()); } finally { fs.chmodSync(w.at(file), was); }
};

test('fault 1: a key that everybody can read', () => {
  mode('keys/club.keys', 0o644, (d) => {
    const f = findings(d).find((c) => c.id === 'modes');
    assert.ok(f, show(d));
    assert.match(f.text, /club\.keys has mode 0644/);
    assert.match(f.mend, /chmod 600/);
    assert.equal(d.code, 3);
  });
});

test('fault 2: a key folder that everybody can enter', () => {
  mode('keys', 0o755, (d) => found(d, ['modes'], /keys has mode 0755[^]*chmod 700/));
});

test('fault 3: a secret of the provider that everybody can read', () => {
  mode('conf/sites/hook.secret', 0o644, (d) => found(d, ['modes'], /hook\.secret[^]*chmod/));
});

test('fault 4: a data folder that everybody can enter', () => {
  mode('data', 0o777, (d) => found(d, ['modes'], /data has mode 0777[^]*chmod o=/));
});

test('fault 5: data that belongs to another user', { skip: !isRoot && 'root only' }, () => {
  const file = w.at('data/club/data.db');
  fs.chownSync(file, 65534, 65534);
  try { found(w.doctor(), ['modes'], /data\.db belongs to user 65534[^]*chown -R 0:0/); } finally {
    // SQLite gives its side files to the owner of the database.
    for (const f of fs.readdirSync(w.at('data/club'))) fs.chownSync(w.at(`data/club/${f}`), 0, 0);
  }
});

test('fault 6: a full disk', (t) => {
  fs.mkdirSync(w.at('small'));
  w.write('conf/small.yaml', w.host.replace('../data', '../small'));
  const run = (fill) => w.doctor({ conf: w.at('conf/small.yaml'), before: ['unshare', isRoot ? '-m' : '-rm', 'sh', '-c',
    `mount -t tmpfs -o size=1m,mode=700 tmpfs '${w.at('small')}' && cp -r '${w.at('data')}'/budget.db '${w.at('small')}'; ${fill}; exec "$@"`, 'sh'] });
  if (spawnSync('unshare', [isRoot ? '-m' : '-rm', 'true']).status !== 0) return t.skip('no mount namespaces here');
  const disk = (d) => findings(d).find((c) => c.id === 'disk');
  assert.match(disk(run('true')).text, /only [01] MiB free of 1/);
  const full = disk(run(`cat /dev/zero 2>/dev/null >'${w.at('small')}/fill'`));
  assert.match(full.text, /a file cannot be (made|written)/);
  assert.match(full.mend, /df -h/);
});

test('control: two users who share the data through its group, as the units have it', { skip: !isRoot && 'root only' }, () => {
  const data = fs.statSync(w.at('data'));
  const all = ['data', ...fs.readdirSync(w.at('data'), { recursive: true }).map((f) => `data/${f}`)];
  const bits = new Map(all.map((f) => [f, fs.statSync(w.at(f)).mode & 0o7777]));
  try {
    for (const f of bits.keys()) fs.chmodSync(w.at(f), fs.statSync(w.at(f)).isDirectory() ? 0o2770 : 0o660);
    fs.mkdirSync(w.at('data/mails'));
    fs.chownSync(w.at('data/mails'), 65534, data.gid);
    fs.chmodSync(w.at('data/mails'), 0o2750);
    fs.writeFileSync(w.at('data/mails/x.eml'), 'x');
    fs.chownSync(w.at('data/mails/x.eml'), 65534, data.gid);
    fs.chmodSync(w.at('data/mails/x.eml'), 0o640);
    clean(w.doctor());
    fs.chmodSync(w.at('data/club/data.db'), 0o640);
    found(w.doctor(), ['modes'], /data\.db has mode 0640: its group shares the data but cannot write it[^]*chmod g\+rw/);
  } finally {
    for (const [f, m] of bits) fs.chmodSync(w.at(f), m);
    fs.rmSync(w.at('data/mails'), { recursive: true, force: true });
  }
});

// --- clock -------------------------------------------------------------------------------------------------

test('fault 7: a clock that is an hour ahead', () => {
  found(w.doctor({ env: { JAWORT_CLOCK_OFFSET_S: '3600' } }), ['clock'], /ahead of mailjet[^]*timedatectl/);
});

test('fault 8: events from the future', async () => {
  const page = await (await fetch(`http://localhost:${w.port}/j/s/news?lang=de`)).text();
  const v = /name="v" value="([^"]+)"/.exec(page)[1];
  const answer = await fetch(`http://localhost:${w.port}/j/s/news`, { method: 'POST', redirect: 'manual',
    body: new URLSearchParams({ email: 'anna@example.net', ok: '1', p: 'news', v, lang: 'de' }), headers: { Origin: `http://localhost:${w.port}` } });
  assert.equal(answer.status, 303, await answer.text());
  await until('the mail', () => JSON.parse(w.jawort(['status', '--json']).out).sites[0].outbox.accepted === 1);
  clean(w.doctor());
  // Two hours behind, so that the events of now are of the future; and the clock itself is found.
  const d = w.doctor({ env: { JAWORT_CLOCK_OFFSET_S: '-7200' } });
  assert.match(findings(d).find((c) => c.id === 'times')?.text ?? show(d), /in the future/);
  assert.match(findings(d).find((c) => c.id === 'clock')?.text ?? show(d), /(7199|7200) s behind/);
});

// --- socket, serve, worker -----------------------------------------------------------------------------------

test('fault 9: no socket', () => {
  fs.renameSync(w.at('jawort.sock'), w.at('away.sock'));
  try { found(w.doctor(), ['socket', 'public'], /there is no socket/); } finally { fs.renameSync(w.at('away.sock'), w.at('jawort.sock')); }
});

test('fault 10: a socket behind which nobody listens', async () => {
  fs.renameSync(w.at('jawort.sock'), w.at('away.sock'));
  // Node takes its socket away at the end; a killed service does not.
  const r = spawnSync('node', ['-e', `require('net').createServer().listen('${w.at('jawort.sock')}', () => process.kill(process.pid, 9))`]);
  assert.equal(r.signal, 'SIGKILL');
  try { found(w.doctor(), ['socket', 'public'], /nobody listens/); } finally { fs.renameSync(w.at('away.sock'), w.at('jawort.sock')); }
});

test('fault 11: a socket that everybody may write to', () => {
  mode('jawort.sock', 0o666, (d) => found(d, ['socket'], /mode 0666[^]*chmod 660/));
});

test('fault 12: a service that hangs behind its socket', async () => {
  w.serve.kill('SIGSTOP');
  try {
    const d = w.doctor();
    assert.deepEqual(ids(d), ['public', 'serve'], show(d));
    assert.match(show(d), /does not answer -> systemctl restart jawort-serve/);
  } finally { w.serve.kill('SIGCONT'); }
  await until('serve again', () => w.doctor().code === 0);
});

test('fault 13: no worker', async () => {
  await w.stop(w.worker);
  found(w.doctor(), ['worker'], /worker\.lock[^]*systemctl start jawort-worker/);
  await w.startWorker();
});

test('fault 14: something else listens at the socket', async () => {
  fs.renameSync(w.at('jawort.sock'), w.at('away.sock'));
  const child = spawn('node', ['-e',
    `require('net').createServer((s) => s.on('data', () => s.end('HTTP/1.0 200 OK\\r\\n\\r\\nhello'))).listen('${w.at('jawort.sock')}')`]);
  try {
    await until('the other', () => fs.existsSync(w.at('jawort.sock')));
    const d = w.doctor();
    assert.match(findings(d).find((c) => c.id === 'serve')?.text ?? show(d), /not FastCGI/);
  } finally {
    child.kill('SIGKILL');
    fs.rmSync(w.at('jawort.sock'), { force: true });
    fs.renameSync(w.at('away.sock'), w.at('jawort.sock'));
  }
});

// --- from outside ------------------------------------------------------------------------------------------

async function nginx(change, fn) {
  nginxConf(w, change);
  await reload(w);
  try { await fn(); } finally { nginxConf(w); await reload(w); }
}

test('fault 15: all visitors look like the web server', async () => {
  await nginx((s) => s.replace(/(REMOTE_ADDR\s+)\$remote_addr/, '$1127.0.0.1'), () =>
    found(w.doctor(), ['client'], /all visitors look like "127\.0\.0\.1"[^]*REMOTE_ADDR \$remote_addr/));
  await nginx((s) => s.replace(/(REMOTE_ADDR\s+)\$remote_addr/, '$1unix:'), () =>
    found(w.doctor(), ['client'], /all visitors look like "unix:"/));
});

test('fault 16: a proxy that trusted_proxies does not name', async () => {
  await nginx((s) => s.replace(/(REMOTE_ADDR\s+)\$remote_addr/, '$1127.0.0.1').replace(/(X_FORWARDED_FOR\s+)\$http_x_forwarded_for/, '$1$remote_addr'), async () => {
    found(w.doctor(), ['client'], /trusted_proxies: \[127\.0\.0\.1\]/);
    // What it says mends it.
    w.write('conf/jawort.yaml', `${w.host}trusted_proxies: [127.0.0.1]\n`);
    w.serve.kill('SIGHUP');
    await until('mended', () => w.doctor().code === 0);
    w.write('conf/jawort.yaml', w.host);
    w.serve.kill('SIGHUP');
    await until('the fault again', () => w.doctor().code === 3);
  });
});

test('fault 17: the public address leads elsewhere, or nowhere', async () => {
  const port = await freePort();
  await site(`base_url: http://localhost:${w.port}/j`, `base_url: http://localhost:${port}/j`, () => {
    const d = w.doctor();
    assert.match(findings(d).find((c) => c.id === 'public')?.text ?? show(d), /does not answer/);
  });
  await nginx((s) => s.replace(/fastcgi_pass [^;]*;/, 'return 404;'), () => {
    const d = w.doctor();
    assert.match(findings(d).find((c) => c.id === 'public')?.text ?? show(d), /something else answers there \(404\)/);
  });
});

/** A page of the owner's, named on the command line. */
function owned(body, head = '') {
  w.write('www/page.html', w.page(body, head));
  return page('/page.html');
}
function page(path) {
  const r = w.jawort(['doctor', '--json', `http://localhost:${w.port}${path}`]);
  return { ...JSON.parse(r.out), code: r.code };
}
const meta = (policy) => `<meta http-equiv="content-security-policy" content="${policy}">`;
const frame = () => `<iframe src="/j/s/news?frame"></iframe>`;
const pasted = () => w.jawort(['form', 'snippet', 'news', '--as', 'html']).out;

test('control: pages with each kind of snippet', () => {
  for (const body of [w.two, frame(), pasted(), w.two.replaceAll(/http:(?=\/\/localhost)/g, '')]) clean(owned(body, meta("default-src 'self'")));
  clean(owned(w.two, meta(`default-src 'none'; script-src http://localhost:${w.port}/j/; connect-src *; form-action http:`)));
});

test('fault 42: a page with an old wording', () => {
  const html = pasted(), old = html.replace(/(name="v" value=")[^"]+/, '$1AAAAAAAAAAAAAAAAAAAAAA');
  assert.notEqual(old, html);
  found(owned(old), ['pages'], /page\.html: the form news shows a wording that is not taken any more[^]*form snippet news/);
});

test('fault 43: a page whose policy forbids the script, the question, the frame or the answer', async () => {
  found(owned(w.two, meta("script-src 'none'")), ['pages'], /script-src forbids http:\/\/localhost:\d+\/j\/jawort\.js/);
  found(owned(w.two, meta("connect-src https://example.net")), ['pages'], /connect-src forbids/);
  found(owned(frame(), meta("default-src 'none'")), ['pages'], /frame-src forbids/);
  found(owned(pasted().replace(/<script[^]*/, ''), meta("default-src *; form-action 'none'")), ['pages'], /form-action forbids/);
  await nginx((s) => `add_header Content-Security-Policy "script-src https:" always;\n${s}`, () =>
    found(owned(w.two), ['pages'], /script-src forbids/));
});

test('fault 44: a page without a form, without the script, with a form that does not exist, or none at all', () => {
  found(owned('<p>no form'), ['pages'], /there is no form of this site/);
  found(owned(w.two.replace(/<script[^]*/, '')), ['pages'], /without the script/);
  found(owned(w.two.replaceAll('/s/news', '/s/gone')), ['pages'], /there is no form gone/);
  found(page('/none.html'), ['pages'], /answers 404/);
});

test('fault 45: the page that the configuration names carries no form', async () => {
  await site('  news: { purposes: [news],', `  news: { pages: ["http://localhost:${w.port}/page.html"], purposes: [news],`, () => {
    w.write('www/page.html', w.page('<p>no form'));
    found(w.doctor(), ['pages'], /page\.html: there is no form of this site/);
    w.write('www/page.html', w.page(w.two));
    clean(w.doctor());
  });
});

test('pages elsewhere are not asked', () => {
  const r = w.jawort(['doctor', '--json', 'https://www.example.net/']);
  const c = JSON.parse(r.out).checks.find((one) => one.id === 'pages');
  assert.equal(c.result, 'finding');
  assert.match(c.text, /not on one of origins/);
});

test('fault 46: nobody can ask for their own data', async () => {
  await nginx((s) => `location = /j/my { return 403; }\n${s}`, () => found(w.doctor(), ['rights'], /\/my answers 403 where 200 is expected/));
});

test('fault 47: what people see about themselves may be kept on the way', async () => {
  await nginx((s) => `location ^~ /j/my/ { add_header Cache-Control "public, max-age=60"; return 200; }\n${s}`,
    () => found(w.doctor(), ['rights'], /Cache-Control: public, max-age=60 where no-store is expected/));
  await nginx((s) => `location ^~ /j/my/ { add_header Cache-Control no-store; return 200; }\n${s}`,
    () => found(w.doctor(), ['rights'], /Referrer-Policy: nothing where no-referrer is expected/));
});

test('fault 18: a hook that cannot be reached', async () => {
  await nginx((s) => `location ^~ /j/hook/ { return 403; }\n${s}`, () => found(w.doctor(), ['hook'], /answers 403 where 401 is expected/));
});

test('fault 19: a hook that answers everybody', async () => {
  await nginx((s) => `location ^~ /j/hook/ { return 200; }\n${s}`, () => found(w.doctor(), ['hook'], /200 to a wrong secret/));
});

test('fault 20: a hook secret that serve does not have', () => {
  w.write('conf/sites/hook.secret', 'another-secret-0123456789abcdef\n', 0o600);
  try { found(w.doctor(), ['hook'], /does not accept the secret/); } finally { w.write('conf/sites/hook.secret', `${SECRET}\n`, 0o600); }
});

// --- provider ------------------------------------------------------------------------------------------------

test('fault 21: a wrong API key', () => {
  w.write('conf/sites/mailjet.key', 'KEY:WRONG\n', 0o600);
  try { found(w.doctor(), ['login'], /does not accept the API key[^]*outbox retry/); } finally { w.write('conf/sites/mailjet.key', 'KEY:SECRET\n', 0o600); }
});

test('fault 22: a provider that cannot be reached', async () => {
  const port = await freePort();
  const d = await site(w.fake, `http://127.0.0.1:${port}`, () => w.doctor());
  // Without the provider's time this machine's own word for its clock counts.
  assert.deepEqual(ids(d).filter((id) => id !== 'clock'), ['login'], show(d));
  assert.match(show(d), /no answer from Mailjet/);
});

test('fault 23: an endpoint that is not the API', async () => {
  const d = await site(w.fake, `${w.fake}/v3.1`, () => w.doctor());
  assert.ok(ids(d).includes('login'), show(d));
  assert.match(show(d), /base URL without version/);
});

test('fault 24: a sender that the provider does not know, and one that is not active', async () => {
  const d = await site('email: news@example.org', 'email: news@example.com', () => w.doctor());
  assert.deepEqual(ids(d), ['domain', 'sender'], show(d));
  assert.match(show(d), /does not know mail\.from\.email/);
  const inactive = await fakeStart(w, '--inactive', 'news@example.org');
  await site(w.fake, inactive, () => found(w.doctor(), ['sender'], /not active yet/));
});

test('fault 25: a domain without DKIM', async () => {
  const fake = await fakeStart(w, '--sender', '*@example.org', '--dkim', 'example.org=Error');
  await site(w.fake, fake, () => found(w.doctor(), ['domain'], /DKIM record/));
});

// --- Brevo ---------------------------------------------------------------------------------------------------

/** The site with Brevo as its provider; what is found without its login, sender and domain is not looked at here. */
async function brevo(args, key = 'xkeysib-1') {
  const fake = await otherStart(w, 'brevo', '--key', 'xkeysib-1', '--journal', w.at('journal-brevo'), ...args);
  w.write('conf/sites/brevo.key', `${key}\n`, 0o600);
  const text = w.site.replace('route: [mailjet]', 'route: [brevo]').replace(/ {2}mailjet: \{ key_file[^\n]*\n {2}hooks[^\n]*\n/,
    `  brevo: { key_file: brevo.key, endpoint: "${fake}" }\n`).replace('mailjet: { contract_party', 'brevo: { tracking_off_on: 2026-11-01, contract_party');
  assert.notEqual(text, w.site);
  w.write('conf/sites/club.yaml', text);
  try {
    const d = w.doctor();
    const of = (id) => d.checks.find((c) => c.id === id) ?? assert.fail(show(d));
    return [of('login'), of('sender'), of('domain')];
  } finally { w.write('conf/sites/club.yaml', w.site); }
}
const results = (rows) => rows.map((c) => c.result);

test('control: Brevo without a fault: a listed sender, and one whose domain may send', async () => {
  assert.deepEqual(results(await brevo(['--sender', 'news@example.org', '--domain', 'example.org'])), ['ok', 'ok', 'ok']);
  const [, sender] = await brevo(['--sender', '*@example.org']);
  assert.equal(sender.result, 'ok');
  assert.match(sender.text, /every address of the sender's domain/);
  const asked = fs.readFileSync(w.at('journal-brevo'), 'utf8').trim().split('\n').map((l) => JSON.parse(l));
  assert.ok(asked.length >= 6 && asked.every((r) => r.method === 'GET' && r.auth), 'only GET goes to the provider');
});

test('fault 33: Brevo: a wrong API key', async () => {
  const [login, sender, domain] = await brevo(['--sender', '*@example.org'], 'xkeysib-2');
  assert.deepEqual(results([login, sender, domain]), ['finding', 'skipped', 'skipped']);
  assert.match(login.text, /does not accept the API key/);
});

test('fault 34: Brevo: a sender that it does not know, and one that is not verified', async () => {
  const rows = await brevo(['--sender', 'other@example.org']);
  assert.deepEqual(results(rows), ['ok', 'finding', 'finding']);
  assert.match(rows[1].text, /does not know mail\.from\.email/);
  assert.match(rows[2].text, /has no domain/);
  const waits = await brevo(['--inactive', 'news@example.org', '--domain', 'example.org']);
  assert.deepEqual(results(waits), ['ok', 'finding', 'ok']);
  assert.match(waits[1].text, /not verified yet/);
});

test('fault 35: Brevo: a domain without DKIM', async () => {
  const rows = await brevo(['--sender', 'news@example.org', '--domain', 'example.org=unsigned']);
  assert.deepEqual(results(rows), ['ok', 'ok', 'finding']);
  assert.match(rows[2].text, /DKIM record is missing or wrong/);
});

// --- mails -----------------------------------------------------------------------------------------------------

/** The owner's own copy of a template, changed; serve keeps what it has. */
async function template(name, change, fn) {
  const dir = w.at('templates/mail');
  fs.mkdirSync(dir, { recursive: true });
  const own = fs.readFileSync(new URL(`../../templates/mail/${name}`, import.meta.url), 'utf8');
  const changed = change(own);
  assert.notEqual(changed, own);
  w.write(`templates/mail/${name}`, changed);
  try { await site('site: club\n', 'site: club\ntemplates: ../../templates\n', () => fn(w.doctor())); } finally { fs.rmSync(dir, { recursive: true }); }
}

test('fault 26: a template with a foreign image', () =>
  template('confirm.html', (s) => s.replace('<h1', '<img src="https://count.example.net/p.gif" alt=""><h1'), (d) => found(d, ['mail'], /<img: an image/)));

test('fault 27: a template with a foreign link', async () => {
  await template('confirm.html', (s) => s.replace('<h1', '<a href="https://click.example.net/?u=1&amp;v=2">x</a><h1'),
    (d) => found(d, ['mail'], /HTML part links to https:\/\/click\.example\.net\/\?u=1&v=2/));
  await template('confirm.txt', (s) => `${s}\nhttps://click.example.net/x\n`, (d) => found(d, ['mail'], /text part links to https:\/\/click\.example\.net\/x/));
});

test('fault 28: a template without the link to unsubscribe', () =>
  template('confirm.txt', (s) => s.replace('{{unsubscribe}}', ''), (d) => {
    assert.ok(ids(d).includes('headers') || ids(d).includes('site'), show(d));
    assert.match(show(d), /unsubscribe/);
  }));

test('fault 29: a mail of over 20 kB', () =>
  template('confirm.txt', (s) => s + 'Noch ein Satz, der nicht nötig ist.\n'.repeat(700), (d) => found(d, ['mail'], /bytes, more than 20480/)));

// --- a mail as it arrived ------------------------------------------------------------------------------------------

/** As the fake had it to send, with what a provider and a mailbox add; change: over head and parts. */
async function sample(change = (m) => m) {
  const r = w.jawort(['mail', 'test', 'admin@example.net']);
  assert.equal(r.code, 0, r.out + r.err);
  const m = (await messages()).at(-1).Message;
  const part = (type, text, how) => `Content-Type: ${type}; charset="utf-8"\r\nContent-Transfer-Encoding: ${how}\r\n\r\n${
    how === 'base64' ? Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n')
      : [...Buffer.from(text)].map((b) => b === 10 ? '\r\n' : b < 33 && b !== 32 || b === 61 || b > 126 ? `=${b.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(b)).join('')}\r\n`;
  const made = change({ text: m.TextPart, html: m.HTMLPart, from: `"Radverein" <${m.From.Email}>`,
    list: m.Headers['List-Unsubscribe'], post: m.Headers['List-Unsubscribe-Post'],
    dkim: ['v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mailjet;\r\n\th=From:Subject:List-Unsubscribe:\r\n\t List-Unsubscribe-Post; b=AA==;\r\n bh=x'] });
  w.write('arrived.eml', `Received: from x by y;\r\n Sat, 21 Nov 2026 15:00:00 +0100\r\n${made.dkim.map((s) => `DKIM-Signature: ${s}\r\n`).join('')}From: ${made.from}\r\nTo: admin@example.net\r\nSubject: x\r\n${
    made.list ? `List-Unsubscribe: ${made.list}\r\n` : ''}${made.post ? `List-Unsubscribe-Post: ${made.post}\r\n` : ''}MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="=-b 1"\r\n\r\nfor old programs\r\n--=-b 1\r\n${
    part('text/plain', made.text, 'quoted-printable')}--=-b 1\r\n${part('text/html', made.html, 'base64')}--=-b 1--\r\n`);
  const d = w.jawort(['doctor', '--json', '--sample', w.at('arrived.eml')]);
  return { ...JSON.parse(d.out), code: d.code };
}

test('control: a mail that arrived as we wrote it', async () => {
  const d = await sample();
  clean(d);
  assert.deepEqual(d.checks.map((c) => c.id), ['sample', 'L13', 'L27']);
  clean(await sample((m) => ({ ...m, dkim: ['v=1; d=provider.example.com; h=from; b=x', ...m.dkim], list: `<mailto:u@example.org>, ${m.list}` })));
});

test('fault 36: the provider put a pixel into the mail', async () => {
  found(await sample((m) => ({ ...m, html: m.html.replace('</body>', '<img src="https://track.example.net/o/1.gif" width=1></body>') })),
    ['L13'], /<img: an image[^]*switch off the measuring/);
});

test('fault 37: the provider rewrote the links, in HTML or in the text', async () => {
  found(await sample((m) => ({ ...m, html: m.html.replace(/href="[^"]*"/g, 'href="https://track.example.net/c/1?u=2&amp;x=3"') })),
    ['L13'], /HTML part links to https:\/\/track\.example\.net\/c\/1\?u=2&x=3/);
  found(await sample((m) => ({ ...m, text: m.text.replace(/http\S*/, 'https://track.example.net/c/2') })), ['L13'], /text part links to/);
});

test('fault 38: a signature that does not cover the list fields', async () => {
  found(await sample((m) => ({ ...m, dkim: ['v=1; d=example.org; h=From:List-Unsubscribe; b=x'] })), ['L27'], /covers both List-Unsubscribe and/);
});

test('fault 39: no signature, and one of the provider only', async () => {
  found(await sample((m) => ({ ...m, dkim: [] })), ['L27'], /there is no DKIM-Signature/);
  found(await sample((m) => ({ ...m, dkim: m.dkim.map((s) => s.replace('d=example.org', 'd=notexample.org')) })), ['L27'],
    /signed by notexample\.org only, not by the sender's domain example\.org/);
});

test('fault 40: list fields taken out, or put in the place of ours', async () => {
  found(await sample((m) => ({ ...m, list: '' })), ['L27'], /List-Unsubscribe did not arrive/);
  found(await sample((m) => ({ ...m, post: '' })), ['L27'], /List-Unsubscribe-Post did not arrive/);
  found(await sample((m) => ({ ...m, list: '<https://u.example.net/1>' })), ['L27'], /leads elsewhere: <https:\/\/u\.example\.net\/1>/);
});

test('fault 41: another sender, no mail, no file', async () => {
  found(await sample((m) => ({ ...m, from: 'news@provider.example.com', dkim: ['v=1; d=example.com; h=List-Unsubscribe:List-Unsubscribe-Post'] })),
    ['sample'], /the sender is news@provider\.example\.com/);
  w.write('arrived.eml', 'no mail\n');
  for (const file of ['arrived.eml', 'none.eml']) {
    const r = w.jawort(['doctor', '--json', '--sample', w.at(file)]);
    found({ ...JSON.parse(r.out), code: r.code }, ['sample'], /save the mail whole/);
  }
});

// --- configuration -----------------------------------------------------------------------------------------------

test('fault 30: an unknown key in the site file', async () => {
  const d = await site('dpo: none', 'dpo: none\nretension: {}', () => w.doctor());
  assert.deepEqual(ids(d).filter((id) => id !== 'clock'), ['config'], show(d));
  assert.equal(d.code, 4);
  assert.match(show(d), /club\.yaml:\d+:\d+: .*retension/);
});

test('fault 31: an unknown key in the host file, and no host file', () => {
  w.write('conf/jawort.yaml', `${w.host}daata: x\n`);
  try { found(w.doctor(), ['config'], /jawort\.yaml:\d+:\d+: .*daata/, 4); } finally { w.write('conf/jawort.yaml', w.host); }
  found(w.doctor({ conf: w.at('conf/none.yaml') }), ['config'], /none\.yaml/, 4);
});

test('fault 32: keys that are not those of the data', () => {
  fs.renameSync(w.at('keys/club.keys'), w.at('keys/away'));
  try {
    const d = w.doctor();
    assert.ok(ids(d).includes('site'), show(d));
    assert.equal(d.code, 3);
  } finally { fs.renameSync(w.at('keys/away'), w.at('keys/club.keys')); }
});

test('config check: what is in force against what is configured now (L10, L42)', async () => {
  const check = () => { const r = w.jawort(['config', 'check', '--json']); return JSON.parse(r.out).filter((f) => /^L(10|42)$/.test(f.id)); };
  assert.deepEqual(check(), []);
  const changed = await site('frequency: { de: monatlich, en: monthly }', 'frequency: { de: täglich, en: daily }', check);
  assert.deepEqual(changed.map((f) => f.id).sort(), ['L10', 'L10', 'L42', 'L42'], JSON.stringify(changed));
  assert.ok(changed.every((f) => f.severity === 'warning' && f.line > 0 && /config apply/.test(f.mend)));
  assert.match(changed.find((f) => f.id === 'L42').text, /purposes\.news\.frequency.* consented to/);
  const told = await site('address: [Gasse 1, 10115 Berlin]', 'address: [Gasse 2, 10115 Berlin]', check);
  assert.deepEqual([...new Set(told.map((f) => f.id))].sort().slice(0, 1), ['L10'], JSON.stringify(told));
  assert.deepEqual(check(), []);
});

test('control again: everything was taken back', () => clean(w.doctor()));

// --- mail test -----------------------------------------------------------------------------------------------

const messages = async () => (await fetch(`${w.fake}/_fake/messages`)).json();

test('mail test: one marked mail, the provider\'s id, no person', async () => {
  const before = (await messages()).length;
  const r = w.jawort(['mail', 'test', 'admin@example.net']);
  assert.equal(r.code, 0, r.out + r.err);
  const sent = (await messages()).slice(before);
  assert.equal(sent.length, 1);
  assert.equal(sent[0].Email, 'admin@example.net');
  assert.ok(r.out.includes(`id ${sent[0].ID}`), r.out);
  assert.match(sent[0].Message.Subject, /^\[Test\] Bitte bestätigen: Vereinspost$/);
  assert.match(sent[0].Message.TextPart, /^Das ist eine Testmail/);
  assert.match(sent[0].Message.HTMLPart, /<body[^>]*>\s*<p[^>]*>Das ist eine Testmail/);
  assert.equal(sent[0].Message.TrackOpens, 'disabled');
  assert.match(sent[0].Message.Headers['List-Unsubscribe'], /\/j\/u\/SAMPLE[-A-Z]*>/);
  assert.match(r.out, /dkim=pass/);
  for (const line of r.out.split('\n')) assert.ok([...line].length <= 110, line);
  const person = w.jawort(['person', 'find', 'admin@example.net']);
  assert.equal(person.code, 1);
  assert.match(person.err, /nothing is held/);
  const english = JSON.parse(w.jawort(['mail', 'test', 'admin@example.net', '--lang', 'en', '--form', 'news', '--json']).out);
  assert.equal(english.sent, true);
  assert.match(english.subject, /^\[Test\] Please confirm/);
  assert.equal(english.tries[0].id, (await messages()).at(-1).ID);
});

test('mail test -n sends nothing', async () => {
  const before = (await messages()).length;
  const r = w.jawort(['mail', 'test', 'admin@example.net', '-n']);
  assert.equal(r.code, 0, r.err);
  assert.match(r.out, /Not sent \(-n\)[^]*Das ist eine Testmail/);
  assert.equal((await messages()).length, before);
});

test('mail test: refusals have their exit codes', async () => {
  assert.equal(w.jawort(['mail', 'test', 'nobody']).code, 2);
  assert.equal(w.jawort(['mail', 'test', 'admin@example.net', '--form', 'none']).code, 2);
  assert.equal(w.jawort(['mail', 'test', 'admin+429@example.net']).code, 75);
  assert.equal(w.jawort(['mail', 'test', 'admin+badaddress@example.net']).code, 1);
  const lost = w.jawort(['mail', 'test', 'admin+lost@example.net']);
  assert.equal(lost.code, 75);
  assert.match(lost.out, /may have been sent/);
  w.write('conf/sites/mailjet.key', 'KEY:WRONG\n', 0o600);
  const wrong = w.jawort(['mail', 'test', 'admin@example.net']);
  w.write('conf/sites/mailjet.key', 'KEY:SECRET\n', 0o600);
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /does not accept the API key/);
});

test('mail test in mode try-out stays on this machine', async () => {
  const before = (await messages()).length;
  await site('route: [mailjet]', 'route: [mailjet, dir]\n  dir: { path: ../../mails }', async () => {
    w.write('conf/sites/club.yaml', w.read('conf/sites/club.yaml').replace('mode: live', 'mode: try-out'));
    const r = w.jawort(['mail', 'test', 'admin@example.net']);
    assert.equal(r.code, 0, r.out + r.err);
    assert.match(r.out, /route\s+dir \(mode try-out/);
  });
  assert.equal((await messages()).length, before);
  assert.equal(fs.readdirSync(w.at('mails')).filter((f) => f.endsWith('.eml')).length, 1);
});
