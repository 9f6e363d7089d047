// SpamAssassin with the rules of this machine and nothing else: no network, nothing learned. At most 0.5 points for
// every mail, as written and as it lies in a mailbox after a transfer. Five are spam for most receivers.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { here, makeMails, none, planted, run, usual } from './lib.mjs';

const LIMIT = 0.5;
const { dir, mails } = makeMails();

/** As the receiver's server keeps it: with a way that a good sender's mail goes. */
const delivered = (m) => planted(m, dir, `delivered-${m.name}`, /^/,
  'Return-Path: <bounce@mail.verein.example.org>\r\n' +
  'Received: from mail.verein.example.org (mail.verein.example.org [198.51.100.25])\r\n' +
  '\tby mx.example.net (Postfix) with ESMTPS id 4XyZ12345\r\n' +
  '\tfor <anna@example.net>; Sat, 21 Nov 2026 15:15:10 +0100 (CET)\r\n');

/** Map of file to { points, rules }. One process for all. */
function scores(set) {
  const out = run('perl', [path.join(here, 'spam.pl'), ...set.map((m) => m.file)]).trim().split('\n');
  assert.equal(out.length, set.length);
  return out.map((line, i) => {
    const [points, rules, file] = line.split('\t');
    assert.equal(file, set[i].file);
    assert.ok(Number.isFinite(Number(points)), line);
    return { m: set[i], points: Number(points), rules };
  });
}

test('at most 0.5 points for every kind, language, form of address and name', (t) => {
  const got = scores([...mails.filter((m) => m.values === 'usual'), ...mails.filter(usual).map(delivered)]);
  for (const g of got.filter((x) => usual(x.m))) t.diagnostic(`${g.points} ${g.m.name}: ${g.rules}`);
  const worst = [...got].sort((a, b) => b.points - a.points)[0];
  t.diagnostic(`${got.length} mails; the worst has ${worst.points}: ${worst.m.name}: ${worst.rules}`);
  none(got.filter((g) => g.points > LIMIT).map((g) => `${g.points} ${g.m.name}: ${g.rules}`));
});

test('control run: what looks like spam is over the limit', (t) => {
  const m = mails.find((x) => x.name === 'plain.confirm.en.usual');
  const set = [
    planted(m, dir, 'no-date', /Date: .*\r\n/, ''),
    planted(m, dir, 'no-message-id-no-date', /Date: .*\r\nMessage-ID: .*\r\n/, ''),
    planted(m, dir, 'shouting', /Subject: .*\r\n/, 'Subject: DEAR FRIEND, YOU ARE A WINNER OF $1,000,000!!!\r\n'),
    planted(m, dir, 'phrases', /Hello,/g, 'Dear friend, cheap viagra without prescription, 100% free, no credit check, ' +
      'make money fast, click here now. Lottery winner, claim your million dollars by wire transfer.'),
  ];
  const got = scores(set);
  for (const g of got) t.diagnostic(`${g.points} ${g.m.name}: ${g.rules}`);
  none(got.filter((g) => g.points <= LIMIT).map((g) => `${g.m.name} has only ${g.points}: ${g.rules}`));
});
