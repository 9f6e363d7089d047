// The fake must satisfy Brevo's own client, else it is no fake of Brevo.
import test from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BrevoClient } from '@getbrevo/brevo';

const fakePath = fileURLToPath(new URL('./brevo.mjs', import.meta.url));
const running = [];

function start(...args) {
	const p = spawn(process.execPath, [fakePath, '--key', 'K1', '--sender', '*@example.org', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
	running.push(p);
	return new Promise((resolve, reject) => {
		p.once('error', reject);
		p.once('exit', (code) => reject(new Error(`fake ended with ${code}`)));
		p.stdout.once('data', (d) => resolve({ p, port: Number(/port (\d+)/.exec(d)[1]) }));
	});
}

const fake = await start('--list', '7', '--list', '8');
test.after(() => running.forEach((p) => p.kill()));
const clientOf = (port, apiKey = 'K1') => new BrevoClient({ apiKey, baseUrl: `http://127.0.0.1:${port}/v3`, maxRetries: 0, timeoutInSeconds: 2 });
const brevo = clientOf(fake.port);
const good = (to, more = {}) => ({ sender: { email: 'news@example.org', name: 'Beispiel' }, to: [{ email: to, contactPixelTrackingConsent: false }],
	subject: 'Bitte bestätigen', textContent: 'Hallo', htmlContent: '<p>Hallo</p>', tags: [`t-${to}`],
	headers: { 'List-Unsubscribe': '<https://www.example.org/j/u/x>' }, ...more });
const send = (body, c = brevo) => c.transactionalEmails.sendTransacEmail(body);
const fails = async (p) => {
	try {
		await p;
	} catch (e) {
		return e;
	}
	throw new Error('no error');
};
const uuid = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

test('a mail is accepted with a message id in brackets and found by its tag', async () => {
	const r = await send(good('anna@example.net'));
	assert.match(r.messageId, /^<[^<>@\s]+@smtp-relay\.mailin\.fr>$/);
	const found = await brevo.transactionalEmails.getEmailEventReport({ tags: JSON.stringify(['t-anna@example.net']), limit: 1 });
	assert.deepEqual(found.events.map((e) => [e.messageId, e.event, e.tag]), [[r.messageId, 'requests', 't-anna@example.net']]);
	assert.equal((await brevo.transactionalEmails.getEmailEventReport({ tags: '["nobody"]' })).events, undefined);
});

test('wrong key is 401', async () => {
	const e = await fails(send(good('a@example.net'), clientOf(fake.port, 'wrong')));
	assert.equal(e.statusCode, 401);
	assert.equal(e.body.code, 'unauthorized');
});

for (const [name, body, code, words] of [
	['no HTML', { htmlContent: undefined }, 'missing_parameter', /htmlContent/],
	['unknown sender', { sender: { email: 'x@elsewhere.test' } }, 'invalid_parameter', /the sender you used/],
	['bad recipient', { to: [{ email: 'a b@example.net' }] }, 'invalid_parameter', /valid in to/],
	['name of 71 characters', { sender: { email: 'news@example.org', name: 'ü'.repeat(71) } }, 'invalid_parameter', /name/],
	['a header that is not ASCII', { headers: { 'X-Name': 'Süd' } }, 'invalid_parameter', /X-Name/],
	['a header of its own', { headers: { 'Message-ID': '<a@b>' } }, 'invalid_parameter', /Message-ID/],
	['a key that is no UUID', { headers: { idempotencyKey: 'abc' } }, 'invalid_parameter', /UUID/],
	['100 recipients', { to: Array.from({ length: 100 }, (_, i) => ({ email: `a${i}@example.net` })) }, 'out_of_range', /99/],
])
	test(`refused: ${name}`, async () => {
		const e = await fails(send(good('b@example.net', body)));
		assert.equal(e.statusCode, 400);
		assert.equal(e.body.code, code);
		assert.match(e.body.message, words);
	});

test('a key is taken once within its time, and again afterwards', async () => {
	const short = await start('--key-ttl', '1');
	const c = clientOf(short.port);
	const one = good('carl@example.net', { headers: { idempotencyKey: uuid(1) } });
	await send(one, c);
	const again = await fails(send(one, c));
	assert.deepEqual([again.statusCode, again.body.code], [400, 'duplicate_parameter']);
	await send(good('carl@example.net', { headers: { idempotencyKey: uuid(2) } }), c);
	await new Promise((r) => setTimeout(r, 1100));
	await send(one, c);
	const taken = await (await fetch(`http://127.0.0.1:${short.port}/_fake/messages`)).json();
	assert.equal(taken.length, 3);
});

test('faults by the name of the recipient', async () => {
	for (const [tag, status] of [['429', 429], ['500', 500], ['503', 503], ['html', 502], ['nocredits', 402]])
		assert.equal((await fails(send(good(`a+${tag}@example.net`)))).statusCode, status, tag);
	const raw = await fetch(`http://127.0.0.1:${fake.port}/v3/smtp/email`, { method: 'POST', body: JSON.stringify(good('a+429@example.net')),
		headers: { 'api-key': 'K1', 'Content-Type': 'application/json' } });
	assert.equal(raw.headers.get('x-sib-ratelimit-reset'), '1');
	assert.equal(raw.headers.get('retry-after'), null);
	assert.equal((await fails(send(good('a+flaky@example.net')))).statusCode, 500);
	assert.ok((await send(good('a+flaky@example.net'))).messageId);
	await fails(send(good('a+lost@example.net')));
	await fails(send(good('a+timeout@example.net')));
	const taken = await (await fetch(`http://127.0.0.1:${fake.port}/_fake/messages`)).json();
	assert.deepEqual(taken.map((t) => t.Email).filter((e) => /lost|timeout/.test(e)), ['a+timeout@example.net']);
});

test('contacts and lists', async () => {
	const made = await brevo.contacts.createContact({ email: 'dora@example.net', listIds: [7], updateEnabled: true });
	assert.ok(made.id > 0);
	await brevo.contacts.createContact({ email: 'dora@example.net', listIds: [8], updateEnabled: true });
	assert.deepEqual((await brevo.contacts.getContactInfo({ identifier: 'dora@example.net' })).listIds, [7, 8]);
	assert.equal((await fails(brevo.contacts.createContact({ email: 'dora@example.net' }))).body.code, 'duplicate_parameter');
	assert.equal((await fails(brevo.contacts.createContact({ email: 'x@example.net', listIds: [9] }))).statusCode, 400);
	await brevo.contacts.updateContact({ identifier: 'dora@example.net', unlinkListIds: [7] });
	assert.deepEqual((await brevo.contacts.getContactInfo({ identifier: 'dora@example.net' })).listIds, [8]);
	await brevo.contacts.deleteContact({ identifier: 'dora@example.net' });
	const gone = await fails(brevo.contacts.deleteContact({ identifier: 'dora@example.net' }));
	assert.deepEqual([gone.statusCode, gone.body.code], [404, 'document_not_found']);
});

test('the log of an address is forgotten', async () => {
	await send(good('emil@example.net'));
	await brevo.transactionalEmails.deleteAnSmtpTransactionalLog({ identifier: 'emil@example.net' });
	assert.equal((await brevo.transactionalEmails.getEmailEventReport({ email: 'emil@example.net' })).events, undefined);
	assert.equal((await fails(brevo.transactionalEmails.deleteAnSmtpTransactionalLog({ identifier: 'emil@example.net' }))).statusCode, 404);
});

test('events come one by one, again after 429, and never after 503', async () => {
	const got = [];
	const sink = http.createServer((req, res) => {
		let text = '';
		req.on('data', (d) => { text += d; });
		req.on('end', () => {
			got.push([req.headers.authorization, JSON.parse(text)]);
			const n = got.filter((g) => g[1].event === got.at(-1)[1].event).length;
			res.writeHead(got.at(-1)[1].event === 'request' ? 503 : n === 1 ? 429 : 200).end();
		});
	});
	await new Promise((r) => sink.listen(0, '127.0.0.1', r));
	const hooked = await start('--bearer', 'secret', '--hook', `http://127.0.0.1:${sink.address().port}/hook`);
	const r = await send(good('fritz+hard@example.net'), clientOf(hooked.port));
	for (let i = 0; i < 300 && got.length < 3; i++)
		await new Promise((done) => setTimeout(done, 100));
	await new Promise((done) => setTimeout(done, 700));
	sink.close();
	sink.closeAllConnections();
	assert.deepEqual(got.map((g) => g[1].event).sort(), ['hard_bounce', 'hard_bounce', 'request']);
	const hard = got.map((g) => g[1]).find((e) => e.event === 'hard_bounce');
	assert.equal(hard['message-id'], r.messageId);
	assert.deepEqual(hard.tags, ['t-fritz+hard@example.net']);
	assert.equal(hard.tag, '["t-fritz+hard@example.net"]');
	assert.ok(hard.ts_epoch > 1e12);
	assert.ok(got.every((g) => g[0] === 'Bearer secret'));
});

test('hooks are registered by names of their own', async () => {
	const made = await brevo.webhooks.createWebhook({ url: 'https://www.example.org/hook', events: ['hardBounce', 'unsubscribed'], type: 'transactional' });
	assert.ok(made.id > 0);
	assert.equal((await fails(brevo.webhooks.createWebhook({ url: 'https://www.example.org/hook', events: ['hard_bounce'] }))).statusCode, 400);
});

test('does not listen outside loopback', async () => {
	const p = spawn(process.execPath, [fakePath, '--bind', '0.0.0.0'], { stdio: 'ignore' });
	assert.equal(await new Promise((r) => p.once('exit', r)), 2);
});
