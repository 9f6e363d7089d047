// Every page a visitor can meet, in one language: asked for over HTTP as the service really answers, kept with
// its headers. The tests of HTML, access and headers walk this list.
import assert from 'node:assert/strict';
import { formOf, request, signUp, start, stopKeep } from './lib.mjs';

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
  represented_by: die Geschäftsführung
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

class Pages {
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
  await p.take('form of two purposes', 200, 'GET', `/firm/s/all${q}`);
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
  expire.push((await signUp(p.s, `late-${p.lang}@example.org`, { lang: p.lang })).mail);
  return mail;
}

async function noticePages(p) {
  for (const site of ['j', 'firm']) {
    await p.take(`notice ${site}`, 200, 'GET', `/${site}/n?lang=${p.lang}`);
    await p.take(`notice fragment ${site}`, 200, 'GET', `/${site}/n.html?lang=${p.lang}`);
  }
  await p.take('form fragment', 200, 'GET', `/j/s/news?fragment&lang=${p.lang}`);
  await p.take('form fragment with a heading', 200, 'GET', `/firm/s/all?fragment&h=2&id=x&lang=${p.lang}`);
  await p.take('form in a frame', 200, 'GET', `/j/s/news?frame&lang=${p.lang}`);
}

/**
 * Starts a service, walks through everything in both languages and then, three days later, through the expired
 * links. The service still runs when it returns: {service, pages, mails}.
 */
export async function collect() {
  let service = await start({ extraSites: { 'firm.yaml': firmSite } });
  const all = [], mails = [], expire = { de: [], en: [] };
  for (const lang of ['de', 'en']) {
    const p = new Pages(service, lang);
    await errorPages(p, await formPages(p));
    mails.push(await linkPages(p, expire[lang]));
    await noticePages(p);
    const dir = lang === 'de' ? '/' : '/en/';
    await p.take('demo', 200, 'GET', dir);
    all.push(...p.list);
  }
  await stopKeep(service);
  service = await start({ dir: service.dir, port: service.port, env: { JAWORT_CLOCK_OFFSET_S: String(3 * DAY_S) } });
  for (const lang of ['de', 'en']) {
    const p = new Pages(service, lang);
    const at = tokenPath(expire[lang][0].confirm);
    await p.take('expired', 200, 'GET', at);
    await p.take('renewed', 200, 'POST', at, { fields: { action: 'renew' }, headers: { Origin: service.url } });
    all.push(...p.list);
  }
  return { service, pages: all, mails };
}

/** A fragment has no page around it and lends itself the owner's; here is the smallest one. */
export const isFragment = (page) => !/^\s*<!doctype/i.test(page.body);
export const whole = (page) => (isFragment(page) ? `<!doctype html>
<html lang="${page.lang}"><head><meta charset="utf-8"><title>Fragment</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/j/jawort.css"></head><body><main><h1>Fragment</h1>${page.body}</main></body></html>` : page.body);
