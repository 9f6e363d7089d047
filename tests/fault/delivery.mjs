// The service in a hurry (haste.c) in front of a fake Mailjet on which faults can be switched, for the tests of delivery.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { formOf, many, program, root, Service, site, sleep, until } from '../abuse/lib.mjs';

export { many, root, sleep, until };
const built = (name) => path.join(path.dirname(program()), 'fault', name);

/** Numbers in [0, 1) that depend on the seed only. */
export function dice(seed) {
  let a = 0;
  for (const c of String(seed)) a = (Math.imul(a, 31) + c.charCodeAt(0)) | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PROCESSOR = `processors:
  mailjet: { contract_party: Mailjet SAS, address: [75012 Paris], country: FR, us_affiliate: true, contract: { date: 2026-03-01 },
    privacy_url: "https://mailjet.test/p", subprocessors_url: "https://mailjet.test/s", transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 } }
`;

export class Delivery {
  /** haste: how many times as fast time runs; patienceMs: how long the worker waits for an answer. */
  constructor({ haste = 100, patienceMs = 800, route = 'mailjet' } = {}) {
    this.haste = haste;
    this.env = { JAWORT_HASTE: String(haste), JAWORT_HASTE_FROM_MS: String(Date.now()), JAWORT_PATIENCE_MS: String(patienceMs) };
    this.patienceMs = patienceMs;
    this.route = route;
    this.workers = 0;
  }

  async start({ fake = [], bin = 'jawort-haste' } = {}) {
    this.bin = built(bin);
    const args = [path.join(root, 'tests/fakes/mailjet.mjs'), '--key', 'KEY:SECRET', '--sender', '*@example.org', '--patience', String(this.patienceMs), ...fake];
    this.fake = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await new Promise((done) => this.fake.stdout.once('data', (d) => done(Number(/port (\d+)/.exec(d)[1]))));
    this.fakeUrl = `http://127.0.0.1:${port}/_fake/`;
    const text = site('club', PROCESSOR).replace('route: [dir]', `route: [${this.route}]\n  mailjet: { key_file: mailjet.key, endpoint: "http://127.0.0.1:${port}" }`);
    this.service = new Service({ sites: { club: text } });
    fs.writeFileSync(path.join(this.service.dir, 'sites/mailjet.key'), 'KEY:SECRET\n', { mode: 0o600 });
    await this.service.start({ bin: this.bin, env: this.env, worker: false });
    const page = await this.service.get('/club/s/news?lang=de');
    assert.equal(page.status, 200);
    this.fields = formOf(page.body).fields;
    return this;
  }

  work() {
    const log = fs.openSync(path.join(this.service.dir, 'worker.log'), 'a');
    this.worker = spawn(this.bin, ['worker', '-c', this.service.conf], { stdio: ['ignore', log, log], env: { ...process.env, ...this.env } });
    fs.closeSync(log);
    this.worker.ended = new Promise((done) => this.worker.on('exit', (code, signal) => done(signal ?? code)));
    this.workers += 1;
  }
  async kill(signal = 'SIGKILL') {
    this.worker.kill(signal);
    const how = await this.worker.ended;
    this.worker = null;
    return how;
  }

  async signUp(email) {
    const r = await this.service.post('/club/s/news', { ...Object.fromEntries(this.fields), email });
    return r.status === 303;
  }

  async ask(what, method = 'GET') { return (await fetch(this.fakeUrl + what, { method })).json(); }
  status() { return JSON.parse(this.service.jawort('status', '--json', '--site', 'club').out).sites[0]; }
  /** Nothing is to be done any more. unknowns: how long mails may stay unknown (a worker with a planted fault gives them up). */
  async drained(limitMs, unknownsMs = limitMs) {
    let o, since = Date.now();
    try {
      await until('an empty outbox', limitMs, async () => {
        await sleep(200);
        const s = this.status();
        o = s.outbox;
        if (s.intake + o.queued + o.sending + o.held > 0) since = Date.now();
        return o.accepted > 0 && s.intake + o.queued + o.sending + o.held === 0 && (o.unknown === 0 || Date.now() - since > unknownsMs);
      });
    } catch (e) {
      throw new Error(`${e.message}: ${JSON.stringify(o)}\n${this.service.log('worker').slice(-1500)}`);
    }
  }

  /** Addresses -> kinds of the events that are held about each. */
  events(addresses) {
    const r = spawnSync(built('look'), [path.join(this.service.dir, 'data/club'), path.join(this.service.dir, 'keys/club.keys'), 'club'],
      { input: `${addresses.join('\n')}\n`, encoding: 'utf8', maxBuffer: 256 << 20 });
    assert.equal(r.status, 0, r.stderr);
    return new Map(r.stdout.trim().split('\n').map((line) => { const [email, , kinds = ''] = line.split('\t'); return [email, kinds.split(',')]; }));
  }

  async end() {
    const code = this.worker ? await this.kill('SIGTERM') : 0;
    await this.service.end();
    assert.equal(code, 0, 'the worker ends cleanly');
  }
  async remove() {
    this.worker?.kill('SIGKILL');
    await this.worker?.ended;
    this.fake?.kill();
    await this.service?.remove();
  }
}
