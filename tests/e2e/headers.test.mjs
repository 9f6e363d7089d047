// What goes with every answer: policy headers, caching, no cookie, no third party, no token in a log.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { none, until } from './lib.mjs';
import { collect } from './pages.mjs';

let all, own;
before(async () => {
  all = await collect();
  own = all.pages.filter((p) => /^\/(j|firm|site|portal)\//.test(p.path)); // the demo's own pages come from nginx alone
});
after(async () => { await all?.service.stop(); });

const each = (fn) => {
  const found = [];
  for (const p of own) { const bad = fn(p); if (bad) found.push(`${p.lang} ${p.name}: ${bad}`); }
  none(found);
};
const token = (p) => /\/[cu]\//.test(p.path);

const framed = (p) => /[?&]frame/.test(p.path);

test('the form in a frame: one script, and only the listed origins around it', () => {
  const { url } = all.service, frames = own.filter(framed);
  assert.equal(frames.length, 6); // form, two notices, in both languages
  for (const p of frames) {
    const csp = p.headers['content-security-policy'];
    assert.match(csp, /^default-src 'none'; style-src 'sha256-[^;*]+; form-action 'self'/);
    assert.ok(csp.endsWith(`; script-src ${url}/${p.path.split('/')[1]}/jawort.js; connect-src 'self'; base-uri 'none'; frame-ancestors 'self' ${url}`), csp);
    assert.equal([...p.body.matchAll(/<script/g)].length, 1);
  }
});

test('Content-Security-Policy allows nothing but what the page needs', () => each((p) => {
  const csp = p.headers['content-security-policy'] ?? '';
  if (framed(p)) return '';
  if (!csp.startsWith("default-src 'none'")) return `csp ${csp}`;
  if (/unsafe|\*|script-src|data:/.test(csp)) return `csp ${csp}`;
  if (!/frame-ancestors 'none'/.test(csp)) return 'may be framed';
  return /<script|\son[a-z]+=|style="/i.test(p.body) ? 'script or inline style in the page' : '';
}));

test('nosniff, types with a charset, a language', () => each((p) => {
  if (p.headers['x-content-type-options'] !== 'nosniff') return 'no nosniff';
  if (!/charset=utf-8/i.test(p.headers['content-type'] ?? '')) return `type ${p.headers['content-type']}`;
  return '';
}));

test('no cookie', () => each((p) => (p.headers['set-cookie'] ? 'cookie' : '')));

test('what is personal is not kept and not passed on', () => each((p) => {
  const personal = token(p) || p.status === 422 || p.status === 409 || p.name === 'review';
  if (!personal) return '';
  if (p.headers['cache-control'] !== 'no-store') return `cache-control ${p.headers['cache-control']}`;
  return p.headers['referrer-policy'] === 'no-referrer' ? '' : `referrer-policy ${p.headers['referrer-policy']}`;
}));

test('forms and notices can be kept and revalidated', async () => {
  for (const at of ['/j/s/news?lang=de', '/j/s/news?fragment', '/j/s/news?fragment&id=a', '/j/s/news?frame', '/j/jawort.js', '/j/n?lang=de', '/j/my?lang=de']) {
    const r = await all.service.get(at);
    assert.match(r.headers['cache-control'], /public|max-age/);
    assert.ok(r.headers.etag, at);
    assert.equal((await all.service.get(at, { 'If-None-Match': r.headers.etag })).status, 304);
    assert.equal((await all.service.get(at, { 'If-None-Match': '"other"' })).status, 200);
  }
});

test('nothing is loaded from anybody else', () => each((p) => {
  for (const [, at] of p.body.matchAll(/<(?:img|link|script|iframe|source|video|audio|embed|object)\b[^>]*(?:src|href|data)="([^"]+)"/g))
    if (!at.startsWith('/') && !at.startsWith(all.service.url)) return `loads ${at}`;
  return '';
}));

// What the classes promise, route by route. kept: how long caches may keep it; open: readable by scripts of any site.
const forms = { kept: 'public, max-age=60', referrer: 'strict-origin-when-cross-origin', open: false };
const notices = { ...forms, open: true };
const assets = { ...notices, kept: 'public, max-age=86400' };
const secrets = { kept: 'no-store', referrer: 'no-referrer', open: false };
const data = { kept: 'no-cache', referrer: 'no-referrer', open: true };

test('each route has the headers of its class', async () => {
  const hash = JSON.parse((await all.service.get('/site/n.json?lang=de')).body).hash;
  const rows = [
    ['GET', '/j/s/news?lang=de', 200, forms], ['GET', '/j/s/news/sent', 200, forms], ['GET', '/j/my?lang=de', 200, forms], ['GET', '/j/my/sent', 200, forms], ['GET', '/j/s/news?token', 200, secrets],
    ...['n', 'n.html', 'n.txt', 'n.md', 'n.json', 'n/versions', 'n/diff?lang=de', `n/v/${hash}`, `n/v/${hash}.html`].map((x) => ['GET', `/site/${x}`, 200, notices]),
    ['GET', `/site/n/v/${'0'.repeat(64)}`, 404, secrets], ['GET', '/site/n/diff?from=x&to=y', 404, secrets],
    ...['n.schema.json', 'jawort.css', 'jawort.js', 'jawort.v1.js'].map((x) => ['GET', `/j/${x}`, 200, assets]),
    ['GET', '/j/.well-known/jawort', 200, data], ['GET', '/j/healthz', 200, secrets], ['GET', '/j/readyz', 200, secrets],
    ...['mailjet', 'brevo'].flatMap((x) => [['POST', `/j/hook/${x}/wrong-secret`, 401, secrets], ['POST', `/j/hook/${x}`, 401, secrets], ['GET', `/j/hook/${x}/wrong-secret`, 405, secrets]]),
    ['GET', `/j/c/${'A'.repeat(43)}`, 404, secrets], ['GET', `/j/u/${'A'.repeat(43)}`, 404, secrets], ['GET', `/j/my/${'A'.repeat(43)}`, 404, secrets],
  ];
  const found = [];
  for (const [method, at, status, want] of rows) {
    const o = method === 'POST' ? { body: '{}', headers: { 'Content-Type': 'application/json' } } : {};
    const { status: got, headers: h } = await all.service.request(method, at, o);
    const wrong = [
      got !== status && `status ${got}`,
      h['cache-control'] !== want.kept && `cache-control ${h['cache-control']}`,
      h['referrer-policy'] !== want.referrer && `referrer-policy ${h['referrer-policy']}`,
      h['x-content-type-options'] !== 'nosniff' && 'no nosniff',
      !h['content-security-policy']?.startsWith("default-src 'none'") && `csp ${h['content-security-policy']}`,
      (h['access-control-allow-origin'] === '*') !== want.open && `readable by ${h['access-control-allow-origin']}`,
      h['set-cookie'] && 'cookie',
      h['access-control-allow-credentials'] && 'credentials',
    ].filter(Boolean);
    found.push(...wrong.map((x) => `${method} ${at}: ${x}`));
  }
  none(found);
});

test('GET and HEAD say the same', async () => {
  for (const at of ['/j/s/news?lang=de', '/j/n?lang=en', '/j/nothing']) {
    const get = await all.service.get(at), head = await all.service.request('HEAD', at);
    assert.equal(head.status, get.status, at);
    assert.equal(head.body, '', at);
    for (const k of ['content-type', 'cache-control', 'content-security-policy']) assert.equal(head.headers[k], get.headers[k], `${at} ${k}`);
  }
});

test('no log has a token or an address', async () => {
  const dir = path.join(all.service.dir, 'log');
  await until('nginx to write its log', 3000, () => fs.readFileSync(path.join(dir, 'nginx-access.log'), 'utf8').includes('GET / '));
  const tokens = all.mails.flatMap((m) => [m.confirm, m.unsubscribe, m.hub]).filter(Boolean).map((u) => u.split('/').pop());
  for (const f of fs.readdirSync(dir)) {
    const text = fs.readFileSync(path.join(dir, f), 'utf8');
    for (const t of tokens) assert.ok(!text.includes(t.slice(0, 20)), `token in ${f}`);
    assert.doesNotMatch(text, /@example\.org/, `address in ${f}`);
  }
});
