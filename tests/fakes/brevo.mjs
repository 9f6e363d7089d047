#!/usr/bin/env node
// A fake of Brevo on loopback: POST /v3/smtp/email and the parts of the REST API that Jawort uses. Plain Node, no
// packages. It is as strict as Brevo is, and stricter where Brevo would send something broken (headers that are not
// ASCII, a key that is no UUID, properties that do not exist), so that a test that passes here says something.
//
//   node brevo.mjs [--port 0] [--bind 127.0.0.1] [--key KEY] [--sender ADDR|*@DOMAIN]... [--list ID]...
//                  [--inactive ADDR]... [--domain DOMAIN[=unsigned]]...
//                  [--latency MS] [--journal FILE] [--hook URL] [--bearer TOKEN] [--key-ttl SECONDS] [--lag MS]
//
// Prints "port N" when it listens. Without --sender every sender counts as validated, without --list every list
// exists. --inactive: a sender that was not verified. --domain: of the account, authenticated unless "=unsigned"; the
// domain of a --sender *@DOMAIN is there and authenticated. --key-ttl: how long an idempotencyKey is remembered (1800). --lag: events are found so much later (0).
// Faults by the local part of the recipient:
//   +429@ +500@ +503@ (always)   +flaky@ (500 once, then fine)   +html@ (502, HTML page)
//   +timeout@ (stored, never answered)   +lost@ (not stored, connection cut)
//   +cut@ (stored, JSON cut off)   +noid@ (201 without messageId)   +slow@ (answers after 3 s)
//   +badaddress@ (400, "email is not valid in to")   +nocredits@ (402)
// and with --hook: +blocked@ +hard@ +soft@ +spam@ +unsub@ +invalid@ send that event.
//
// GET /_fake/messages gives what was taken, POST /_fake/reset forgets all, POST /_fake/hook {"url":...} is --hook.
import http from 'node:http';
import fs from 'node:fs';
import crypto from 'node:crypto';
import { parseArgs } from 'node:util';

const { values: opt } = parseArgs({
	options: {
		port: { type: 'string', default: '0' },
		bind: { type: 'string', default: '127.0.0.1' },
		key: { type: 'string', default: 'xkeysib-0123456789' },
		sender: { type: 'string', multiple: true, default: [] },
		list: { type: 'string', multiple: true, default: [] },
		inactive: { type: 'string', multiple: true, default: [] },
		domain: { type: 'string', multiple: true, default: [] },
		latency: { type: 'string', default: '0' },
		journal: { type: 'string' },
		hook: { type: 'string' },
		bearer: { type: 'string' },
		'key-ttl': { type: 'string', default: '1800' },
		lag: { type: 'string', default: '0' },
	},
});

if (!/^(127(\.\d{1,3}){3}|::1|localhost)$/.test(opt.bind)) {
	console.error(`brevo.mjs: ${opt.bind} is not loopback; this fake must not be reachable from outside`);
	process.exit(2);
}

const BODY_MAX = 20 * 1024 * 1024;
const KNOWN = ['sender', 'to', 'cc', 'bcc', 'replyTo', 'subject', 'htmlContent', 'textContent', 'headers', 'tags', 'params',
	'templateId', 'attachment', 'messageVersions', 'scheduledAt', 'batchId'];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const state = { messages: [], log: [], contacts: new Map(), keys: new Map(), flaky: new Set(), webhooks: [], next: 1 };

// --- small things ------------------------------------------------------------

const lower = (s) => s.toLowerCase();
const emailOk = (s) => typeof s === 'string' && s.length <= 254 &&
	/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}$/.test(s);
const tagOf = (email) => (/\+([a-z0-9]+)@/.exec(email) || [])[1] || '';
const problem = (status, code, message, headers) => ({ status, body: { code, message }, headers });
const invalid = (message) => problem(400, 'invalid_parameter', message);
const missing = (message) => problem(400, 'missing_parameter', message);
const absent = (message) => problem(404, 'document_not_found', message);
const messageId = () => `<${new Date().toISOString().slice(0, 16).replace(/[-T:]/g, '')}.${crypto.randomInt(1e10, 9e10)}@smtp-relay.mailin.fr>`;
const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);

function senderOk(email) {
	return opt.sender.length === 0 || opt.sender.some((s) => lower(s) === lower(email) ||
		(s.startsWith('*@') && lower(email).endsWith(lower(s.slice(1)))));
}
const listOk = (n) => Number.isInteger(n) && n > 0 && (opt.list.length === 0 || opt.list.includes(String(n)));

