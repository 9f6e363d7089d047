#!/usr/bin/env node
// A fake of Mailjet on loopback: Send API v3.1 and the parts of the REST API
// that Jawort uses. Plain Node, no packages. It checks requests as strictly as
// Mailjet does, so that a test that passes here says something.
//
//   node mailjet.mjs [--port 0] [--bind 127.0.0.1] [--key KEY:SECRET] [--sender ADDR|*@DOMAIN]...
//                    [--inactive ADDR|*@DOMAIN]... [--dkim DOMAIN=Error|"Not checked"]...
//                    [--latency MS] [--journal FILE] [--hook URL]
//                    [--chaos SEED [--chaos-rate 0.4] [--patience MS]]
//
// Prints "port N" when it listens. Without --sender every sender counts as
// validated, and GET /v3/REST/sender lists "*@example.org". A sender that is
// --inactive is listed and refused. Each domain's DKIM is "OK" unless --dkim
// says otherwise. Faults by the local part of the recipient:
//   +429@ +500@ +503@ (always)   +flaky@ (500 once, then fine)   +html@ (502, HTML page)
//   +timeout@ (stored, never answered)   +lost@ (not stored, connection cut)
//   +cut@ (stored, JSON cut off)   +noid@ (200 without ids)   +slow@ (answers after 3 s)
//   +badaddress@ (400 mj-0013 on To[0].Email)
// and with --hook, or what was registered at /v3/REST/eventcallbackurl: +blocked@ +hard@ +soft@ +spam@ +unsub@ send that event after "sent".
//
// With --chaos some requests go wrong at random, the same ones for the same seed (see CHAOS). --patience says how long
// the client waits for an answer.
//
// GET /_fake/messages gives what was taken, POST /_fake/reset forgets all. GET /_fake/ledger: what was taken and whether
// the client could have read the answer. GET /_fake/traffic: connections, and when requests came, how many at once.
// POST /_fake/outage?mode=500|429|401|reset|silent&retry=SECONDS until mode=none, or for times=N requests.
import http from 'node:http';
import fs from 'node:fs';
import crypto from 'node:crypto';
import { parseArgs } from 'node:util';

const { values: opt } = parseArgs({
	options: {
		port: { type: 'string', default: '0' },
		bind: { type: 'string', default: '127.0.0.1' },
		key: { type: 'string', default: 'key:secret' },
		sender: { type: 'string', multiple: true, default: [] },
		inactive: { type: 'string', multiple: true, default: [] },
		dkim: { type: 'string', multiple: true, default: [] },
		latency: { type: 'string', default: '0' },
		journal: { type: 'string' },
		hook: { type: 'string' },
		chaos: { type: 'string' },
		'chaos-rate': { type: 'string', default: '0.4' },
		patience: { type: 'string', default: '30000' },
	},
});

if (!/^(127(\.\d{1,3}){3}|::1|localhost)$/.test(opt.bind)) {
	console.error(`mailjet.mjs: ${opt.bind} is not loopback; this fake must not be reachable from outside`);
	process.exit(2);
}

const BODY_MAX = 15 * 1024 * 1024;
const FORBIDDEN = ['from', 'sender', 'subject', 'to', 'cc', 'bcc', 'reply-to', 'return-path', 'delivered-to',
	'dkim-signature', 'domainkey-status', 'received-spf', 'authentication-results', 'received', 'user-agent',
	'x-mailer', 'date', 'message-id', 'list-id', 'x-csa-complaints', 'x-feedback-id'];
const KNOWN = ['From', 'Sender', 'To', 'Cc', 'Bcc', 'ReplyTo', 'Subject', 'TextPart', 'HTMLPart', 'TemplateID',
	'TemplateLanguage', 'TemplateErrorReporting', 'TemplateErrorDeliver', 'Attachments', 'InlinedAttachments',
	'Priority', 'CustomCampaign', 'DeduplicateCampaign', 'TrackOpens', 'TrackClicks', 'CustomID', 'EventPayload',
	'Headers', 'Variables', 'URLTags'];
const TRACK = ['account_default', 'disabled', 'enabled'];

const state = { messages: [], contacts: new Map(), lists: new Map(), flaky: new Set(), nextContact: 1000, ledger: [], tries: new Map(),
	hooks: new Map(), outage: { mode: 'none', retry: 0, times: 0 }, traffic: { connections: 0, open: 0, peak: 0, requests: [] } };

// --- small things ------------------------------------------------------------

const uuid = () => crypto.randomUUID();
// 2^53 .. 2^60: a reader that uses floating point gets them wrong.
const messageId = () => (2n ** 53n + crypto.randomBytes(8).readBigUInt64BE() % (2n ** 60n - 2n ** 53n)).toString();
// JSON with whole numbers of any size: {big: "123"} is written bare.
class Big { constructor(text) { this.text = text; } }
function stringify(v) {
	const bigs = [];
	const text = JSON.stringify(v, (k, x) => (x instanceof Big ? `\u0000${bigs.push(x.text) - 1}\u0000` : x));
	return text.replace(/"\\u0000(\d+)\\u0000"/g, (m, i) => bigs[i]);
}
const emailOk = (s) => typeof s === 'string' && s.length <= 254 &&
	/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}$/.test(s);
