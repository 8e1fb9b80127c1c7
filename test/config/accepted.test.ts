import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { configuration, problemsOf, withSurface, withUser } from './configurations.ts'

describe('what looks like a mistake but is none', () => {
  it.each([
    ['nothing but an empty list of tenants', { tenants: [] }],
    ['http on localhost', configuration({ issuer: 'http://localhost:8080' })],
    ['http on 127.0.0.1', configuration({ issuer: 'http://127.8.9.10:8080/x' })],
    ['http on ::1', configuration({ issuer: 'http://[::1]:8080' })],
    ['an IPv6 host', configuration({ hosts: ['[::1]', '127.0.0.1'] })],
    ['a reuse window of 0', withSurface('spree', { reuseWindow: 0 })],
    [
      'a refresh token for ever',
      withSurface('spree', { refreshExpiresIn: null, refreshIdleExpiresIn: null }),
    ],
    ['ten years', withSurface('spree', { expiresIn: 315_360_000 })],
    ['a surface with nothing', withSurface('realm', null)],
    ['the day of the deprecation', withSurface('newstore', { sunset: '2024-01-08' })],
    [
      'the same name and e-mail address',
      withUser({ username: 'Jane@example.com', email: 'jane@example.com' }),
    ],
    [
      'user names that differ in case',
      configuration({ users: [{ username: 'jane' }, { username: 'Jane' }] }),
    ],
    ['the subject of another system', withUser({ id: 'auth0|596c8f95790837489f4c191c' })],
    ['a bcrypt hash', withUser({ password: undefined, passwordHash: `$2a$05$${'x'.repeat(53)}` })],
    ['a key without value', withUser({ email: undefined })],
    ['both ports 0', configuration({}, { server: { port: 0, adminPort: 0 } })],
    ['a master key of 64 hexadecimal digits', configuration({}, { masterKey: '0f'.repeat(32) })],
  ])('%s', (_, value) => {
    expect(problemsOf(value)).toEqual([])
  })
})

it('hosts are kept in lower case', () => {
  const { config } = parseConfig(
    configuration({ hosts: ['Shop.Example'] }, { server: { baseDomains: ['X.Example'] } }),
  )
  expect(config.tenants[0]?.hosts).toEqual(['shop.example'])
  expect(config.server.baseDomains).toEqual(['x.example'])
})
