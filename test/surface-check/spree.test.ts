/** `surface check spree` against the recorded shop. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../clients/server.ts'
import { check, findingsOf, namesOf, type Results } from './checked.ts'
import type { OldServer } from './old-server.ts'
import { SHOP, type Stack, startOldSpree } from './old-spree.ts'

interface SpreeSettings {
  readonly expiresIn?: number
  readonly refresh?: 'keep'
  readonly clientCredentialsRefreshToken?: boolean
}

/** As an import of the recorded shop leaves it. */
async function startImported(spree: SpreeSettings = { expiresIn: 2_629_746 }): Promise<RunningServer> {
  return await startServer({
    surfaces: { spree },
    users: [{ id: '1', username: SHOP.username, password: SHOP.password, roles: ['admin'] }],
    clients: [
      {
        id: SHOP.client_id,
        secret: SHOP.client_secret,
        grants: ['client_credentials', 'password', 'refresh_token'],
        scopes: ['admin'],
      },
    ],
  })
}

let here: RunningServer
beforeAll(async () => {
  here = await startImported()
})
afterAll(() => here.close())

async function checkAgainst(stack: Stack | null, server: RunningServer = here): Promise<Results> {
  const old: OldServer = await startOldSpree(stack === null ? {} : { stack })
  try {
    return await check('spree', { against: old.origin, here: server.origin }, { ...SHOP })
  } finally {
    await old.close()
  }
}

describe('against Spree 5.3 with Doorkeeper 5.5.0, as it was recorded', () => {
  let results: Results
  beforeAll(async () => {
    results = await checkAgainst(null)
  })

  test('nothing is different but what is meant', () => {
    expect(namesOf(results, 'different')).toEqual([])
    expect(namesOf(results, 'refused')).toEqual([])
    expect(namesOf(results, 'not played')).toEqual([])
    expect(namesOf(results, 'by design')).toEqual([
      'password-xml',
      'wrong-secret-by-basic',
      'password-in-query',
      'method-get',
      'client-credentials-json',
      'client-credentials',
      'client-credentials-without-scope',
      'refresh-again',
      'refresh-after-successor',
    ])
    expect(namesOf(results, 'same').length).toBeGreaterThan(30)
  })

  test('what is meant is told field by field', () => {
    expect(findingsOf(results, 'client-credentials')).toEqual([
      ['extra', 'refresh_token', null, '43 characters base64url', 'by design'],
    ])
    expect(findingsOf(results, 'method-get')).toEqual([
      ['status', 'status code', '404', '405', 'by design'],
      ['extra', 'header allow', null, 'POST', 'by design'],
      ['value', 'status', '404', '405', 'by design'],
      ['value', 'error', '"Not Found"', '"Method Not Allowed"', 'by design'],
    ])
    const again = '43 characters base64url, that of refresh.'
    expect(findingsOf(results, 'refresh-again')).toEqual([
      ['shape', 'access_token', '43 characters base64url', `${again}access_token`, 'by design'],
      ['shape', 'refresh_token', '43 characters base64url', `${again}refresh_token`, 'by design'],
    ])
  })

  test('headers that say nothing to an integration are not compared', () => {
    expect(results.get('password')?.notCompared).toEqual(
      expect.arrayContaining(['etag', 'date', 'x-request-id']),
    )
  })
})

describe('against other stacks', () => {
  test.each<[Stack, readonly string[]]>([
    ['Spree 5.3 settings, Doorkeeper 5.8.2', []],
    ['Spree 5.3 settings, Doorkeeper 5.9.6', []],
  ])('%s: nothing but what is meant', async (stack, different) => {
    const results = await checkAgainst(stack)
    expect(namesOf(results, 'different')).toEqual(different)
    expect(findingsOf(results, 'wrong-password')).toEqual([
      ['extra', 'header pragma', null, 'no-cache', 'by design'],
    ])
    expect(findingsOf(results, 'client-credentials-without-scope')[0]).toEqual([
      'status',
      'status code',
      '400',
      '200',
      'by design',
    ])
  })

  test('Spree 4.4: the life of tokens, and what is told of tokens that were revoked', async () => {
    const results = await checkAgainst('Spree 4.4-4.5 settings, Doorkeeper 5.5.0')
    expect(findingsOf(results, 'password')).toEqual([['value', 'expires_in', '7200', '2629746', 'different']])
    expect(results.get('password')?.findings[0]?.setting).toBe('expiresIn of the surface')
    expect(namesOf(results, 'different')).toContain('info-after-revocation')
  })

  test('Spree 4.0, which knows no client credentials and no scopes', async () => {
    const results = await checkAgainst('Spree 4.0-4.2 settings, Doorkeeper 5.5.0')
    expect(findingsOf(results, 'client-credentials')).toEqual([
      ['status', 'status code', '400', '200', 'different'],
      [
        'value',
        'body',
        'unsupported_grant_type: The authorization grant type is not supported by the authorization server.',
        'JSON with access_token, token_type, expires_in, refresh_token, scope, created_at',
        'different',
      ],
    ])
  })
})

describe('with a Mintkeeper that is not set up as the shop was', () => {
  test('the default life of tokens is found', async () => {
    const other = await startImported({})
    try {
      const results = await checkAgainst(null, other)
      expect(findingsOf(results, 'password')).toEqual([
        ['value', 'expires_in', '2629746', '7200', 'different'],
      ])
      expect(findingsOf(results, 'introspect')).toEqual([
        ['value', 'exp', 'iat + 2629746', 'iat + 7200', 'different'],
      ])
    } finally {
      await other.close()
    }
  })

  test('whether refresh tokens change is decided by another setting than whether clients get any', async () => {
    const [against, other] = await Promise.all([startImported({ refresh: 'keep' }), startImported({})])
    try {
      const servers = { against: against.origin, here: other.origin }
      const results = await check('spree', servers, { ...SHOP }, ['refresh'])
      expect(results.get('refresh')?.findings).toMatchObject([
        {
          field: 'refresh_token',
          against: '43 characters base64url, that of login.refresh_token',
          setting: 'refresh of the surface',
        },
      ])
    } finally {
      await against.close()
      await other.close()
    }
  })

  test('and whether clients get any by one of its own, on either side', async () => {
    const [withOne, without] = await Promise.all(
      [true, false].map((clientCredentialsRefreshToken) => startImported({ clientCredentialsRefreshToken })),
    )
    const origins = [String(withOne?.origin), String(without?.origin)] as const
    try {
      for (const [against, here] of [origins, origins.toReversed()] as const) {
        const servers = { against: String(against), here: String(here) }
        const results = await check('spree', servers, { ...SHOP }, ['client-credentials'])
        expect(results.get('client-credentials')?.findings).toMatchObject([
          { field: 'refresh_token', setting: 'clientCredentialsRefreshToken of the surface' },
        ])
      }
    } finally {
      await withOne?.close()
      await without?.close()
    }
  })
})