const tagOf = (email) => (/\+([a-z0-9]+)@/.exec(email) || [])[1] || '';
const lower = (s) => s.toLowerCase();

function senderOk(email) {
	if (opt.sender.length === 0 && opt.inactive.length === 0)
		return true;
	return opt.sender.some((s) => lower(s) === lower(email) ||
		(s.startsWith('*@') && lower(email).endsWith(lower(s.slice(1)))));
}

// --- Send API v3.1 -------------------------------------------------------------

function problem(code, status, message, related) {
	return { ErrorIdentifier: uuid(), ErrorCode: code, StatusCode: status, ErrorMessage: message,
		ErrorRelatedTo: related };
}

function checkAddress(out, a, where) {
	if (a === null || typeof a !== 'object' || Array.isArray(a))
		return void out.push(problem('mj-0004', 400, 'Type mismatch. Expected type "email".', [where]));
	if (a.Email === undefined || a.Email === null)
		return void out.push(problem('mj-0003', 400, '"Email" is mandatory but missing from the input', [`${where}.Email`]));
	if (a.Email === '')
		return void out.push(problem('mj-0012', 400, '"Email" must not be empty', [`${where}.Email`]));
	if (!emailOk(a.Email) || tagOf(a.Email) === 'badaddress')
		out.push(problem('mj-0013', 400, `"${a.Email}" is an invalid email address.`, [`${where}.Email`]));
}

function checkRecipients(out, m) {
	let n = 0;
	for (const field of ['To', 'Cc', 'Bcc']) {
		const list = m[field];
		if (list === undefined)
			continue;
		if (!Array.isArray(list)) {
			out.push(problem('mj-0004', 400, 'Type mismatch. Expected type "array of emails".', [field]));
			continue;
		}
		if (field === 'To' && list.length === 0)
			out.push(problem('mj-0007', 400, 'At least one "To" is needed.', ['To']));
		n += list.length;
		list.forEach((a, i) => checkAddress(out, a, `${field}[${i}]`));
	}
	if (n > 50)
		out.push(problem('send-0015', 400, 'Too many recipients.', ['To', 'CC', 'BCC']));
}

function checkStrings(out, m) {
	for (const f of ['Subject', 'TextPart', 'HTMLPart', 'CustomID', 'EventPayload', 'CustomCampaign', 'URLTags'])
		if (m[f] !== undefined && typeof m[f] !== 'string')
			out.push(problem('mj-0004', 400, 'Type mismatch. Expected type "string".', [f]));
	if (typeof m.Subject === 'string' && [...m.Subject].length > 255)
		out.push(problem('mj-0006', 400, '"Subject" is longer than 255 characters.', ['Subject']));
	if (typeof m.URLTags === 'string' && m.URLTags.length > 256)
		out.push(problem('mj-0006', 400, '"URLTags" is longer than 256 characters.', ['URLTags']));
	for (const f of Object.keys(m))
		if (!KNOWN.includes(f))
			out.push(problem('send-0013', 400, `Property "${f}" is not known.`, [f]));
}

function checkHeaders(out, m) {
	if (m.Headers === undefined)
		return;
	if (m.Headers === null || typeof m.Headers !== 'object' || Array.isArray(m.Headers))
		return void out.push(problem('mj-0004', 400, 'Type mismatch. Expected type "object".', ['Headers']));
	for (const [name, value] of Object.entries(m.Headers)) {
		const l = lower(name);
		if (FORBIDDEN.includes(l) || l.startsWith('x-mailjet-') || l.startsWith('x-mj-'))
			out.push(problem('send-0011', 400, `Header "${name}" cannot be customized.`, [`Headers["${name}"]`]));
		if (typeof value !== 'string')
			out.push(problem('mj-0004', 400, 'Type mismatch. Expected type "string".', [`Headers["${name}"]`]));
	}
}

function checkTracking(out, m) {
	for (const f of ['TrackOpens', 'TrackClicks']) {
		if (m[f] === undefined)
			continue;
		if (!TRACK.includes(m[f]))
			out.push(problem('mj-0005', 400, `"${f}" has a value that is not allowed.`, [f]));
		else if (!m.HTMLPart && !m.TemplateID)
			out.push(problem('send-0003', 400, `"${f}" can only be used with a HTML part.`, [f, 'HTMLPart']));
	}
	if (m.DeduplicateCampaign && !m.CustomCampaign)
		out.push(problem('send-0012', 400, 'DeduplicateCampaign needs CustomCampaign.', ['CustomCampaign', 'DeduplicateCampaign']));
	if ((m.TemplateErrorReporting || m.TemplateErrorDeliver) && !m.TemplateLanguage)
		out.push(problem('send-0016', 400, 'TemplateLanguage is missing.', ['TemplateLanguage']));
}

