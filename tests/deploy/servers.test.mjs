// Apache, lighttpd and Caddy, each with the file of deploy/ that docs/deploy.md tells to use, and nginx for
// comparison: the same life behind each. Not in `make test`; `make test-servers` installs what is missing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { describe, test } from 'node:test';
import { formOf, request, sleep, until } from '../e2e/lib.mjs';
import { servers, world } from './world.mjs';

async function life(w, name) {
  const address = `anna@${name}.example.org`;
  const page = await request(w, 'GET', '/j/s/news?lang=en', { headers: { 'Accept-Language': 'de' } });
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type'], /text\/html/);
  assert.match(page.headers['content-language'], /^en/, 'the query arrives');
  assert.ok(page.headers['content-security-policy'] && page.headers.etag);
  const german = await request(w, 'GET', '/j/s/news', { headers: { 'Accept-Language': 'de' } });
  assert.match(german.headers['content-language'], /^de/, 'the language header arrives');
  assert.equal((await request(w, 'GET', '/j/s/news', { headers: { 'Accept-Language': 'de', 'If-None-Match': german.headers.etag } })).status, 304);
  const head = await request(w, 'HEAD', '/j/s/news', { headers: { 'Accept-Language': 'de' } });
  assert.equal(head.status, 200);
  assert.equal(head.body, '');

  const f = formOf(page.body);
  f.fields.set('email', 'no address');
  const wrong = await request(w, 'POST', '/j/s/news', { fields: f.fields, headers: { Origin: `http://localhost:${w.port}` } });
  assert.equal(wrong.status, 422);
  assert.match(wrong.body, /role="alert"/, 'our page, not one of the web server');
  f.fields.set('email', address);
  f.fields.set('first_name', 'Anna Übermut');
  const answer = await request(w, 'POST', '/j/s/news', { fields: f.fields, headers: { Origin: `http://localhost:${w.port}` }, from: '127.7.6.5' });
  assert.equal(answer.status, 303, answer.body);
  assert.match(answer.headers.location, /\/j\/s\/news\/sent/);
  const mail = await w.mail(address);
  const c = new URL(mail.confirm).pathname, u = new URL(mail.unsubscribe).pathname;

  assert.equal((await request(w, 'GET', c)).status, 200);
  const seen = await request(w, 'HEAD', c);
  assert.equal(seen.status, 200);
  assert.match(seen.headers['cache-control'], /no-store/);
  assert.equal(w.person(address).state, 'pending', 'opening a link changes nothing');
  assert.equal((await request(w, 'POST', c, { fields: { action: 'confirm' } })).status, 200);
  let p = w.person(address);
  assert.equal(p.state, 'active');
  assert.equal(p.events.find((e) => e.kind === 'requested').ip, '127.7.6.0', "the visitor's own address arrives");
  const boundary = { headers: { 'Content-Type': 'multipart/form-data; boundary=x7' },
    body: '--x7\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x7--\r\n' };
  const click = await request(w, 'POST', u, boundary);
  assert.equal(click.status, 200);
  assert.equal(click.headers.location, undefined);
  assert.equal(w.person(address).state, 'unsubscribed');

  for (const at of ['/j/n', '/j/n.json', '/j/jawort.js', '/j/.well-known/jawort'])
    assert.ok([200, 404].includes((await request(w, 'GET', at)).status), at);
  assert.equal((await request(w, 'GET', '/j/n')).status, 200);
  assert.equal((await request(w, 'GET', '/j/nothing')).status, 404);
  const large = await request(w, 'POST', '/j/s/news', { body: `email=${'a'.repeat(40_000)}`, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  assert.equal(large.status, 413);
  await sleep(300);
  const access = fs.existsSync(w.access) ? fs.readFileSync(w.access, 'utf8') : '';
  for (const token of [c, u]) assert.ok(!access.includes(token.split('/').at(-1)), 'no token in the access log');
}

describe('the same life behind', () => {
  for (const name of Object.keys(servers)) test(name, { timeout: 300_000 }, async (t) => life(await world(name, t), name));
});

/** A chunked body has no length; the web server must find it out or refuse it, never hand it on cut. */
async function chunked(w) {
  const f = formOf((await request(w, 'GET', '/j/s/news?lang=de')).body);
  f.fields.set('email', 'stueckweise@example.org');
  const text = f.fields.toString();
  return new Promise((done, failed) => {
    const s = net.connect(w.port, '127.0.0.1', () => {
      s.write(`POST /j/s/news HTTP/1.1\r\nHost: localhost:${w.port}\r\nOrigin: http://localhost:${w.port}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n`);
      for (const part of [text.slice(0, 7), text.slice(7)]) s.write(`${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`);
      s.write('0\r\n\r\n');
    });
    let got = '';
    s.on('data', (d) => (got += d));
    s.on('end', () => done(Number(got.split(' ')[1])));
    s.on('error', failed);
  });
}

describe('a body in chunks arrives whole or not at all behind', () => {
  for (const name of Object.keys(servers))
    test(name, { timeout: 300_000 }, async (t) => {
      const w = await world(name, t);
      const status = await chunked(w);
      t.diagnostic(`status ${status}`);
      assert.ok([303, 400, 411, 501].includes(status), String(status));
      const held = () => w.person('stueckweise@example.org')?.state ?? null;
      /* The answer comes when the sign-up is durable, the person a moment later. */
      if (status === 303) await until('the person is held', 10_000, held);
      else await sleep(1000);
      assert.equal(held(), status === 303 ? 'pending' : null);
    });
});