function json(raw) {
	try {
		return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
	} catch {
		return undefined;
	}
}

// --- POST /v3/smtp/email -------------------------------------------------------

function checkPerson(p, where) {
	if (!isObject(p) || p.email === undefined)
		return missing(`email is missing in ${where}`);
	if (!emailOk(p.email) || (where === 'to' && tagOf(p.email) === 'badaddress'))
		return invalid(`email is not valid in ${where}`);
	if (p.name !== undefined && (typeof p.name !== 'string' || p.name === '' || [...p.name].length > 70))
		return invalid(`name is not valid in ${where}`);
	if (p.contactPixelTrackingConsent !== undefined && typeof p.contactPixelTrackingConsent !== 'boolean')
		return invalid(`contactPixelTrackingConsent is not valid in ${where}`);
	return null;
}

function checkHeaders(h) {
	if (h === undefined)
		return null;
	if (!isObject(h))
		return invalid('headers should be an object');
	for (const [name, value] of Object.entries(h)) {
		if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value))
			return invalid(`header ${name} is not valid`);
		if (/^(from|to|cc|bcc|subject|date|message-id|list-id|content-type|mime-version|return-path|received|dkim-signature)$/i.test(name))
			return invalid(`header ${name} is not supported`);
		if (name === 'idempotencyKey' && !UUID.test(value))
			return invalid('idempotencyKey should be a UUID');
	}
	return null;
}

function checkMessage(m) {
	if (!isObject(m))
		return problem(400, 'bad_request', 'Input must be a valid JSON object');
	const unknown = Object.keys(m).find((k) => !KNOWN.includes(k));
	if (unknown)
		return invalid(`${unknown} is not a parameter`);
	if (m.sender === undefined)
		return missing('sender is missing');
	if (!Array.isArray(m.to) || m.to.length === 0)
		return missing('to is missing');
	if (m.to.length > 99)
		return problem(400, 'out_of_range', 'to holds more than 99 recipients');
	for (const [list, where] of [[[m.sender], 'sender'], [m.to, 'to'], [m.cc || [], 'cc'], [m.bcc || [], 'bcc'],
		[m.replyTo === undefined ? [] : [m.replyTo], 'replyTo']])
		for (const p of list) {
			const bad = checkPerson(p, where);
			if (bad)
				return bad;
		}
	if (typeof m.subject !== 'string' || m.subject === '')
		return missing('subject is missing');
	if (typeof m.htmlContent !== 'string' || m.htmlContent === '')
		return missing('htmlContent is missing');
	if (m.textContent !== undefined && typeof m.textContent !== 'string')
		return invalid('textContent is not valid');
	if (m.tags !== undefined && (!Array.isArray(m.tags) || !m.tags.every((t) => typeof t === 'string' && t !== '')))
		return invalid('tags should be an array of strings');
	return checkHeaders(m.headers) || (senderOk(m.sender.email) ? null
		: invalid(`Sending has been rejected because the sender you used ${m.sender.email} is not valid. Validate your sender or authenticate your domain`));
}

// The fault of a request is that of its first recipient.
function fault(tag, m) {
	if (tag === '429')
		return problem(429, 'too_many_requests', 'Too many requests', { 'x-sib-ratelimit-limit': '1000',
			'x-sib-ratelimit-remaining': '0', 'x-sib-ratelimit-reset': '1' });
	if (tag === '500' || tag === '503')
		return problem(Number(tag), 'internal_error', 'Something went wrong');
	if (tag === 'nocredits')
		return problem(402, 'not_enough_credits', 'You have insufficient credits to send an email');
	const name = (m.tags || [])[0] || m.to[0].email;
	if (tag === 'flaky' && !state.flaky.has(name)) {
		state.flaky.add(name);
		return problem(500, 'internal_error', 'Something went wrong');
	}
	if (tag === 'html')
		return { status: 502, type: 'text/html', raw: '<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>\n' };
	return null;
}

// Within its time a key is taken once; who asks again does not learn the message id.
function keyUsed(key) {
	const until = state.keys.get(key);
	return key !== undefined && until !== undefined && until > Date.now();
}

function take(m) {
	const taken = { id: messageId(), at: Date.now(), message: m, email: m.to[0].email, tags: m.tags || [] };
	const key = (m.headers || {}).idempotencyKey;
	if (key !== undefined)
		state.keys.set(key, Date.now() + Number(opt['key-ttl']) * 1000);
	state.messages.push(taken);
	state.log.push(taken);
	emitLater(taken);
	return taken;
}