function checkMessage(m) {
	const out = [];
	if (m === null || typeof m !== 'object' || Array.isArray(m))
		return [problem('mj-0004', 400, 'Type mismatch. Expected type "object".', ['Messages'])];
	if (m.From === undefined || m.From === null)
		out.push(problem('mj-0003', 400, '"From" is mandatory but missing from the input', ['From']));
	else
		checkAddress(out, m.From, 'From');
	if (m.To === undefined || m.To === null)
		out.push(problem('mj-0003', 400, '"To" is mandatory but missing from the input', ['To']));
	if (m.ReplyTo !== undefined)
		checkAddress(out, m.ReplyTo, 'ReplyTo');
	checkRecipients(out, m);
	if (m.Subject === undefined && !m.TemplateID)
		out.push(problem('mj-0003', 400, '"Subject" is mandatory but missing from the input', ['Subject']));
	if (!m.TextPart && !m.HTMLPart && !m.TemplateID)
		out.push(problem('send-0003', 400, 'At least "HTMLPart", "TextPart" or "TemplateID" must be provided.',
			['HTMLPart', 'TextPart', 'TemplateID']));
	checkStrings(out, m);
	checkHeaders(out, m);
	checkTracking(out, m);
	if (out.length === 0 && !senderOk(m.From.Email))
		out.push(problem('send-0008', 403, `"${m.From.Email}" is not an authorized sender.`, ['From']));
	return out;
}

function contactTouch(email, name) {
	let c = state.contacts.get(lower(email));
	if (!c) {
		const now = new Date().toISOString().slice(0, 19) + 'Z';
		c = { ID: state.nextContact++, Email: email, Name: name || '', IsExcludedFromCampaigns: false,
			IsOptInPending: false, IsSpamComplaining: false, CreatedAt: now, LastActivityAt: now, LastUpdateAt: now,
			DeliveredCount: 0, ExclusionFromCampaignsUpdatedAt: '', UnsubscribedAt: '', UnsubscribedBy: '', lists: new Map() };
		state.contacts.set(lower(email), c);
	}
	return c;
}

function takeMessage(m, sandbox, base) {
	const one = (a) => {
		if (sandbox)
			return { Email: a.Email, MessageUUID: '', MessageID: 0, MessageHref: `${base}/v3/REST/message/0` };
		const id = messageId();
		const taken = { id, uuid: uuid(), customId: m.CustomID || '', payload: m.EventPayload || '', email: a.Email,
			contact: contactTouch(a.Email, a.Name), at: Date.now(), message: m };
		taken.entry = { email: a.Email, customId: taken.customId, id, at: taken.at, n: 0, fault: '', lost: false, text: m.TextPart || '' };
		state.ledger.push(taken.entry);
		state.messages.push(taken);
		emitLater(taken);
		return { Email: a.Email, MessageUUID: taken.uuid, MessageID: new Big(id),
			MessageHref: `${base}/v3/REST/message/${id}` };
	};
	return { Status: 'success', CustomID: m.CustomID || '', To: m.To.map(one), Cc: (m.Cc || []).map(one),
		Bcc: (m.Bcc || []).map(one) };
}

function globalProblem(code, status, message) {
	return { status, body: { ErrorIdentifier: uuid(), ErrorCode: code, StatusCode: status, ErrorMessage: message } };
}

// The fault of a request is that of its first recipient.
function fault(tag, req, res, m) {
	const plain = { 429: ['mj-0429', 'Too many requests'], 500: ['mj-0500', 'Internal error'], 503: ['mj-0503', 'Unavailable'] };
	if (plain[tag])
		return { ...globalProblem(plain[tag][0], Number(tag), plain[tag][1]), headers: tag === '429' ? { 'Retry-After': '1' } : {} };
	if (tag === 'flaky' && !state.flaky.has(m.CustomID || m.To[0].Email)) {
		state.flaky.add(m.CustomID || m.To[0].Email);
		return globalProblem('mj-0500', 500, 'Internal error');
	}
	if (tag === 'html')
		return { status: 502, type: 'text/html', raw: '<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>\n' };
	return null;
}

