// nginx in front of a Service (lib.mjs), with the blocks that `jawort nginx` prints, its files in the same folder.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

process.env.PATH += ':/usr/sbin:/usr/local/sbin';

export async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Returns the process; .ended is its exit code. */
export function nginxStart(s, port) {
  const file = (name) => path.join(s.dir, name);
  const part = (format) => { const r = s.jawort('nginx', '--format', format); assert.equal(r.code, 0, r.err); return r.out; };
  for (const d of ['body', 'fastcgi', 'proxy', 'scgi', 'uwsgi', 'www']) fs.mkdirSync(file(d));
  fs.writeFileSync(file('www/site.css'), '');
  fs.writeFileSync(file('nginx.conf'), `daemon off; ${process.getuid() === 0 ? 'user root;' : ''} pid ${file('nginx.pid')};
error_log ${file('error.log')} notice;
events { worker_connections 256; }
http {
  client_body_temp_path ${file('body')}; fastcgi_temp_path ${file('fastcgi')}; proxy_temp_path ${file('proxy')};
  scgi_temp_path ${file('scgi')}; uwsgi_temp_path ${file('uwsgi')};
  ${part('http')}
  access_log ${file('access.log')} jawort_masked;
  server { listen 127.0.0.1:${port}; root ${file('www')};
  ${part('server')}
  }
}`);
  const out = fs.openSync(file('nginx.out'), 'a');
  const nginx = spawn('nginx', ['-c', file('nginx.conf'), '-p', s.dir, '-e', file('error.log')], { stdio: ['ignore', out, out] });
  nginx.ended = new Promise((done) => nginx.on('exit', done));
  return nginx;
}
