// An owner without a lawyer and without an editor: `jawort init` and `init --confirm` on a terminal, then the site as it is
// served. A club with Mailjet and a website in the USA, a firm with Brevo and a German host. What a person types is
// counted, and so is what there is to read: together they must fit into ten minutes.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { formOf, program, request, until } from './lib.mjs';

process.env.PATH += ':/usr/sbin';
const TEN_MINUTES_S = 600;
const running = [], folders = [];
after(async () => {
  for (const c of running.reverse()) { c.kill('SIGTERM'); await c.ended; }
  for (const f of folders) fs.rmSync(f, { recursive: true, force: true });
});

const CASES = {
  club: {
    lang: 'de', host: 'abo.ruderverein-nordhafen.test', provider: 'mailjet',
    said: ['Ruderverein Nordhafen e. V.', 'Hafenweg 2, 10115 Berlin', '', 'post@ruderverein-nordhafen.test',
      'Vereinspost: Termine, Berichte, Bitten um Spenden', '', 'www.ruderverein-nordhafen.test', '1', '3', 'GitHub',
      'https://abo.ruderverein-nordhafen.test/j', ''],
    // Words of the notice, each from what was typed, confirmed, or known about the firms.
    notice: ['Ruderverein Nordhafen e. V.', 'Hafenweg 2', 'post@ruderverein-nordhafen.test', 'Mailjet SAS', 'GitHub', 'USA',
      'Standardvertragsklauseln', 'Berliner Beauftragte für Datenschutz', 'legt zu jeder Adresse', 'widerrufen', '2026'],
    absent: ['Brevo', 'Hetzner', '???'],
  },
  firm: {
    lang: 'de', host: 'www.holzwerkstatt-kiel.test', provider: 'brevo',
    said: ['Holzwerkstatt Kiel GmbH', 'Werftstr. 9, 24143 Kiel', '', 'werkstatt@holzwerkstatt-kiel.test',
      'Werkstattbrief: neue Möbel, Kurse', 'etwa viermal im Jahr', 'https://www.holzwerkstatt-kiel.test', '2', '2', 'Hetzner', ''],
    notice: ['Holzwerkstatt Kiel GmbH', 'Werftstr. 9', 'die Geschäftsführung', 'Hetzner', 'etwa viermal im Jahr',
      'Unabhängiges Landeszentrum für Datenschutz', 'widerrufen', '2026'],
    absent: ['Mailjet', 'GitHub', '???'],
  },
};

class Owner {
  constructor(what) {
    Object.assign(this, what, { dir: fs.mkdtempSync(path.join(os.tmpdir(), 'jawort-owner-')), lines: 0, chars: 0, words: 0 });
    folders.push(this.dir);
    this.conf = this.at('etc/jawort.yaml');
    fs.mkdirSync(this.at('etc'));
  }
  at(f) { return path.join(this.dir, f); }
  jawort(...args) {
    const r = spawnSync(program, [...args, '-c', this.conf], { encoding: 'utf8' });
    return { code: r.status, out: r.stdout, err: r.stderr };
  }
  /** On a terminal; what was typed and what was to be read is counted. */
  talk(args, lines) {
    const r = spawnSync('script', ['-qec', `${program} ${args} --lang ${this.lang} -c ${this.conf}`, '/dev/null'],
      { input: `${lines.join('\n')}\n`, encoding: 'utf8', timeout: 120_000 });
    assert.equal(r.status, 0, r.stdout);
    this.lines += lines.length;
    this.chars += lines.join('').length;
    this.words += (r.stdout.match(/\S*\p{L}{2}\S*/gu) ?? []).length - lines.join(' ').split(/\s+/).length; // without the echo
    return r.stdout;
  }
  /** An estimate: reading at 200 words a minute, typing at 2.5 characters a second, three seconds to decide each line. */
  seconds() { return Math.round(this.words * 0.3 + this.chars / 2.5 + this.lines * 3); }