function send(req, res, raw, base) {
	let body;
	try {
		body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
	} catch {
		return globalProblem('mj-0002', 400, 'Malformed JSON, please review the syntax and properties types.');
	}
	if (body === null || typeof body !== 'object' || body.Messages === undefined)
		return globalProblem('mj-0003', 400, '"Messages" is mandatory but missing from the input');
	if (!Array.isArray(body.Messages))
		return globalProblem('mj-0004', 400, 'Type mismatch. Expected type "array".');
	if (body.Messages.length === 0)
		return globalProblem('mj-0007', 400, '"Messages" must not be empty.');
	if (body.Messages.length > 50)
		return globalProblem('mj-0008', 400, '"Messages" holds more than 50 elements.');
	const messages = body.Messages.map((m) => ({ ...(body.Globals || {}), ...m }));
	const errors = messages.map(checkMessage);
	if (opt.chaos && errors.length === 1 && errors[0].length === 0)
		return chaosSend(res, messages[0], base);
	if (errors.every((e) => e.length === 0)) {
		const tag = tagOf(messages[0].To[0].Email);
		const bad = fault(tag, req, res, messages[0]);
		if (bad)
			return bad;
		if (tag === 'lost')
			return { cut: true };
		const answer = { status: 200, body: { Messages: messages.map((m) => takeMessage(m, body.SandboxMode === true, base)) } };
		if (tag === 'timeout')
			return { silent: true };
		if (tag === 'cut')
			return { status: 200, raw: stringify(answer.body).slice(0, 40) };
		if (tag === 'noid')
			return { status: 200, body: { Messages: [{ Status: 'success', CustomID: messages[0].CustomID || '', To: [] }] } };
		if (tag === 'slow')
			answer.wait = 3000;
		return answer;
	}
	// A batch is sent in part although the status says 4xx: the reason why nobody should send batches.
	const status = Math.max(...errors.flat().map((e) => e.StatusCode));
	return { status, body: { Messages: messages.map((m, i) => (errors[i].length
		? { Status: 'error', Errors: errors[i] } : takeMessage(m, body.SandboxMode === true, base))) } };
}

// --- chaos -------------------------------------------------------------------------

const PATIENCE = Number(opt.patience);
const HTML = { type: 'text/html', raw: '<!doctype html><title>Oops</title><h1>Something went wrong</h1>\n' };
const internal = () => globalProblem('mj-0500', 500, 'Internal error');
/*
 * What can go wrong with a mail. lost: it was taken, and the client cannot know it from the answer (or there is none).
 * hidden: nor from a look-up that comes soon.
 */
const CHAOS = [
	{ name: 'silence', of: () => ({ silent: true }) },
	{ name: 'reset', of: () => ({ cut: true }) },
	{ name: '500', of: internal },
	{ name: '503', of: () => ({ ...globalProblem('mj-0503', 503, 'Unavailable'), headers: { 'Retry-After': '45' } }) },
	{ name: '429', of: () => ({ ...globalProblem('mj-0429', 429, 'Too many requests'), headers: { 'Retry-After': '20' } }) },
	{ name: '429-plain', of: () => globalProblem('mj-0429', 429, 'Too many requests') },
	{ name: 'html', of: () => ({ status: 502, ...HTML }) },
	{ name: 'error-in-200', of: () => ({ status: 200, body: { Messages: [{ Status: 'error', Errors: [problem('mj-0500', 500, 'Internal error', [])] }] } }) },
	{ name: 'slow', taken: true, of: (a) => ({ ...a, drip: PATIENCE / 3 }) },
	{ name: 'taken-silence', taken: true, lost: true, of: () => ({ silent: true }) },
	{ name: 'taken-reset', taken: true, lost: true, of: () => ({ cut: true }) },
	{ name: 'taken-504', taken: true, lost: true, of: () => ({ status: 504, ...HTML }) },
	{ name: 'taken-502', taken: true, lost: true, of: () => ({ status: 502, ...HTML }) },
	{ name: 'taken-html', taken: true, lost: true, of: () => ({ status: 200, ...HTML }) },
	{ name: 'drip', taken: true, lost: true, of: (a) => ({ ...a, drip: PATIENCE * 2 }) },
	{ name: 'half', taken: true, lost: true, of: (a) => ({ ...a, half: true }) },
	{ name: 'cut-json', taken: true, lost: true, of: (a) => ({ status: 200, raw: stringify(a.body).slice(0, -20) }) },
	{ name: 'other-json', taken: true, lost: true, of: () => ({ status: 200, raw: '{"ok":true,"Messages":{}}' }) },
	{ name: 'no-id', taken: true, lost: true, of: (a) => { delete a.body.Messages[0].To[0].MessageID; return a; } },
	{ name: 'id-0', taken: true, lost: true, of: (a) => { a.body.Messages[0].To[0].MessageID = 0; return a; } },
	{ name: 'id-text', taken: true, lost: true, of: (a) => { a.body.Messages[0].To[0].MessageID = '12x'; return a; } },
	{ name: 'id-float', taken: true, lost: true, of: (a) => { a.body.Messages[0].To[0].MessageID = 1.5; return a; } },
	{ name: 'hidden', taken: true, lost: true, hidden: true, of: () => ({ silent: true }) },
];
const CHAOS_LOOKUP = [
	() => ({ silent: true }), () => ({ cut: true }), () => restProblem(500, 'Internal error'),
	() => ({ ...restProblem(429, 'Too many requests'), headers: { 'Retry-After': '20' } }), () => ({ status: 502, ...HTML }),
	() => ({ status: 200, ...HTML }), () => ({ status: 200, raw: '{"Count":1,"Data":[{"ID":' }), () => ({ status: 200, raw: '{"Count":0}' }),
	() => ({ status: 200, raw: '{"Count":0,"Data":{},"Total":0}' }), () => ({ status: 200, raw: '{"Count":1,"Data":[{"ID":0}],"Total":1}' }),
	(a) => ({ ...a, half: true }),
];