function send(raw) {
	const m = json(raw);
	const bad = m === undefined ? problem(400, 'bad_request', 'Input must be a valid JSON object') : checkMessage(m);
	if (bad)
		return bad;
	const tag = tagOf(m.to[0].email);
	const broken = fault(tag, m);
	if (broken)
		return broken;
	if (tag === 'lost')
		return { cut: true };
	if (keyUsed((m.headers || {}).idempotencyKey))
		return problem(400, 'duplicate_parameter', 'idempotencyKey has been used already');
	const answer = { status: 201, body: { messageId: take(m).id } };
	if (tag === 'timeout')
		return { silent: true };
	if (tag === 'cut')
		return { status: 201, raw: JSON.stringify(answer.body).slice(0, 20) };
	if (tag === 'noid')
		return { status: 201, body: {} };
	if (tag === 'slow')
		answer.wait = 3000;
	return answer;
}

// --- the rest ------------------------------------------------------------------

function eventsOf(q) {
	const [email, id, tags] = ['email', 'messageId', 'tags'].map((k) => q.get(k));
	let names = null;
	if (tags !== null) {
		names = json(Buffer.from(tags));
		if (!Array.isArray(names))
			return invalid('tags should be a serialized array');
	}
	const found = state.log.filter((t) => t.at + Number(opt.lag) <= Date.now() && (email === null || lower(email) === lower(t.email)) &&
		(id === null || id === t.id) && (names === null || names.some((n) => t.tags.includes(n))));
	if (q.get('sort') !== 'asc')
		found.reverse();
	const events = found.slice(Number(q.get('offset') || 0)).slice(0, Number(q.get('limit') || 2500)).map((t) => ({
		email: t.email, date: new Date(t.at).toISOString(), subject: t.message.subject, messageId: t.id, event: 'requests',
		tag: t.tags[0] || '', from: t.message.sender.email }));
	return { status: 200, body: events.length ? { events } : {} };
}

const contactOf = (key) => state.contacts.get(lower(decodeURIComponent(key))) ||
	[...state.contacts.values()].find((c) => String(c.id) === key);

function contactPost(raw) {
	const b = json(raw);
	if (!isObject(b) || !emailOk(b.email))
		return invalid('Invalid email address');
	if (b.listIds !== undefined && (!Array.isArray(b.listIds) || !b.listIds.every(listOk)))
		return invalid('List ID is invalid');
	const had = state.contacts.get(lower(b.email));
	if (had && b.updateEnabled !== true)
		return problem(400, 'duplicate_parameter', 'Contact already exist');
	const c = had || { id: state.next++, email: b.email, emailBlacklisted: false, smsBlacklisted: false, listIds: [], attributes: {},
		createdAt: new Date().toISOString(), modifiedAt: new Date().toISOString() };
	state.contacts.set(lower(b.email), c);
	c.listIds = [...new Set([...c.listIds, ...(b.listIds || [])])];
	if (typeof b.emailBlacklisted === 'boolean')
		c.emailBlacklisted = b.emailBlacklisted;
	return had ? { status: 204, raw: '' } : { status: 201, body: { id: c.id } };
}

function contactPut(key, raw) {
	const c = contactOf(key), b = json(raw);
	if (!c)
		return absent('Contact does not exist');
	if (!isObject(b))
		return invalid('Input must be a valid JSON object');
	for (const k of ['listIds', 'unlinkListIds'])
		if (b[k] !== undefined && (!Array.isArray(b[k]) || !b[k].every(listOk)))
			return invalid('List ID is invalid');
	c.listIds = [...new Set([...c.listIds, ...(b.listIds || [])])].filter((n) => !(b.unlinkListIds || []).includes(n));
	if (typeof b.emailBlacklisted === 'boolean')
		c.emailBlacklisted = b.emailBlacklisted;
	return { status: 204, raw: '' };
}

function logDelete(key) {
	const name = decodeURIComponent(key), before = state.log.length;
	if (!emailOk(name) && !/^<[^<>@]+@[^<>@]+>$/.test(name))
		return invalid('identifier is not valid');
	state.log = state.log.filter((t) => t.id !== name && lower(t.email) !== lower(name));
	return state.log.length < before ? { status: 204, raw: '' } : absent('No logs found');
}

// Addresses only: that a whole domain may send stands with the domains.
const senders = () => [...opt.sender.filter((s) => !s.startsWith('*@')).map((email) => ({ email, active: true })),
	...opt.inactive.map((email) => ({ email, active: false }))]
	.map((s, i) => ({ id: i + 1, name: s.email, email: s.email, active: s.active, ips: [] }));

