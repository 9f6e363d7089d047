// A live site whose first provider is away: Brevo (tests/fakes/brevo.mjs) takes the mails. The link in them works, the
// evidence names who took the mail under which id, the list follows the consent, and a bounce stops further mails.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { formOf, root, start, until } from './lib.mjs';

const KEY = 'xkeysib-0123456789';
const SECRET = 'fedcba9876543210fedcba9876543210';
let s, fake, api;

const fakeStart = () => new Promise((resolve, reject) => {
  const p = spawn(process.execPath, [path.join(root, 'tests/fakes/brevo.mjs'), '--key', KEY, '--sender', '*@radwerkstatt.example.org', '--list', '7'],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => p.kill());
  p.once('error', reject);
  p.stdout.once('data', (d) => resolve({ p, url: `http://127.0.0.1:${/port (\d+)/.exec(d)[1]}` }));
});

function site(endpoint) {
  return fs.readFileSync(path.join(root, 'demo/conf/sites/demo.yaml'), 'utf8')
    .replaceAll('8080', '@PORT@')
    .replace('mode: try-out', 'mode: live')
    .replace('etwa einmal im Monat, en: about once a month }', '$&\n    provider_list: "7"')
    .replace(/ {2}route: \[dir\]\n {2}dir: .*\n/, `  route: [mailjet, brevo]
  mailjet: { key_file: mailjet.key, endpoint: "http://127.0.0.1:1" }
  brevo: { key_file: brevo.key, endpoint: "${endpoint}" }
  hooks: { brevo: { secret_file: brevo.secret } }
processors:
  mailjet: { contract_party: Mailjet SAS, address: [75009 Paris], country: FR, contract: { date: 2026-03-01 } }
  brevo: { contract_party: Sendinblue SAS, address: [75017 Paris], country: FR, contract: { date: 2026-03-01 } }
`);
}

before(async () => {
  const mask = process.umask(0o077);
  fake = await fakeStart();
  s = await start({ extraSites: { 'demo.yaml': site(fake.url), 'brevo.key': `${KEY}\n`, 'mailjet.key': 'K:S\n', 'brevo.secret': `${SECRET}\n` } });
  process.umask(mask);
  api = async (at) => (await fetch(fake.url + at, { headers: { 'api-key': KEY } })).json();
  await fetch(`${fake.url}/_fake/hook`, { method: 'POST', body: JSON.stringify({ url: `${s.url}/j/hook/brevo/${SECRET}` }) });
});
after(async () => { await s?.stop(); fake?.p.kill(); });

const pathOf = (url) => new URL(url).pathname;
const taken = async (address) => (await api('/_fake/messages')).find((m) => m.Email === address);

/** Signs up by hand; what Brevo has then. */
async function signUp(address) {
  const f = formOf((await s.get('/j/s/news?lang=de')).body);
  f.fields.set('email', address);
  assert.equal((await s.post('/j/s/news', f.fields, { Origin: s.url })).status, 303);
  return until(`a mail to ${address} at Brevo`, 15_000, () => taken(address));
}

test('the mail goes to the next provider, and its link works', async () => {
  const address = 'anna@example.org';
  const mail = await signUp(address);
  const m = mail.Message;
  assert.equal(m.sender.email, 'post@radwerkstatt.example.org');
  assert.ok(m.htmlContent.length > 100 && !/\{\{|\{%/.test(m.htmlContent + m.textContent + m.subject));
  const link = /https?:\/\/\S+\/c\/[\w-]{43}/.exec(m.textContent)[0];
  assert.ok(m.htmlContent.includes(link), 'both parts hold the link');
  const out = /<(.+)>/.exec(m.headers['List-Unsubscribe'])[1];
  assert.equal((await s.post(pathOf(link), { action: 'confirm' })).status, 200);
  assert.equal(s.person(address).state, 'active');

  const proof = await until('the evidence', 5000, () => s.person(address).events.find((e) => e.kind === 'mail_accepted'));
  assert.equal(proof.provider, 'brevo');
  assert.equal(proof.provider_id, mail.ID);
  assert.match(s.log('worker'), /event=mail_hold .*provider=mailjet/);

  // Mailjet stands first, so the lists are its; Brevo hears of the erasure alone.
  assert.equal((await api('/v3/contacts/anna%40example.org')).code, 'document_not_found');
  assert.equal((await s.post(pathOf(out), 'List-Unsubscribe=One-Click', { 'Content-Type': 'application/x-www-form-urlencoded' })).status, 200);
  assert.notEqual(s.person(address).state, 'active');
});

test('a hard bounce stops further mails', async () => {
  const address = 'bert+hard@example.org';
  await signUp(address);
  await until('the bounce', 20_000, () => s.person(address)?.state === 'bounced');
  assert.ok(s.person(address).events.some((e) => e.provider === 'brevo' && e.detail === 'bounce-hard'));
  for (const secret of ['wrong', SECRET.toUpperCase()])
    assert.equal((await s.request('POST', `/j/hook/brevo/${secret}`, { body: '{}', headers: { 'Content-Type': 'application/json' } })).status, 401);
});

test('nothing secret and nobody is in the logs', () => {
  const all = ['serve', 'worker'].map((n) => s.log(n)).join('\n');
  for (const word of [KEY, SECRET, 'anna@', 'bert+hard'])
    assert.ok(!all.includes(word), word);
});
