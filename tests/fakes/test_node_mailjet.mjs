// The fake must satisfy Mailjet's own client, else it is no fake of Mailjet.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import mailjetModule from 'node-mailjet';

const { Client, Request } = mailjetModule;
Request.protocol = 'http://'; // the client knows https only; the fake speaks on loopback

const fakePath = fileURLToPath(new URL('./mailjet.mjs', import.meta.url));

function start(...args) {
	const p = spawn(process.execPath, [fakePath, '--key', 'K1:S1', '--sender', '*@example.org', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
	return new Promise((resolve, reject) => {
		p.once('error', reject);
		p.once('exit', (code) => reject(new Error(`fake ended with ${code}`)));
		p.stdout.once('data', (d) => resolve({ p, port: Number(/port (\d+)/.exec(d)[1]) }));
	});
}

const fake = await start();
test.after(() => fake.p.kill());
const host = `127.0.0.1:${fake.port}`;
const client = (apiKey, apiSecret) => new Client({ apiKey, apiSecret, config: { host, version: 'v3', output: 'json' } });
const mj = client('K1', 'S1');
const good = (to) => ({ From: { Email: 'news@example.org', Name: 'Beispiel' }, To: [{ Email: to }], Subject: 'Bitte bestätigen',
	TextPart: 'Hallo', HTMLPart: '<p>Hallo</p>', TrackOpens: 'disabled', TrackClicks: 'disabled', CustomID: `t-${to}`,
	Headers: { 'List-Unsubscribe': '<https://www.example.org/j/u/x>' } });
const post = (body, c = mj) => c.post('send', { version: 'v3.1' }).request(body);
const fails = async (p) => {
	try {
		await p;
	} catch (e) {
		return e;
	}
	throw new Error('no error');
};

test('a mail is accepted with an id above 2^53', async () => {
	const r = await post({ Messages: [good('anna@example.net')] });
	const m = r.body.Messages[0];
	assert.equal(m.Status, 'success');
	assert.equal(m.CustomID, 't-anna@example.net');
	assert.ok(BigInt(m.To[0].MessageID.toString()) >= 2n ** 53n);
	assert.ok(m.To[0].MessageHref.endsWith(m.To[0].MessageID.toString()));
	const found = await mj.get('message').request({}, { CustomID: 't-anna@example.net' });
	assert.equal(found.body.Count, 1);
	assert.equal(found.body.Data[0].ID.toString(), m.To[0].MessageID.toString());
	const none = await mj.get('message').request({}, { CustomID: 'nobody' });
	assert.equal(none.body.Count, 0);
});

test('wrong key is 401', async () => {
	const e = await fails(post({ Messages: [good('a@example.net')] }, client('K1', 'wrong')));
	assert.equal(e.statusCode, 401);
	assert.equal(e.response.data.ErrorCode, 'mj-0015');
});

const bad = [
	['forbidden header', 400, 'send-0011', 'Headers["List-Id"]', (m) => { m.Headers = { 'List-Id': 'x' }; }],
	['foreign X-MJ header', 400, 'send-0011', 'Headers["X-MJ-CustomID"]', (m) => { m.Headers = { 'X-MJ-CustomID': 'x' }; }],
	['unknown sender', 403, 'send-0008', 'From', (m) => { m.From.Email = 'x@elsewhere.example'; }],
	['no From', 400, 'mj-0003', 'From', (m) => { delete m.From; }],
	['no To', 400, 'mj-0003', 'To', (m) => { delete m.To; }],
	['empty To', 400, 'mj-0007', 'To', (m) => { m.To = []; }],
	['no Subject', 400, 'mj-0003', 'Subject', (m) => { delete m.Subject; }],
	['long Subject', 400, 'mj-0006', 'Subject', (m) => { m.Subject = 'x'.repeat(256); }],
	['no parts', 400, 'send-0003', 'HTMLPart', (m) => { delete m.TextPart; delete m.HTMLPart; delete m.TrackOpens; delete m.TrackClicks; }],
	['tracking without HTML', 400, 'send-0003', 'TrackOpens', (m) => { delete m.HTMLPart; delete m.TrackClicks; }],
	['bad address', 400, 'mj-0013', 'To[0].Email', (m) => { m.To[0].Email = 'anna@'; }],
	['empty address', 400, 'mj-0012', 'To[0].Email', (m) => { m.To[0].Email = ''; }],
	['wrong type', 400, 'mj-0004', 'Subject', (m) => { m.Subject = 5; }],
	['bad tracking value', 400, 'mj-0005', 'TrackOpens', (m) => { m.TrackOpens = 'off'; }],
	['51 recipients', 400, 'send-0015', 'To', (m) => { m.To = Array.from({ length: 51 }, (_, i) => ({ Email: `a${i}@example.net` })); }],
];
for (const [name, status, code, related, change] of bad)
	test(`${name} is ${code}`, async () => {
		const m = good('b@example.net');
		change(m);
		const e = await fails(post({ Messages: [m] }));
		assert.equal(e.statusCode, status);
		const err = e.response.data.Messages[0].Errors[0];
		assert.equal(err.ErrorCode, code);
		assert.equal(err.StatusCode, status);
		assert.ok(err.ErrorRelatedTo.includes(related), JSON.stringify(err.ErrorRelatedTo));
	});

test('51 messages are mj-0008', async () => {
	const e = await fails(post({ Messages: Array.from({ length: 51 }, () => good('c@example.net')) }));
	assert.equal(e.response.data.ErrorCode, 'mj-0008');
});

test('a half bad batch is sent in part', async () => {
	const m = good('bad@');
	const e = await fails(post({ Messages: [good('half@example.net'), m] }));
	assert.equal(e.statusCode, 400);
	assert.deepEqual(e.response.data.Messages.map((x) => x.Status), ['success', 'error']);
});

test('faults by local part', async () => {
	assert.equal((await fails(post({ Messages: [good('a+429@example.net')] }))).statusCode, 429);
	assert.equal((await fails(post({ Messages: [good('a+500@example.net')] }))).statusCode, 500);
	assert.equal((await fails(post({ Messages: [good('a+html@example.net')] }))).statusCode, 502);
	assert.equal((await fails(post({ Messages: [good('a+flaky@example.net')] }))).statusCode, 500);
	assert.equal((await post({ Messages: [good('a+flaky@example.net')] })).body.Messages[0].Status, 'success');
});

test('sandbox takes nothing', async () => {
	const r = await post({ SandboxMode: true, Messages: [good('sand@example.net')] });
	assert.ok(r.body.Messages[0].To[0].MessageHref.endsWith('/message/0'));
	assert.equal((await mj.get('message').request({}, { CustomID: 't-sand@example.net' })).body.Count, 0);
});

test('contacts: made by sending, put on a list, erased', async () => {
	await post({ Messages: [good('dora@example.net')] });
	const c = (await mj.get('contact').id('dora@example.net').request()).body.Data[0];
	assert.equal(c.Email, 'dora@example.net');
	const add = { Email: 'dora@example.net', Action: 'addnoforce', Name: '', Properties: {} };
	assert.equal((await mj.post('contactslist', { version: 'v3' }).id(77).action('managecontact').request(add)).body.Data[0].Action, 'addnoforce');
	await mj.post('contactslist').id(77).action('managecontact').request({ ...add, Action: 'unsub' });
	await mj.post('contactslist').id(77).action('managecontact').request(add);
	const lists = (await mj.get('contact').id(Number(c.ID)).action('getcontactslists').request()).body.Data;
	assert.deepEqual(lists.map((l) => [l.ListID, l.IsUnsub]), [[77, true]]); // addnoforce keeps the unsubscribed state
	// The client has no word for /v4/contacts (it would put REST in the path).
	const erased = await fetch(`http://${host}/v4/contacts/${c.ID}`, { method: 'DELETE',
		headers: { Authorization: 'Basic ' + Buffer.from('K1:S1').toString('base64') } });
	assert.equal(erased.status, 200);
	assert.equal((await fails(mj.get('contact').id('dora@example.net').request())).statusCode, 404);
	const gone = (await mj.get('contact').id(Number(c.ID)).request()).body.Data[0];
	assert.equal(gone.Name, 'Anonymized');
	assert.ok(gone.Email.endsWith('@domain.invalid'));
});

test('an address that exists cannot be made twice', async () => {
	assert.equal((await mj.post('contact').request({ Email: 'emil@example.net' })).response.status, 201);
	assert.equal((await fails(mj.post('contact').request({ Email: 'emil@example.net' }))).statusCode, 400);
});

test('does not listen outside loopback', async () => {
	const p = spawn(process.execPath, [fakePath, '--bind', '0.0.0.0'], { stdio: 'ignore' });
	const code = await new Promise((r) => p.once('exit', r));
	assert.equal(code, 2);
});
