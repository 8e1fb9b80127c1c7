/** `surface check newstore` against a server that answers as NewStore's document has it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../clients/server.ts'
import { NEWSTORE_USER } from '../clients/tenant.ts'
import { check, findingsOf, namesOf, type Results } from './checked.ts'
import { EXAMPLE_CLAIMS, startOldNewstore } from './old-newstore.ts'
import type { OldServer } from './old-server.ts'

const { iss = '', sub = '' } = EXAMPLE_CLAIMS

let old: OldServer
let here: RunningServer
beforeAll(async () => {
  old = await startOldNewstore()
  here = await startServer({
    issuer: iss,
    surfaces: { newstore: { tenantClaim: false } },
    users: [
      {
        ...NEWSTORE_USER,
        id: sub,
        roles: ['newstore_admin'],
        claims: { newstore_id: EXAMPLE_CLAIMS['http://newstore/newstore_id'] },
      },
    ],
  })
})
afterAll(async () => {
  await old.close()
  await here.close()
})

/** What all answers differ in. */
const IN_ALL = [
  ['value', 'header content-type', 'application/json', 'application/json;charset=UTF-8', 'by design'],
  ['extra', 'header cache-control', null, 'no-store', 'by design'],
  ['extra', 'header deprecation', null, '@1704672000', 'by design'],
  ['extra', 'header link', null, expect.stringContaining('rel="deprecation"'), 'by design'],
]

describe('a Mintkeeper that is set up as the document has it', () => {
  let results: Results
  beforeAll(async () => {
    results = await check('newstore', { against: old.origin, here: here.origin }, NEWSTORE_USER)
  })

  test('differs in nothing but what is meant', () => {
    for (const state of ['different', 'refused', 'not played'] as const) {
      expect(namesOf(results, state), state).toEqual([])
    }
  })

  test.each([
    'password',
    'wrong-password',
    'missing-password',
    'password-in-query',
    'refresh',
    'refresh-again',
  ])('%s: only headers', (name) => {
    const found = findingsOf(results, name)
    expect(found.filter(([, field]) => !field.startsWith('header'))).toEqual([])
    expect(found).toEqual(expect.arrayContaining(IN_ALL))
  })

  test('another method, and JSON, which the document does not list', () => {
    expect(findingsOf(results, 'method-get')).toContainEqual([
      'status',
      'status code',
      '403',
      '405',
      'by design',
    ])
    expect(findingsOf(results, 'password-json')).toEqual([
      ['status', 'status code', '400', '200', 'by design'],
      [
        'value',
        'body',
        'Authentication failed',
        'JSON with refresh_token, access_token, token_type, scope, expires_in',
        'by design',
      ],
    ])
  })
})

describe('an old server that takes the last of two parameters', () => {
  test('is found out', async () => {
    const [lax, other] = await Promise.all([startOldNewstore({ takesLast: true }), startServer()])
    try {
      const servers = { against: lax.origin, here: other.origin }
      const results = await check('newstore', servers, NEWSTORE_USER, ['parameter-twice'])
      expect(findingsOf(results, 'parameter-twice')[0]).toEqual([
        'status',
        'status code',
        '200',
        '400',
        'by design',
      ])
    } finally {
      await lax.close()
      await other.close()
    }
  })
})

describe('a Mintkeeper that is not', () => {
  test('has each claim told, and what decides about it', async () => {
    const other = await startServer({ surfaces: { newstore: { refresh: 'rotate', expiresIn: 3600 } } })
    try {
      const names = ['password', 'refresh-again']
      const results = await check(
        'newstore',
        { against: old.origin, here: other.origin },
        NEWSTORE_USER,
        names,
      )
      const found = results.get('password')?.findings ?? []
      const told = found.filter(({ field }) => !field.startsWith('header'))
      expect(told.map(({ field, byDesign, setting }) => [field, byDesign === null, setting])).toEqual([
        ['access_token claim iss', true, 'issuer of the tenant'],
        ['access_token claim aud', true, 'audience of the surface'],
        ['access_token claim exp', true, 'expiresIn of the surface'],
        ['access_token claim http://newstore/tenant', false, 'tenantClaim of the surface'],
        ['access_token claim jti', true, 'refresh of the surface'],
        ['expires_in', true, 'expiresIn of the surface'],
      ])
      expect(results.get('refresh-again')?.findings).toContainEqual({
        kind: 'shape',
        field: 'refresh_token',
        against: '45 characters base64url, that of login.refresh_token',
        here: '45 characters base64url, that of refresh.refresh_token',
        byDesign: null,
        setting: 'refresh of the surface',
      })
    } finally {
      await other.close()
    }
  })
})