// Depends on the seed, the mail and the number of the try, not on time.
function chance(what) {
	return crypto.createHash('sha256').update(`${opt.chaos} ${what}`).digest().readUInt32BE() / 2 ** 32;
}
function tryOf(what) {
	state.tries.set(what, (state.tries.get(what) || 0) + 1);
	return state.tries.get(what);
}

function chaosSend(res, m, base) {
	const email = m.To[0].Email, n = tryOf(email), key = `${email} ${n}`;
	// A mail that always fails proves nothing: after five tries it goes through.
	const f = n <= 5 && chance(key) < Number(opt['chaos-rate']) ? CHAOS[Math.floor(chance(`${key} which`) * CHAOS.length)] : null;
	if (f && !f.taken)
		return f.of();
	const a = { status: 200, body: { Messages: [takeMessage(m, false, base)] } };
	const entry = state.messages[state.messages.length - 1].entry;
	Object.assign(entry, { n, fault: f ? f.name : '', lost: !!f?.lost });
	state.messages[state.messages.length - 1].hidden = !!f?.hidden;
	// Cut off by the client before it had all of it: not its fault.
	res.on('close', () => { entry.lost = entry.lost || !res.writableFinished; });
	return f ? f.of(a) : a;
}

function chaosLookup(a, customId) {
	const key = `look ${state.messages.find((t) => t.customId === customId)?.email ?? 'unknown'}`, n = tryOf(key);
	if (n > 4 || chance(`${key} ${n}`) >= Number(opt['chaos-rate']) / 2)
		return a;
	return CHAOS_LOOKUP[Math.floor(chance(`${key} ${n} which`) * CHAOS_LOOKUP.length)](a);
}

function outageAnswer() {
	const { mode, retry } = state.outage;
	if (mode === 'reset')
		return { cut: true };
	if (mode === 'silent')
		return { silent: true };
	if (mode === '401')
		return globalProblem('mj-0015', 401, AUTH_TEXT);
	const a = mode === '429' ? globalProblem('mj-0429', 429, 'Too many requests') : internal();
	return { ...a, headers: retry ? { 'Retry-After': String(retry) } : {} };
}

// --- REST ------------------------------------------------------------------------

const envelope = (data, status = 200) => ({ status, body: { Count: data.length, Data: data, Total: data.length } });
const restProblem = (status, message) => ({ status, body: { ErrorInfo: '', ErrorMessage: message, StatusCode: status } });

function contactView(c) {
	const { lists, ...rest } = c;
	return rest;
}

function contactFind(key) {
	if (/^\d+$/.test(key))
		return [...state.contacts.values()].find((c) => c.ID === Number(key));
	return state.contacts.get(lower(decodeURIComponent(key)));
}

function messageView(t) {
	return { ID: new Big(t.id), UUID: t.uuid, ArrivedAt: new Date(t.at).toISOString().slice(0, 19) + 'Z', AttachmentCount: 0,
		AttemptCount: 0, CampaignID: 0, ContactID: t.contact.ID, Delay: 0, DestinationID: 1, FilterTime: 0,
		IsClickTracked: t.message.TrackClicks === 'enabled', IsHTMLPartIncluded: !!t.message.HTMLPart,
		IsOpenTracked: t.message.TrackOpens === 'enabled', IsTextPartIncluded: !!t.message.TextPart, IsUnsubTracked: false,
		MessageSize: 0, SenderID: 1, SpamassassinScore: 0, SpamassRules: '', StateID: 0, StatePermanent: false,
		Status: 'sent' };
}

function json(raw) {
	try {
		return JSON.parse(raw.toString('utf8'));
	} catch {
		return null;
	}
}

const EVENT_TYPES = ['open', 'click', 'bounce', 'spam', 'blocked', 'unsub', 'sent'];
const ACTIONS = ['addforce', 'addnoforce', 'remove', 'unsub'];

function listAction(c, list, action) {
	const has = c.lists.get(list);
	if (action === 'remove')
		c.lists.delete(list);
	else if (action === 'unsub')
		c.lists.set(list, { ListID: Number(list), IsUnsub: true, IsActive: true });
	else if (!has || action === 'addforce')
		c.lists.set(list, { ListID: Number(list), IsUnsub: false, IsActive: true, SubscribedAt: new Date().toISOString() });
}