const domains = () => [...opt.sender.filter((s) => s.startsWith('*@')).map((s) => s.slice(2)), ...opt.domain].map((d) => {
	const [name, how] = lower(d).split('='), status = how !== 'unsigned';
	return { domain: name, verified: status, authenticated: status, dns_records: {
		dkim_record: { type: 'TXT', value: 'k=rsa;p=MIGf', host_name: 'mail._domainkey.', status },
		brevo_code: { type: 'TXT', value: 'brevo-code:0', host_name: '', status },
		dmarc_record: { type: 'TXT', value: 'v=DMARC1; p=none', host_name: '_dmarc.', status } } };
});

const routes = [
	['POST', /^\/v3\/smtp\/email$/, (m, q, raw) => send(raw)],
	['GET', /^\/v3\/smtp\/statistics\/events$/, (m, q) => eventsOf(q)],
	['DELETE', /^\/v3\/smtp\/log\/([^/]+)$/, (m) => logDelete(m[1])],
	['POST', /^\/v3\/contacts$/, (m, q, raw) => contactPost(raw)],
	['GET', /^\/v3\/contacts\/([^/]+)$/, (m) => {
		const c = contactOf(m[1]);
		return c ? { status: 200, body: { ...c, statistics: {} } } : absent('Contact does not exist');
	}],
	['PUT', /^\/v3\/contacts\/([^/]+)$/, (m, q, raw) => contactPut(m[1], raw)],
	['DELETE', /^\/v3\/contacts\/([^/]+)$/, (m) => {
		const c = contactOf(m[1]);
		if (!c)
			return absent('Contact does not exist');
		state.contacts.delete(lower(c.email));
		return { status: 204, raw: '' };
	}],
	['GET', /^\/v3\/account$/, () => ({ status: 200, body: { organization_id: '0', user_id: 1, email: 'owner@example.org', firstName: 'A', lastName: 'B',
		companyName: 'Example', address: { street: 'Gasse 1', city: 'Berlin', zipCode: '10115', country: 'Germany' },
		plan: [{ type: 'free', creditsType: 'sendLimit', credits: 300 }], relay: { enabled: true, data: { userName: 'x', relay: 'smtp-relay.brevo.com', port: 587 } } } })],
	['GET', /^\/v3\/senders$/, () => ({ status: 200, body: { senders: senders() } })],
	['GET', /^\/v3\/senders\/domains$/, () => ({ status: 200, body: { domains: domains().map((d, i) => ({ id: String(i + 1), domain_name: d.domain,
		authenticated: d.authenticated, verified: d.verified, ip: '' })), count: domains().length, current_page: 1, total_pages: 1 } })],
	['GET', /^\/v3\/senders\/domains\/([^/]+)$/, (m) => {
		const d = domains().find((one) => one.domain === lower(decodeURIComponent(m[1])));
		return d ? { status: 200, body: d } : absent('Domain does not exist');
	}],
	['POST', /^\/v3\/webhooks$/, (m, q, raw) => {
		const b = json(raw);
		if (!isObject(b) || typeof b.url !== 'string' || !Array.isArray(b.events) || b.events.length === 0)
			return missing('url and events are mandatory');
		const wrong = b.events.find((e) => !['sent', 'hardBounce', 'softBounce', 'blocked', 'spam', 'delivered', 'request', 'click', 'invalid',
			'deferred', 'opened', 'uniqueOpened', 'unsubscribed'].includes(e));
		if (wrong)
			return invalid(`event ${wrong} is not valid`);
		state.webhooks.push({ id: state.next, ...b });
		return { status: 201, body: { id: state.next++ } };
	}],
];

// --- events -----------------------------------------------------------------------

const EVENTS = {
	blocked: { event: 'blocked', reason: 'blocked : due to blacklist user' },
	hard: { event: 'hard_bounce', reason: '550 5.1.1 user unknown' },
	soft: { event: 'soft_bounce', reason: '451 4.7.1 later' },
	spam: { event: 'spam' },
	unsub: { event: 'unsubscribed', list_id: [] },
	invalid: { event: 'invalid_email', reason: 'no such domain' },
};

function emitLater(t) {
	if (!opt.hook)
		return;
	const tag = tagOf(t.email);
	const common = { email: t.email, id: 26224, date: '2026-11-21 15:15:09', ts: Math.floor(t.at / 1000), 'message-id': t.id,
		ts_event: Math.floor(t.at / 1000), ts_epoch: t.at, subject: t.message.subject, tag: JSON.stringify(t.tags), tags: t.tags, template_id: 0 };
	const events = [{ event: 'request', ...common, sending_ip: '192.0.2.1' }];
	if (!['blocked', 'hard', 'invalid', 'soft'].includes(tag))
		events.push({ event: 'delivered', ...common });
	if (EVENTS[tag])
		events.push({ ...EVENTS[tag], ...common });
	// One POST for each, as Brevo does without batches.
	setTimeout(() => events.forEach((e) => emit(e, 0)), 200);
}

