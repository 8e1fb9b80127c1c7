/** T114: passwords that an operator chooses are not those that are tried first. */
import { describe, expect, test } from 'vitest'
import { passwordWeakness } from '../../src/admin/operations/password-strength.ts'

const NAMES = ['jane.doe@example.com', 'jdoe-of-the-warehouse']

describe('T114 is refused', () => {
  test.each(['', 'short', '8letters', 'fourteen-chars', '😀'.repeat(14)])('%j for its length', (password) => {
    expect(passwordWeakness(password, NAMES)).toBe('has fewer than 15 characters')
  })

  test.each([
    ['password123456789'],
    ['Password12345678!'],
    ['P@ssw0rdP@ssw0rd'],
    ['passwordpasswordpassword'],
    ['aaaaaaaaaaaaaaaaaaaa'],
    ['abababababababababab'],
    ['123456789012345678'],
    ['abcdefghijklmnopqr'],
    ['zyxwvutsrqponmlkj'],
    ['qwertyuiopasdfghjkl'],
    ['1q2w3e1q2w3e1q2w3e'],
    ['adminadminadmin2026!'],
    ['Summer2026Winter2026'],
    ['jane.doe@example.com'],
    ['Jane.Doe@Example.Com1'],
    ['jdoe-of-the-warehouse'],
    ['jane.doe-password-1'],
    ['LETMEIN-letmein-LETMEIN'],
  ])('%s for what it is made of', (password) => {
    expect(passwordWeakness(password, NAMES)).toMatch(/^is mostly made of/)
  })
})

describe('T114 is taken, without any rule about kinds of characters', () => {
  test.each([
    ['correct horse battery staple'],
    ['canary-from-a-file'],
    ['nobodyguessesthisone'],
    ['8361095274628395'],
    ['V3lC4EvMV1X5h3HsB_VU'],
    ['größe über straße möbel'],
    ['鍵屋の娘は今日も海を見ている、静かに'],
    ['my aunt bought 3 lamps'],
    ['the admin of the lighthouse'],
    ['😀🎩🚲🌧️🧅🪁🫖🧲🪨🐙🎻🦑🏺🧭🪜'],
  ])('%s', (password) => {
    expect(passwordWeakness(password, NAMES)).toBeNull()
  })

  test('the same without any names', () => {
    expect(passwordWeakness('jdoe-of-the-warehouse')).toBeNull()
    expect(passwordWeakness('jdoe-of-the-warehouse', [null, ''])).toBeNull()
  })
})

test('T114 the longest is looked at in a moment', () => {
  for (const password of ['a'.repeat(4096), 'ab!'.repeat(1365), 'password'.repeat(512)]) {
    expect(passwordWeakness(password, [password])).toMatch(/^is mostly made of/)
  }
})