const domainOf = (s) => s.slice(s.indexOf('@') + 1);
const DKIM = new Map(opt.dkim.map((s) => s.split('=')));

// Fields as in Mailjet's own client (node-mailjet, SenderAddressAndDomain).
function senders() {
	const all = [...opt.sender.map((s) => [s, 'Active']), ...opt.inactive.map((s) => [s, 'Inactive'])];
	if (all.length === 0)
		all.push(['*@example.org', 'Active']);
	return all.map(([email, status], i) => ({ CreatedAt: '2026-01-02T03:04:05Z', DNSID: 7000 + i, Email: email,
		EmailType: 'unknown', Filename: '', ID: 500 + i, IsDefaultSender: i === 0, Name: '', Status: status }));
}

function domains() {
	return [...new Set(senders().map((s) => domainOf(s.Email)))].map((d, i) => ({ DKIMRecordName: `mailjet._domainkey.${d}.`,
		DKIMRecordValue: 'k=rsa; p=MIIB', DKIMStatus: DKIM.get(d) ?? 'OK', Domain: d, ID: 7000 + i, IsCheckInProgress: false,
		LastCheckAt: '2026-01-02T03:04:05Z', OwnerShipToken: 'x', OwnerShipTokenRecordName: `mailjet._x.${d}.`,
		SPFRecordValue: 'v=spf1 include:spf.mailjet.com ?all', SPFStatus: 'OK' }));
}

function page(all, q) {
	const from = Number(q.get('Offset') || 0);
	return envelope(all.slice(from, from + Math.min(1000, Number(q.get('Limit') || 10))));
}

const routes = [
	['GET', /^\/v3\/REST\/sender$/, (m, q) => page(senders(), q)],
	['GET', /^\/v3\/REST\/dns$/, (m, q) => page(domains(), q)],
	['GET', /^\/v3\/REST\/message$/, (m, q) => {
		const id = q.get('CustomID');
		const a = envelope(state.messages.filter((t) => (id === null || t.customId === id) && !t.hidden)
			.slice(0, Number(q.get('Limit') || 10)).map(messageView));
		return opt.chaos && id !== null ? chaosLookup(a, id) : a;
	}],
	['GET', /^\/v3\/REST\/message\/(\d+)$/, (m) => {
		const t = state.messages.find((x) => x.id === m[1]);
		return t ? envelope([messageView(t)]) : restProblem(404, 'Object not found');
	}],
	['GET', /^\/v3\/REST\/contact$/, (m, q) => {
		const all = [...state.contacts.values()];
		const from = Number(q.get('Offset') || 0);
		return envelope(all.slice(from, from + Math.min(1000, Number(q.get('Limit') || 10))).map(contactView));
	}],
	['POST', /^\/v3\/REST\/contact$/, (m, q, raw) => {
		const b = json(raw);
		if (!b || !emailOk(b.Email))
			return restProblem(400, 'Invalid email address');
		if (state.contacts.has(lower(b.Email)))
			return restProblem(400, 'MJ18 A Contact resource with value "Email" already exists');
		const c = contactTouch(b.Email, b.Name);
		c.IsExcludedFromCampaigns = String(b.IsExcludedFromCampaigns) === 'true';
		return envelope([contactView(c)], 201);
	}],
	['GET', /^\/v3\/REST\/contact\/([^/]+)$/, (m) => {
		const c = contactFind(m[1]);
		return c ? envelope([contactView(c)]) : restProblem(404, 'Object not found');
	}],
	['PUT', /^\/v3\/REST\/contact\/([^/]+)$/, (m, q, raw) => {
		const c = contactFind(m[1]), b = json(raw);
		if (!c || !b)
			return restProblem(c ? 400 : 404, c ? 'Malformed JSON' : 'Object not found');
		if (b.Name !== undefined)
			c.Name = String(b.Name);
		if (b.IsExcludedFromCampaigns !== undefined)
			c.IsExcludedFromCampaigns = String(b.IsExcludedFromCampaigns) === 'true';
		return envelope([contactView(c)]);
	}],
	['GET', /^\/v3\/REST\/contact\/([^/]+)\/getcontactslists$/, (m) => {
		const c = contactFind(m[1]);
		return c ? envelope([...c.lists.values()]) : restProblem(404, 'Object not found');
	}],
	['POST', /^\/v3\/REST\/contact\/([^/]+)\/managecontactslists$/, (m, q, raw) => {
		const c = contactFind(m[1]), b = json(raw);
		if (!c)
			return restProblem(404, 'Object not found');
		if (!b || !Array.isArray(b.ContactsLists) || !b.ContactsLists.every((x) => ACTIONS.includes(x.Action)))
			return restProblem(400, 'Invalid ContactsLists');
		b.ContactsLists.forEach((x) => listAction(c, String(x.ListID), x.Action));
		return envelope([{ ContactsLists: b.ContactsLists }], 201);
	}],
	['POST', /^\/v3\/REST\/contactslist\/(\d+)\/managecontact$/, (m, q, raw) => {
		const b = json(raw);
		if (!b || !emailOk(b.Email))
			return restProblem(400, 'Invalid email address');
		if (!ACTIONS.includes(b.Action))
			return restProblem(400, 'Invalid Action');
		const c = contactTouch(b.Email, b.Name);
		listAction(c, m[1], b.Action);
		return envelope([{ ContactID: c.ID, Email: b.Email, Action: b.Action, Name: b.Name || '', Properties: b.Properties || {} }], 201);
	}],
	['POST', /^\/v3\/REST\/eventcallbackurl$/, (m, q, raw) => {
		const b = json(raw);
		if (!b || !EVENT_TYPES.includes(b.EventType) || !/^https?:\/\/[^/]/.test(b.Url))
			return restProblem(400, 'Invalid EventType or Url');
		if (state.hooks.has(b.EventType))
			return restProblem(400, 'An EventCallbackUrl for this EventType already exists');
		state.hooks.set(b.EventType, b.Url);
		return envelope([{ APIKeyID: 1, EventType: b.EventType, ID: state.hooks.size, IsBackup: false, Status: 'alive', Url: b.Url, Version: b.Version || 1 }], 201);
	}],
	['DELETE', /^\/v4\/contacts\/(\d+)$/, (m) => {
		const c = contactFind(m[1]);
		if (!c)
			return { status: 404, body: { ErrorIdentifier: uuid(), ErrorCode: 'mj-0404', StatusCode: 404, ErrorMessage: 'Contact not found' } };
		state.contacts.delete(lower(c.Email));
		c.Email = `\\x${crypto.randomBytes(16).toString('hex')}@domain.invalid`;
		c.Name = 'Anonymized';
		c.lists.clear();
		state.contacts.set(c.Email, c);
		return { status: 200, body: '' };
	}],
];