  site() { return this.at(`etc/sites/${fs.readdirSync(this.at('etc/sites'))[0]}`); }
  /** What is asked stands in the file, line by line: Enter where a value is proposed, else what the contract says. */
  papers() {
    const asked = fs.readFileSync(this.site(), 'utf8').split('\n').filter((l) => /^[^#].*# bitte |^ +# \S.*# bitte /.test(l));
    return asked.map((l) => (/provider_list: \?/.test(l) ? '12345' : /retention: \?/.test(l) ? '90d'
      : /(date|_on): \?/.test(l) ? '2026-11-01' : /\[\?\]/.test(l) ? 'DE' : /_url: \?/.test(l) ? 'https://firma.test/datenschutz' : ''));
  }

  async serve() {
    const server = net.createServer();
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    this.port = server.address().port;
    await new Promise((done) => server.close(done));
    fs.mkdirSync(this.at('tmp'));
    const include = fs.readdirSync(this.at('etc/nginx')).filter((f) => f !== 'http.conf');
    assert.equal(include.length, 1);
    // Everything as init wrote it; only the socket and the port are ours.
    const block = fs.readFileSync(this.at(`etc/nginx/${include[0]}`), 'utf8').replaceAll('unix:/run/jawort/jawort.sock', `unix:${this.at('sock')}`);
    fs.writeFileSync(this.at('block.conf'), block);
    fs.writeFileSync(this.at('nginx.conf'), `daemon off; ${process.getuid() ? '' : 'user root root;'} pid ${this.at('nginx.pid')}; events {}
http { access_log off; ${['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'].map((t) => `${t}_temp_path ${this.at('tmp')};`).join(' ')}
include ${this.at('etc/nginx/http.conf')}; server { listen 127.0.0.1:${this.port}; server_name ${this.host}; include ${this.at('block.conf')}; } }`);
    this.#run([program, 'serve', '-c', this.conf, '--listen', `unix:${this.at('sock')}`]);
    await until('the socket', 30_000, () => fs.existsSync(this.at('sock')));
    this.#run(['nginx', '-e', this.at('nginx.log'), '-p', this.dir, '-c', this.at('nginx.conf')]);
    await until('the form', 20_000, async () => { try { return (await this.ask('GET', '/j/s/news')).status === 200; } catch { return false; } });
  }
  #run(command) {
    const log = fs.openSync(this.at('out.log'), 'a');
    const child = spawn(command[0], command.slice(1), { stdio: ['ignore', log, log] });
    child.ended = new Promise((done) => child.on('exit', done));
    process.on('exit', () => child.kill());
    running.push(child);
  }
  ask(method, at, o = {}) { return request(this, method, at, { ...o, headers: { Host: this.host, ...o.headers } }); }
}

for (const [name, what] of Object.entries(CASES)) {
  test(`${name}: from init to a live site, without findings and within ten minutes`, { timeout: 180_000 }, async () => {
    const o = new Owner(what);
    const first = o.talk('init', o.said);
    assert.match(first, /init --confirm/, first);
    fs.writeFileSync(o.at(`etc/provider/${o.provider}.key`), o.provider === 'brevo' ? `xkeysib-${'a'.repeat(64)}-${'b'.repeat(16)}\n` : 'KEY:SECRET\n', { mode: 0o600 });
    const told = o.talk('init --confirm', [...o.papers(), 'ja']);
    assert.match(told, /Offen: 0\./, told);
    assert.match(told, /mode: live/, told);

    const apply = o.jawort('config', 'apply'); // the command that it names at its end
    assert.equal(apply.code, 0, apply.err);
    const check = o.jawort('config', 'check', '--json');
    assert.deepEqual(JSON.parse(check.out), [], check.out + check.err);
    assert.equal(check.code, 0);

    await o.serve();
    const notice = await o.ask('GET', '/j/n');
    assert.equal(notice.status, 200);
    const text = notice.body.replace(/<style[\s\S]*?<\/style>/g, '').replace(/<[^>]+>/g, ' ').replace(/&nbsp;|\u00a0/g, ' ').replace(/\u00ad|&shy;/g, '').replace(/\s+/g, ' ');
    for (const words of o.notice) assert.ok(text.includes(words), `${words} in: ${text.slice(0, 6000)}`);
    for (const words of o.absent) assert.ok(!text.includes(words), words);
    assert.doesNotMatch(text, /Probebetrieb|Ausprobieren|try-out/i, 'no banner of the try-out');

    const form = await o.ask('GET', '/j/s/news');
    const f = formOf(form.body);
    f.fields.set('email', 'jemand@posteo.test');
    assert.equal((await o.ask('POST', '/j/s/news', { fields: f.fields, headers: { Origin: `https://${o.host.replace('abo.', 'www.')}` } })).status, 303);

    console.log(`${name}: ${o.lines} lines typed with ${o.chars} characters, ${o.words} words read: about ${Math.round(o.seconds() / 60)} minutes`);
    assert.ok(o.seconds() < TEN_MINUTES_S, `${o.seconds()} s`);
  });
}
