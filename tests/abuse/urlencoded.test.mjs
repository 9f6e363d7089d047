// The cases of the web platform tests for application/x-www-form-urlencoded, written down from the standard
// (url.spec.whatwg.org, section 5.1). Where its answer holds U+FFFD, or keeps a "%" that escapes nothing, we refuse
// (null): no browser sends that, and nothing is repaired.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { tool } from './lib.mjs';

const cases = [
  ['test', [['test', '']]],
  ['\uFEFFtest=\uFEFF', [['\uFEFFtest', '\uFEFF']]],
  ['%EF%BB%BFtest=%EF%BB%BF', [['\uFEFFtest', '\uFEFF']]],
  ['%EF%BF%BF=%EF%BF%BF', [['\uFFFF', '\uFFFF']]],
  ['%FE%FF', null],
  ['%FF%FE', null],
  ['†&†=x', [['†', ''], ['†', 'x']]],
  ['%C2', null],
  ['%C2x', null],
  ['_charset_=windows-1252&test=%C2x', null],
  ['', []],
  ['a', [['a', '']]],
  ['a=b', [['a', 'b']]],
  ['a=', [['a', '']]],
  ['=b', [['', 'b']]],
  ['&', []],
  ['&a', [['a', '']]],
  ['a&', [['a', '']]],
  ['a&a', [['a', ''], ['a', '']]],
  ['a&b&c', [['a', ''], ['b', ''], ['c', '']]],
  ['a=b&c=d', [['a', 'b'], ['c', 'd']]],
  ['a=b&c=d&', [['a', 'b'], ['c', 'd']]],
  ['&&&a=b&&&&c=d&', [['a', 'b'], ['c', 'd']]],
  ['a=a&a=b&a=c', [['a', 'a'], ['a', 'b'], ['a', 'c']]],
  ['a==a', [['a', '=a']]],
  ['a=a+b+c+d', [['a', 'a b c d']]],
  ['%=a', null],
  ['%a=a', null],
  ['%a_=a', null],
  ['%61=a', [['a', 'a']]],
  ['%61+%4d%4D=', [['a MM', '']]],
  ['id=0&value=%', null],
  ['b=%2sf%2a', null],
  ['b=%2%2af%2a', null],
  ['b=%%2a', null],
];

test('35 cases: 23 as the standard has them, 12 refused', () => {
  assert.deepEqual([cases.length, cases.filter(([, want]) => want).length], [35, 23]);
 
  const r = spawnSync(tool('formcheck'), { input: cases.map(([input]) => `${encodeURIComponent(input)}\n`).join(''), encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  const got = r.stdout.split('\n').slice(0, -1).map((l) => (l.startsWith('no ') ? null : l === 'ok ' ? [] : l.slice(3).split('&').map((p) => p.split('=').map(decodeURIComponent))));
  const wrong = cases.map(([input, want], i) => ({ input, want, got: got[i] })).filter((c) => JSON.stringify(c.want) !== JSON.stringify(c.got));
  assert.deepEqual(wrong, []);
});
