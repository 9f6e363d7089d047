// Every page a visitor can meet, in one language: asked for over HTTP as the service really answers, kept with
// its headers. The tests of HTML, access and headers walk this list.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { formOf, mailParse, request, root, signUp, start, stopKeep, until } from './lib.mjs';

const DAY_S = 86_400;

/** A second site on the same host: two purposes, a processor, a transfer, so that every sort of row is in its notice. */
export const firmSite = `site: firm
base_url: http://localhost:@PORT@/firm
origins: [http://localhost:@PORT@]
languages: [de, en]
mode: try-out
controller:
  name: Beispiel GmbH
  legal_form: GmbH
  represented_by: "Vera Beispiel, Geschäftsführerin"
  address: [Musterstraße 1, 12345 Berlin]
  country: DE
  state: BE
  email: datenschutz@firma.example.org
  imprint: http://localhost:@PORT@/impressum.html
dpo: { name: Dr. Erika Beispiel, email: dsb@firma.example.org }
purposes:
  news:
    channel: email
    title: { de: Neuigkeiten, en: News }
    content: { de: neue Geräte und Termine, en: new devices and dates }
    frequency: { de: höchstens einmal im Monat, en: at most once a month }
  tips:
    channel: email
    title: { de: Tipps, en: Tips }
    content: { de: Tipps zur Pflege, en: tips for care }
    frequency: { de: etwa viermal im Jahr, en: about four times a year }
forms:
  all: { purposes: [news, tips], fields: [first_name?, last_name?] }
mail:
  from: { name: Beispiel GmbH, email: post@firma.example.org }
  route: [dir]
  dir: { path: ../../mails-firm }
processors:
  mailjet:
    contract_party: Mailjet SAS
    address: [4 rue Jules Lefebvre, 75009 Paris]
    country: FR
    parent: Sinch AB
    us_affiliate: true
    storage_locations: [DE, BE]
    contract: { date: 2026-03-01, covers: [duration, data, purpose, instructions, subprocessors, deletion, audit], copy: avv-mailjet.pdf }
    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 }
hosting: self
retention: { unconfirmed: 7d, evidence: 3y, ip: 30d, requests: 3y, deny_block: 30d, backups: 30d, logs: 7d }
links: { confirm: 48h, rights: 15m }
evidence: { ip: truncated }
`;

/**
 * The sites whose notices speak for a whole website (tests/golden/conf), moved to this host; the second one says "du".
 * Their mails go to a folder of their own.
 */
