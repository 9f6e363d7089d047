// The form as a static site generator fetches it: whole, with the page's address, or not at all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import jawort, { jawortForm } from '../../contrib/eleventy/jawort.mjs';
import { formOf, start } from './lib.mjs';

let service;
before(async () => { service = await start(); });
after(async () => { await service?.stop(); });

test('Eleventy: a form that works', async () => {
  const html = await jawortForm(`${service.url}/j/s/news`, { lang: 'en', page: 'https://www.example.org/?a="1"&b' });
  const f = formOf(html);
  assert.match(html, /Yes, I consent/);
  assert.match(html, /name="page" value="https:\/\/www\.example\.org\/\?a=&#34;1&#34;&#38;b"><\/form>/);
  f.fields.set('email', 'eleventy@example.org');
  f.fields.set('page', 'https://www.example.org/');
  const answer = await service.post('/j/s/news', f.fields);
  assert.equal(answer.status, 303, answer.body);
  await service.mail('eleventy@example.org');
});

test('Eleventy: the shortcode knows language and address of its page', async () => {
  let made;
  jawort({ addAsyncShortcode: (name, fn) => { made = { name, fn }; } }, { site: 'https://www.example.org' });
  assert.equal(made.name, 'jawortForm');
  const html = await made.fn.call({ page: { url: '/news/' }, ctx: { lang: 'de' } }, `${service.url}/j/s/news`);
  assert.match(html, /Ja, ich willige ein[\s\S]*name="page" value="https:\/\/www\.example\.org\/news\/"/);
});

test('Eleventy: an unknown form and a service that is away end the build', async () => {
  await assert.rejects(jawortForm(`${service.url}/j/s/nothing`), /status 404/);
  await assert.rejects(jawortForm('http://127.0.0.1:9/j/s/news'));
});