// --- events -----------------------------------------------------------------------

const EVENTS = {
	blocked: { event: 'blocked', error_related_to: 'mailjet', error: 'preblocked' },
	hard: { event: 'bounce', blocked: false, hard_bounce: true, error_related_to: 'recipient', error: 'user unknown', comment: '550 5.1.1 unknown' },
	soft: { event: 'bounce', blocked: false, hard_bounce: false, error_related_to: 'policy issue', error: '', comment: '451 4.7.1 later' },
	spam: { event: 'spam', source: 'JMRPP' },
	unsub: { event: 'unsub', mj_list_id: 0, ip: '192.0.2.1', geo: 'DE', agent: 'List-Unsubscribe' },
};

function emitLater(t) {
	if (!opt.hook && state.hooks.size === 0)
		return;
	const common = { time: Math.floor(t.at / 1000), MessageID: new Big(t.id), Message_GUID: t.uuid, email: t.email,
		mj_campaign_id: 0, mj_contact_id: t.contact.ID, customcampaign: '', CustomID: t.customId, Payload: t.payload };
	const events = tagOf(t.email) === 'blocked' ? [] : [{ event: 'sent', ...common, smtp_reply: 'sent (250 2.0.0 OK)' }];
	const special = EVENTS[tagOf(t.email)];
	if (special)
		events.push({ ...special, ...common });
	if (opt.hook)
		return void setTimeout(() => emit(events, 0, opt.hook), 200);
	for (const e of events)
		if (state.hooks.has(e.event))
			setTimeout(() => emit([e], 0, state.hooks.get(e.event)), 200);
}

// Every answer but 200 is tried again, as Mailjet does (there every 30 s for a day, here faster).
function emit(events, tries, to) {
	const u = new URL(to);
	const headers = { 'Content-Type': 'application/json', 'User-Agent': 'Go-http-client/2.0' };
	if (u.username)
		headers.Authorization = 'Basic ' + Buffer.from(`${decodeURIComponent(u.username)}:${decodeURIComponent(u.password)}`).toString('base64');
	const again = () => tries < 10 && setTimeout(() => emit(events, tries + 1, to), 500).unref();
	const rq = http.request({ host: u.hostname.replace(/^\[|\]$/g, ''), port: u.port, path: u.pathname + u.search, method: 'POST', headers },
		(rs) => { rs.resume(); if (rs.statusCode !== 200) again(); });
	rq.on('error', again);
	rq.end(stringify(events));
}

// --- server ------------------------------------------------------------------------

function authOk(req) {
	const want = Buffer.from('Basic ' + Buffer.from(opt.key).toString('base64'));
	const got = Buffer.from(req.headers.authorization || '');
	return want.length === got.length && crypto.timingSafeEqual(want, got);
}