export function websiteSites() {
  const moved = (id, more) => `${fs.readFileSync(path.join(root, `tests/golden/conf/sites/${id}.yaml`), 'utf8')
    .replace(/^base_url: .*/m, `base_url: http://localhost:@PORT@/${id}`)
    .replace(/^origins: .*/m, 'origins: [http://localhost:@PORT@]')
    .replace(/^  route: [^\n]*\n(?:  (?:smtp|mailjet): [^\n]*\n)+/m, `  route: [dir]\n  dir: { path: ../../mails-${id} }\n`)
    .replace(/^mode: .*\n?/m, '')}\nmode: try-out\n${more}`;
  return { 'site.yaml': moved('site', ''), 'portal.yaml': moved('portal', 'address: du\n') };
}

export class Pages {
  constructor(service, lang) {
    this.s = service;
    this.lang = lang;
    this.list = [];
  }

  async take(name, status, method, at, o = {}) {
    const headers = { 'Accept-Language': this.lang, ...o.headers };
    const r = await request(this.s, method, at, { ...o, headers });
    assert.equal(r.status, status, `${this.lang} ${name}: ${method} ${at}\n${r.body.slice(0, 2000)}`);
    assert.equal(/<html lang="([^"]*)"/.exec(r.body)?.[1] ?? this.lang, this.lang, `language of ${name} (${method} ${at})`);
    this.list.push({ name, lang: this.lang, path: at, ...r });
    return r;
  }
}

const tokenPath = (url) => new URL(url).pathname;

async function formPages(p) {
  const q = `?lang=${p.lang}`;
  const page = await p.take('form', 200, 'GET', `/j/s/news${q}`);
  const f = formOf(page.body);
  const form = (change) => {
    const all = new URLSearchParams(f.fields);
    for (const [k, v] of Object.entries(change)) { if (v === null) all.delete(k); else all.set(k, v); }
    return { fields: all, headers: { Origin: p.s.url } };
  };
  await p.take('all missing', 422, 'POST', `/j/s/news${q}`, { fields: { lang: p.lang, v: f.fields.get('v') }, headers: { Origin: p.s.url } });
  await p.take('address wrong', 422, 'POST', `/j/s/news${q}`, form({ email: 'anna@@example.org', first_name: 'Anna' }));
  await p.take('text changed', 409, 'POST', `/j/s/news${q}`, form({ email: 'anna@example.org', v: '00000000' }));
  await p.take('review', 200, 'POST', `/j/s/news${q}`, { fields: form({ email: 'anna@example.org', first_name: 'Anna' }).fields, headers: { Origin: 'https://foreign.example' } });
  await p.take('sent', 200, 'GET', `/j/s/news/sent${q}`);
  return form;
}

/** The mails of a site that has a folder of its own. */
async function siteMail(s, site, to) {
  const dir = path.join(s.dir, `mails-${site}`);
  return until(`mail to ${to}`, 10_000, () => fs.existsSync(dir) && fs.readdirSync(dir)
    .filter((f) => f.endsWith('.eml')).map((f) => mailParse(path.join(dir, f))).find((m) => m.to.includes(to)));
}

/** The life of somebody who wants two things and then one less. */
async function twoPurposes(p) {
  const q = `?lang=${p.lang}`, origin = { Origin: p.s.url }, to = `two-${p.lang}@example.org`;
  const page = await p.take('form of two purposes', 200, 'GET', `/firm/s/all${q}`);
  const f = formOf(page.body).fields;
  const none = new URLSearchParams({ lang: p.lang, v: f.get('v'), first_name: 'x'.repeat(300) });
  await p.take('several errors', 422, 'POST', `/firm/s/all${q}`, { fields: none, headers: origin });
  f.set('email', to);
  f.set('first_name', 'Anna');
  await p.take('review of two purposes', 200, 'POST', `/firm/s/all${q}`, { fields: f, headers: { Origin: 'https://foreign.example' } });
  const sent = await request(p.s, 'POST', `/firm/s/all${q}`, { fields: f, headers: origin });
  assert.equal(sent.status, 303, sent.body);
  const mail = await siteMail(p.s, 'firm', to), c = tokenPath(mail.confirm), u = tokenPath(mail.unsubscribe);
  const post = (fields) => ({ fields, headers: origin });
  await p.take('confirm two purposes', 200, 'GET', c);
  await p.take('confirmed two purposes', 200, 'POST', c, post({ action: 'confirm' }));
  await p.take('withdraw two purposes', 200, 'GET', u);
  await p.take('withdrawn one of two', 200, 'POST', u, post({ action: 'withdraw', p: 'news' }));
  await p.take('withdraw the other', 200, 'GET', u);
  await p.take('withdrawn all', 200, 'POST', u, post({ action: 'withdraw_all' }));
  return mail;
}

/** Where people are called "du": what says "you" somewhere. In English nothing differs. */
async function familiar(p) {
  const q = `?lang=${p.lang}`, origin = { Origin: p.s.url }, to = `du-${p.lang}@example.org`;
  const f = formOf((await p.take('du form', 200, 'GET', `/portal/s/news${q}`)).body).fields;
  f.set('email', to);
  const post = (fields) => ({ fields, headers: origin });
  await p.take('du all missing', 422, 'POST', `/portal/s/news${q}`, post({ lang: p.lang, v: f.get('v') }));
  const changed = new URLSearchParams(f);
  changed.set('v', '00000000');
  await p.take('du text changed', 409, 'POST', `/portal/s/news${q}`, post(changed));
  await p.take('du review', 200, 'POST', `/portal/s/news${q}`, { fields: f, headers: { Origin: 'https://foreign.example' } });
  await p.take('du sent', 200, 'GET', `/portal/s/news/sent${q}`);
  assert.equal((await request(p.s, 'POST', `/portal/s/news${q}`, post(f))).status, 303);
  const mail = await siteMail(p.s, 'portal', to), c = tokenPath(mail.confirm), u = tokenPath(mail.unsubscribe);
  await p.take('du confirm', 200, 'GET', c);
  await p.take('du confirmed', 200, 'POST', c, post({ action: 'confirm' }));
  await p.take('du withdraw', 200, 'GET', u);
  await p.take('du withdrawn', 200, 'POST', u, post({ action: 'withdraw' }));
  await p.take('du no such page', 404, 'GET', `/portal/nothing${q}`);
  return mail;
}

async function errorPages(p, form) {
  await p.take('no such form', 404, 'GET', `/j/s/nothing?lang=${p.lang}`);
  await p.take('no such page', 404, 'GET', `/j/nothing?lang=${p.lang}`);
  await p.take('bad token', 404, 'GET', `/j/c/${'A'.repeat(43)}`);
  await p.take('method', 405, 'PUT', '/j/s/news');
  await p.take('too large', 413, 'POST', '/j/s/news', form({ email: 'a'.repeat(20_000) }));
  await p.take('type', 415, 'POST', '/j/s/news', { body: '{}', headers: { 'Content-Type': 'application/json' } });
  await p.take('bytes', 400, 'POST', '/j/s/news', { body: 'email=%00', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
}

async function linkPages(p, expire) {
  const post = (at, action) => ({ fields: { action }, headers: { Origin: p.s.url } });
  const { mail } = await signUp(p.s, `life-${p.lang}@example.org`, { lang: p.lang });
  const c = tokenPath(mail.confirm), u = tokenPath(mail.unsubscribe);
  await p.take('confirm', 200, 'GET', c);
  await p.take('withdraw while pending', 200, 'GET', u);
  await p.take('confirmed', 200, 'POST', c, post(c, 'confirm'));
  await p.take('confirmed before', 200, 'GET', c);
  await p.take('withdraw', 200, 'GET', u);
  await p.take('withdrawn', 200, 'POST', u, post(u, 'withdraw'));
  await p.take('spent link of one who left', 200, 'GET', c);
  const denied = (await signUp(p.s, `deny-${p.lang}@example.org`, { lang: p.lang })).mail;
  await p.take('denied', 200, 'POST', tokenPath(denied.confirm), post(c, 'deny'));
  await p.take('erased', 410, 'GET', tokenPath(denied.confirm));
  await p.take('withdraw after erasure', 200, 'GET', tokenPath(denied.unsubscribe));
  const member = (await signUp(p.s, `member-${p.lang}@example.org`, { lang: p.lang })).mail;
  assert.equal((await request(p.s, 'POST', tokenPath(member.confirm), post(c, 'confirm'))).status, 200);
  const cancelled = (await signUp(p.s, `cancel-${p.lang}@example.org`, { lang: p.lang })).mail;
  const cu = tokenPath(cancelled.unsubscribe);
  await p.take('withdrawn while pending', 200, 'POST', cu, post(cu, 'withdraw'));
  expire.push((await signUp(p.s, `late-${p.lang}@example.org`, { lang: p.lang })).mail);
  return mail;
}

/** Changes the firm's configuration. It named no officer and kept logs for longer, and then changed that: its notice has two versions. */
export async function newNotice(service, text = firmSite) {
  const notice = async () => (await request(service, 'GET', '/firm/n.html')).body;
  const before = await notice();
  assert.ok(before.length > 1000, before);
  fs.writeFileSync(path.join(service.dir, 'conf/sites/firm.yaml'), text.replaceAll('@PORT@', String(service.port)));
  process.kill(service.pid('serve'), 'SIGHUP');
  await until('another notice', 10_000, async () => (await notice()) !== before);
}

async function versionPages(p) {
  const list = await p.take('versions', 200, 'GET', `/firm/n/versions?lang=${p.lang}`);
  const old = [...list.body.matchAll(/href="[^"]*(\/firm\/n\/v\/[0-9a-f]{64})"/g)].map((m) => m[1]).at(-1);
  await p.take('version in force', 200, 'GET', /href="[^"]*(\/firm\/n\/v\/[0-9a-f]{64})"/.exec(list.body)[1]);
  await p.take('version of old', 200, 'GET', `${old}?lang=${p.lang}`);
  await p.take('difference', 200, 'GET', `/firm/n/diff?lang=${p.lang}`);
}

async function noticePages(p) {
  await p.take('notice of a website', 200, 'GET', `/site/n?lang=${p.lang}`);
  await p.take('du notice of a website', 200, 'GET', `/portal/n?lang=${p.lang}`);
  await p.take('notice of a website in a frame', 200, 'GET', `/site/n?frame&lang=${p.lang}`);
  for (const site of ['j', 'firm']) {
    await p.take(`notice ${site}`, 200, 'GET', `/${site}/n?lang=${p.lang}`);
    await p.take(`notice fragment ${site}`, 200, 'GET', `/${site}/n.html?lang=${p.lang}`);
  }
  await p.take('notice in a frame', 200, 'GET', `/firm/n?frame&lang=${p.lang}`);
  await versionPages(p);
  await p.take('form fragment', 200, 'GET', `/j/s/news?fragment&lang=${p.lang}`);
  await p.take('form fragment with a heading', 200, 'GET', `/firm/s/all?fragment&h=2&id=x&lang=${p.lang}`);
  await p.take('form in a frame', 200, 'GET', `/j/s/news?frame&lang=${p.lang}`);
}

/** Between two starts: three sign-ups per network and hour, and a site whose data are damaged. */
function ruin(service) {
  const host = fs.readFileSync(service.conf, 'utf8').replace(/per_prefix: [^ }]+/, 'per_prefix: 3/1h');
  assert.match(host, /per_prefix: 3\/1h/);
  fs.writeFileSync(service.conf, host);
  fs.writeFileSync(path.join(service.dir, 'data/firm/data.db'), 'x'.repeat(8192));
}

/** What somebody meets when too much comes at once, or when we are out of order. */
async function troubled(p) {
  const page = await request(p.s, 'GET', `/j/s/news?lang=${p.lang}`);
  const f = formOf(page.body).fields;
  f.set('email', `busy-${p.lang}@example.org`);
  const o = { fields: f, headers: { Origin: p.s.url }, from: p.lang === 'de' ? '127.30.1.1' : '127.30.2.1' };
  for (let i = 0; i < 3; i += 1) assert.equal((await request(p.s, 'POST', '/j/s/news', o)).status, 303);
  await p.take('busy', 429, 'POST', '/j/s/news', o);
  await p.take('site out of order', 503, 'GET', '/firm/s/all');
  if (process.getuid() !== 0) return; // nobody else may limit a process that hides its memory
  // no file may grow: as on a full disk
  const fsize = (limit) => spawnSync('prlimit', ['--pid', String(p.s.pid('serve')), `--fsize=${limit}:`], { encoding: 'utf8' });
  const r = fsize(4096);
  assert.equal(r.status, 0, `prlimit: ${r.stderr}`);
  await p.take('down', 503, 'POST', '/j/s/news', { ...o, from: p.lang === 'de' ? '127.30.3.1' : '127.30.4.1' });
  fsize('unlimited');
}

/** Somebody looks after their own data: asks for the link, and does everything that can be done with it. */
export async function hubPages(p) {
  const q = `?lang=${p.lang}`, to = `hub-${p.lang}@example.org`;
  const post = (fields) => ({ fields, headers: { Origin: p.s.url } });
  const first = (await signUp(p.s, to, { lang: p.lang, more: { first_name: 'Anna <b>Übermut</b>' } })).mail;
  assert.equal((await request(p.s, 'POST', tokenPath(first.confirm), post({ action: 'confirm' }))).status, 200);
  await p.take('hub ask', 200, 'GET', `/j/my${q}`);
  await p.take('hub ask wrong', 422, 'POST', `/j/my${q}`, post({ email: 'anna@@example.org' }));
  await p.take('hub sent', 200, 'GET', `/j/my/sent${q}`);
  assert.equal((await request(p.s, 'POST', `/j/my${q}`, post({ email: to }))).status, 303);
  const mail = await until('the link', 10_000, () => p.s.mails().find((m) => m.to.includes(to) && m.hub)), my = tokenPath(mail.hub);
  // what is still on its way has left, so that the pages say the same every time
  const settled = () => until('an empty queue', 20_000, () => {
    const { outbox } = JSON.parse(p.s.jawort('status', '--json').out).sites.find((x) => x.site === 'demo' || x.id === 'demo');
    return outbox.queued + outbox.sending === 0;
  });
  await settled();
  await p.take('hub', 200, 'GET', my);
  await settled();
  await p.take('hub wrong', 422, 'POST', `${my}${q}`, post({ action: 'rectify', first_name: 'x'.repeat(300) }));
  // the second time it is the same act, and its mail has left
  assert.equal((await request(p.s, 'POST', `${my}${q}`, post({ action: 'export', format: 'html' }))).status, 200);
  await settled();
  await p.take('hub to print', 200, 'POST', `${my}${q}`, post({ action: 'export', format: 'html' }));
  await p.take('hub corrected', 200, 'POST', `${my}${q}`, post({ action: 'rectify', first_name: 'Anna' }));
  await p.take('hub frozen', 200, 'POST', `${my}${q}`, post({ action: 'restrict' }));
  await settled();
  await p.take('hub while frozen', 200, 'GET', my);
  await p.take('hub thawed', 200, 'POST', `${my}${q}`, post({ action: 'release' }));
  await p.take('hub withdrawn', 200, 'POST', `${my}${q}`, post({ action: 'withdraw', p: 'news' }));
  await settled();
  await p.take('hub after withdrawal', 200, 'GET', my);
  await p.take('hub objected', 200, 'POST', `${my}${q}`, post({ action: 'object' }));
  await settled();
  await p.take('hub after objection', 200, 'GET', my);
  await p.take('hub erasure', 200, 'GET', `${my}${q}&erase=1`);
  await p.take('hub erased', 200, 'POST', `${my}${q}`, post({ action: 'erase', never: '1' }));
  await settled();
  await p.take('hub after erasure', 200, 'GET', `${my}${q}`);
  const nobody = `nobody-${p.lang}@example.org`;
  assert.equal((await request(p.s, 'POST', `/j/my${q}`, post({ email: nobody }))).status, 303);
  return { my, mails: [mail, await p.s.mail(nobody), ...p.s.mails().filter((m) => m.to.includes(to) && ![first.file, mail.file].includes(m.file))] };
}

/** Who is on the list signs up again: the mail says so. */
async function already(p, address) {
  await signUp(p.s, address, { lang: p.lang });
  return p.s.mail(address, 2);
}

/**
 * Starts a service, walks through everything in both languages and then, three days later, through the expired
 * links. The service still runs when it returns: {service, pages, mails}.
 */
export async function collect() {
  let service = await start({ extraSites: { ...websiteSites(), 'firm.yaml': firmSite.replace('logs: 7d', 'logs: 14d').replace('dpo: {', '# dpo: {') } });
  await newNotice(service);
  const all = [], mails = [], expire = { de: [], en: [] };
  for (const lang of ['de', 'en']) {
    const p = new Pages(service, lang);
    await errorPages(p, await formPages(p));
    mails.push(await linkPages(p, expire[lang]));
    mails.push(await twoPurposes(p));
    mails.push(await familiar(p));
    const hub = await hubPages(p);
    mails.push(...hub.mails);
    expire[lang].push(hub.my);
    await noticePages(p);
    const dir = lang === 'de' ? '/' : '/en/';
    await p.take('demo', 200, 'GET', dir);
    all.push(...p.list);
  }
  await stopKeep(service);
  ruin(service);
  service = await start({ dir: service.dir, port: service.port, env: { JAWORT_CLOCK_OFFSET_S: String(3 * DAY_S) } });
  for (const lang of ['de', 'en']) {
    const p = new Pages(service, lang);
    const at = tokenPath(expire[lang][0].confirm);
    await p.take('expired', 200, 'GET', at);
    await p.take('renewed', 200, 'POST', at, { fields: { action: 'renew' }, headers: { Origin: service.url } });
    await p.take('hub expired', 200, 'GET', `${expire[lang][1]}?lang=${lang}`);
    mails.push(await already(p, `member-${lang}@example.org`));
    await troubled(p);
    all.push(...p.list);
  }
  return { service, pages: all, mails };
}

/** A fragment has no page around it and lends itself the owner's; here is the smallest one. */
export const isFragment = (page) => !/^\s*<!doctype/i.test(page.body);
export const whole = (page) => (isFragment(page) ? `<!doctype html>
<html lang="${page.lang}"><head><meta charset="utf-8"><title>Fragment</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/j/jawort.css"></head><body><main><h1>Fragment</h1>${page.body}</main></body></html>` : page.body);
