// jawort serve, jawort worker and one web server, each with what the repository ships for it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { confCopy, mailParse, program, request, root, sleep, until } from '../e2e/lib.mjs';

process.env.PATH += ':/usr/sbin:/usr/local/sbin';
const isRoot = process.getuid() === 0;
const group = 'www-data';

async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** What is shipped, with the socket of this test in place of the one of the unit. */
const shipped = (name, w) => fs.readFileSync(path.join(root, 'deploy', name), 'utf8').replaceAll('/run/jawort/jawort.sock', w.socket);

/** Each: writes its configuration and returns the command that runs it in the foreground. */
export const servers = {
  nginx(w) {
    const part = (format) => {
      const r = spawnSync(program, ['nginx', '-c', w.conf, '--format', format, ...(w.cache ? ['--cache'] : []), ...(w.ready ? ['--ready'] : [])], { encoding: 'utf8' });
      assert.equal(r.status, 0, r.stderr);
      return r.stdout.replaceAll('/var/lib/nginx/jawort', `${w.dir}/cache`);
    };
    const temp = ['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'].map((t) => `${t}_temp_path ${w.dir}/tmp;`).join(' ');
    w.write('nginx.conf', `daemon off; ${isRoot ? `user www-data ${group};` : ''} pid ${w.dir}/nginx.pid; error_log ${w.log};
events {} http { access_log ${w.access}; ${temp} ${part('http')}
server { listen 127.0.0.1:${w.port}; ${part('server')} location / { return 204; } } }`);
    return ['nginx', '-e', w.log, '-p', w.dir, '-c', `${w.dir}/nginx.conf`];
  },
  apache(w) {
    const mods = '/usr/lib/apache2/modules';
    const load = ['mpm_event', 'authz_core', 'unixd', 'setenvif', 'log_config', 'proxy', 'proxy_fcgi']
      .map((m) => `LoadModule ${m}_module ${mods}/mod_${m}.so`)
      .filter((l) => fs.existsSync(l.split(' ')[2])).join('\n');
    w.write('apache.conf', `${load}\nServerRoot ${w.dir}\nServerName localhost\nPidFile ${w.dir}/apache.pid\nListen 127.0.0.1:${w.port}
ErrorLog ${w.log}\n${isRoot ? `User www-data\nGroup ${group}` : ''}\nDefaultRuntimeDir ${w.dir}\nMutex file:${w.dir}\nDocumentRoot ${w.dir}/tmp
LogFormat "%h %r" short\nCustomLog ${w.access} short env=!jawort\n${shipped('apache.conf', w)}`);
    return ['apache2', '-DFOREGROUND', '-f', `${w.dir}/apache.conf`];
  },
  lighttpd(w) {
    w.write('lighttpd.conf', `server.bind = "127.0.0.1"\nserver.port = ${w.port}\nserver.document-root = "${w.dir}/tmp"
server.errorlog = "${w.log}"\nserver.modules = ( "mod_accesslog" )\naccesslog.filename = "${w.access}"\nserver.upload-dirs = ( "${w.dir}/tmp" )
${isRoot ? `server.username = "www-data"\nserver.groupname = "${group}"` : ''}\n${shipped('lighttpd.conf', w)}`);
    return ['lighttpd', '-D', '-f', `${w.dir}/lighttpd.conf`];
  },
  caddy(w) {
    const text = shipped('Caddyfile', w).replace('www.example.org {', `http://localhost:${w.port} {\n\tbind 127.0.0.1\n\tlog {\n\t\toutput file ${w.access}\n\t}`);
    w.write('Caddyfile', `{\n\tadmin off\n\tauto_https off\n\tstorage file_system ${w.dir}/tmp\n}\n${text}`);
    return ['caddy', 'run', '--adapter', 'caddyfile', '--config', `${w.dir}/Caddyfile`];
  },
};

/** jawort serve, jawort worker and one web server in a folder of their own. */
export async function world(name, t, { cache, ready } = {}) {
  const w = { dir: fs.mkdtempSync(path.join(os.tmpdir(), `jawort-${name}-`)), port: await freePort(), cache, ready, running: [] };
  fs.chmodSync(w.dir, 0o755);
  Object.assign(w, { socket: `${w.dir}/jawort.sock`, log: `${w.dir}/error.log`, access: `${w.dir}/access.log`, conf: `${w.dir}/conf/jawort.yaml` });
  w.write = (file, text) => fs.writeFileSync(path.join(w.dir, file), text);
  for (const d of ['tmp', 'mails']) fs.mkdirSync(path.join(w.dir, d));
  fs.chmodSync(`${w.dir}/tmp`, 0o777);
  // Servers open them at different moments, some as another user.
  for (const f of [w.log, w.access]) { fs.writeFileSync(f, ''); fs.chmodSync(f, 0o666); }
  confCopy(w.dir, w.port);
  const site = fs.readFileSync(`${w.dir}/conf/sites/demo.yaml`, 'utf8').replaceAll('localhost:8080', `localhost:${w.port}`);
  fs.writeFileSync(`${w.dir}/conf/sites/demo.yaml`, site);
  fs.writeFileSync(w.conf, fs.readFileSync(w.conf, 'utf8').replace(/^listen:.*/m, `listen: unix:${w.socket}${ready ? `\nready: ${w.dir}/ready` : ''}`));
  const run = (command, env = {}) => {
    const child = spawn(command[0], command.slice(1), { stdio: ['ignore', fs.openSync(`${w.dir}/out.log`, 'a'), fs.openSync(`${w.dir}/out.log`, 'a')],
      env: { ...process.env, HOME: w.dir, ...env } });
    w.running.push(child);
    child.ended = new Promise((done) => child.on('exit', done));
    child.on('error', () => {});
    return child;
  };
  t.after(async () => {
    for (const c of w.running.reverse()) { c.kill('SIGTERM'); await Promise.race([c.ended, sleep(5000)]); c.kill('SIGKILL'); }
    fs.rmSync(w.dir, { recursive: true, force: true });
  });
  w.serve = run([program, 'serve', '-c', w.conf, ...(isRoot ? ['--group', group] : [])]);
  await until('the socket', 30_000, () => fs.existsSync(w.socket));
  run([program, 'worker', '-c', w.conf]);
  run(servers[name](w));
  const out = () => ['out.log', 'error.log'].map((f) => { try { return fs.readFileSync(`${w.dir}/${f}`, 'utf8').slice(-2000); } catch { return ''; } }).join('\n');
  await until(`${name} at its port`, 20_000, async () => {
    try { return (await request(w, 'GET', '/j/s/news')).status === 200; } catch { return false; }
  }).catch((e) => { throw new Error(`${e.message}\n${out()}`); });
  w.person = (address) => {
    const r = spawnSync(program, ['person', 'find', address, '--json', '-c', w.conf], { encoding: 'utf8' });
    return r.status === 0 ? JSON.parse(r.stdout) : null;
  };
  w.mail = (to) => until(`mail to ${to}`, 10_000, () => fs.readdirSync(`${w.dir}/mails`).filter((f) => f.endsWith('.eml'))
    .map((f) => mailParse(path.join(w.dir, 'mails', f))).find((m) => m.to.includes(to)));
  return w;
}
