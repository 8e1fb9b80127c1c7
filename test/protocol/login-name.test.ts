/** T101: however a name is spelt, it is one for counting. */
import { expect, test } from 'vitest'
import { foldedLogin } from '../../src/protocol/login-name.ts'

test.each([
  ['in upper case', 'USER@SHOP.EXAMPLE'],
  ['in mixed case', 'User@Shop.Example'],
  ['with white space around it', ' \tuser@shop.example\u00a0\n'],
  ['in full width', 'ｕｓｅｒ＠ｓｈｏｐ．ｅｘａｍｐｌｅ'],
  ['with a zero-width space', 'us\u200ber@shop.example'],
  ['with a zero-width joiner and a byte order mark', '\ufeffuser\u200d@shop.example'],
  ['with a soft hyphen', 'user@shop.ex\u00adample'],
  ['with a variation selector', 'user\ufe0f@shop.example'],
  ['with a direction mark', '\u202euser@shop.example'],
  ['with a control character', 'user\u0007@shop.example'],
  ['with white space behind what nobody sees', '\u200b user@shop.example'],
])('T101 %s', (_, spelling) => {
  expect(foldedLogin(spelling)).toBe(foldedLogin('user@shop.example'))
})

test.each([
  ['composed and decomposed', 'r\u00e9mi', 're\u0301mi'],
  ['with a dotted capital I of Turkish', '\u0130zmir', 'izmir'],
  ['with a dotless i of Turkish', '\u0131zmir', 'IZMIR'],
  ['with a sharp s', 'stra\u00dfe', 'STRASSE'],
  ['with a final sigma', '\u03b1\u03c2', '\u0391\u03a3'],
  ['with a ligature', '\ufb01nn', 'FINN'],
  ['with the sign of the kelvin', '\u212aate', 'kate'],
])('T101 %s', (_, one, other) => {
  expect(foldedLogin(one)).toBe(foldedLogin(other))
})

test('T101 folded once more it is the same', () => {
  for (const name of ['\u0130\u00df\ufb01', ' A\u200b ', '\u1e9b\u0323', '\ud83d']) {
    expect(foldedLogin(foldedLogin(name))).toBe(foldedLogin(name))
  }
})

test('other names are others', () => {
  const names = ['ann', 'anna', 'bob', 'a n n', 'ann@shop.example', 'ann@shop.example.', '', '0']
  expect(new Set(names.map(foldedLogin)).size).toBe(names.length)
})

test('T125 of a name nobody has, the beginning counts', () => {
  expect(foldedLogin(`${'x'.repeat(60_000)}1`)).toBe(foldedLogin(`${'x'.repeat(60_000)}2`))
  expect(foldedLogin('\ufdfa'.repeat(60_000)).length).toBeLessThan(20_000)
})