function emit(event, tries) {
	const u = new URL(opt.hook);
	const headers = { 'Content-Type': 'application/json', 'User-Agent': 'SendinBlue Webhook' };
	if (u.username)
		headers.Authorization = 'Basic ' + Buffer.from(`${decodeURIComponent(u.username)}:${decodeURIComponent(u.password)}`).toString('base64');
	if (opt.bearer)
		headers.Authorization = `Bearer ${opt.bearer}`;
	// Comes again after 429 and where nobody answers (four times within 12 hours, here faster). Every other 4xx and any
	// 5xx ends it: developers.brevo.com/docs/retry-mechanism
	const again = () => tries < 4 && setTimeout(() => emit(event, tries + 1), 500).unref();
	const rq = http.request({ host: u.hostname.replace(/^\[|\]$/g, ''), port: u.port, path: u.pathname + u.search, method: 'POST', headers },
		(rs) => { rs.resume(); if (rs.statusCode === 429) again(); });
	rq.on('error', again);
	rq.end(JSON.stringify(event));
}

// --- server ------------------------------------------------------------------------

function authOk(req) {
	const want = Buffer.from(opt.key), got = Buffer.from(req.headers['api-key'] || '');
	return want.length === got.length && crypto.timingSafeEqual(want, got);
}

function answer(req, url, raw) {
	if (url.pathname === '/_fake/messages')
		return { status: 200, body: state.messages.map((t) => ({ ID: t.id, Tags: t.tags, Email: t.email, Message: t.message })) };
	if (url.pathname === '/_fake/reset' && req.method === 'POST') {
		for (const k of ['contacts', 'keys', 'flaky'])
			state[k].clear();
		state.messages.length = state.log.length = state.webhooks.length = 0;
		return { status: 200, body: {} };
	}
	if (url.pathname === '/_fake/hook' && req.method === 'POST') {
		opt.hook = json(raw).url;
		return { status: 200, body: {} };
	}
	if (!authOk(req))
		return problem(401, 'unauthorized', 'Key not found');
	const hits = routes.map(([method, re, fn]) => [method, re.exec(url.pathname), fn]).filter((r) => r[1]);
	const hit = hits.find((r) => r[0] === req.method);
	if (!hit)
		return hits.length ? problem(405, 'method_not_allowed', 'Method not allowed') : { status: 404, type: 'text/plain', raw: 'Not found\n' };
	if (['POST', 'PUT'].includes(req.method) && !/^application\/json\b/i.test(req.headers['content-type'] || ''))
		return problem(415, 'unsupported_content_type', 'Content-Type must be application/json');
	return hit[2](hit[1], url.searchParams, raw);
}

function journal(req, raw, a) {
	if (!opt.journal || req.url.startsWith('/_fake/'))
		return;
	fs.appendFileSync(opt.journal, JSON.stringify({ at: new Date().toISOString(), method: req.method, url: req.url,
		headers: { ...req.headers, 'api-key': undefined }, auth: authOk(req), request: raw.toString('utf8'), decoded: json(raw) ?? null,
		status: a.silent || a.cut ? null : a.status }) + '\n');
}

function finish(res, a) {
	if (a.cut)
		return void res.socket.destroy();
	if (a.silent)
		return;
	const text = a.raw !== undefined ? a.raw : JSON.stringify(a.body);
	res.writeHead(a.status, { ...(a.status === 204 ? {} : { 'Content-Type': a.type || 'application/json', 'Content-Length': Buffer.byteLength(text) }),
		...(a.headers || {}) });
	res.end(text);
}

const server = http.createServer((req, res) => {
	const parts = [];
	let size = 0;
	req.on('data', (d) => {
		size += d.length;
		if (size > BODY_MAX)
			req.destroy();
		else
			parts.push(d);
	});
	req.on('end', () => {
		const raw = Buffer.concat(parts);
		const a = answer(req, new URL(req.url, 'http://localhost'), raw);
		journal(req, raw, a);
		setTimeout(() => finish(res, a), Number(opt.latency) + (a.wait || 0));
	});
});
server.keepAliveTimeout = 60000;
server.listen(Number(opt.port), opt.bind, () => console.log(`port ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