const AUTH_TEXT = 'API key authentication/authorization failure. You may be unauthorized to access the API or your API key may be expired.';

function answer(req, res, url, raw) {
	if (url.pathname === '/_fake/messages')
		return { status: 200, body: state.messages.map((t) => ({ ID: t.id, CustomID: t.customId, Email: t.email, Message: t.message })) };
	if (url.pathname === '/_fake/reset' && req.method === 'POST') {
		state.messages.length = 0;
		state.contacts.clear();
		state.flaky.clear();
		state.ledger.length = 0;
		state.traffic.requests.length = 0;
		return { status: 200, body: {} };
	}
	if (url.pathname === '/_fake/ledger')
		return { status: 200, body: state.ledger };
	if (url.pathname === '/_fake/traffic')
		return { status: 200, body: state.traffic };
	if (url.pathname === '/_fake/outage' && req.method === 'POST') {
		state.outage = { mode: url.searchParams.get('mode') || 'none', retry: Number(url.searchParams.get('retry') || 0),
			times: Number(url.searchParams.get('times') || Infinity) };
		return { status: 200, body: state.outage };
	}
	const v3 = url.pathname.startsWith('/v3/');
	if (state.outage.mode !== 'none' && state.outage.times-- > 0)
		return outageAnswer();
	if (!authOk(req))
		return v3 ? restProblem(401, AUTH_TEXT) : globalProblem('mj-0015', 401, AUTH_TEXT);
	if (url.pathname === '/v3.1/send') {
		if (req.method !== 'POST')
			return globalProblem('mj-0405', 405, 'Method not allowed');
		if (!/^application\/json\b/i.test(req.headers['content-type'] || ''))
			return globalProblem('mj-0002', 400, 'Malformed JSON, please review the syntax and properties types.');
		return send(req, res, raw, `http://${req.headers.host}`);
	}
	for (const [method, re, fn] of routes) {
		const m = re.exec(url.pathname);
		if (m && method === req.method)
			return fn(m, url.searchParams, raw);
	}
	return v3 ? restProblem(404, 'Resource not found') : { status: 404, type: 'text/plain', raw: 'Not found\n' };
}

function journal(req, raw, a) {
	if (!opt.journal || req.url.startsWith('/_fake/'))
		return;
	fs.appendFileSync(opt.journal, JSON.stringify({ at: new Date().toISOString(), method: req.method, url: req.url,
		headers: { ...req.headers, authorization: undefined }, auth: authOk(req), request: raw.toString('utf8'), decoded: json(raw),
		status: a.silent || a.cut ? null : a.status }) + '\n');
}

function finish(res, a) {
	if (a.cut)
		return void res.socket?.destroy();
	if (a.silent)
		return;
	const text = a.raw !== undefined ? a.raw : a.body === '' ? '' : stringify(a.body);
	res.writeHead(a.status, { 'Content-Type': a.type || 'application/json', 'Content-Length': Buffer.byteLength(text), ...(a.headers || {}) });
	if (a.half)
		return void res.write(text.slice(0, text.length / 2), () => res.socket?.destroy());
	if (a.drip)
		return drip(res, text, a.drip);
	res.end(text);
}

// The body in ten pieces over so many milliseconds.
function drip(res, text, ms) {
	const step = Math.ceil(text.length / 10);
	const next = (at) => {
		if (res.destroyed)
			return;
		if (at + step >= text.length)
			return void res.end(text.slice(at));
		res.write(text.slice(at, at + step));
		setTimeout(next, ms / 10, at + step);
	};
	next(0);
}

// Requests of the client under test, not those of whoever watches.
function count(req, res) {
	const t = state.traffic;
	if (req.url.startsWith('/_fake/'))
		return;
	if (!req.socket.counted)
		t.connections += 1;
	req.socket.counted = true;
	t.open += 1;
	t.peak = Math.max(t.peak, t.open);
	t.requests.push({ at: Date.now(), open: t.open, what: `${req.method} ${req.url.split('?')[0]}` });
	res.on('close', () => { t.open -= 1; });
}

const server = http.createServer((req, res) => {
	const parts = [];
	let size = 0;
	req.on('data', (p) => {
		size += p.length;
		if (size <= BODY_MAX)
			parts.push(p);
	});
	req.on('end', () => {
		const raw = Buffer.concat(parts);
		count(req, res);
		const a = size > BODY_MAX ? globalProblem('mj-0011', 400, 'Payload too large.')
			: answer(req, res, new URL(req.url, 'http://fake'), raw);
		journal(req, raw, a);
		setTimeout(() => finish(res, a), Number(opt.latency) + (a.wait || 0));
	});
});
server.keepAliveTimeout = 30000;
server.listen(Number(opt.port), opt.bind, () => console.log(`port ${server.address().port}`));
for (const s of ['SIGTERM', 'SIGINT'])
	process.on(s, () => process.exit(0));
