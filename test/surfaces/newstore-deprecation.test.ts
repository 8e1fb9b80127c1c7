/** See newstore.test.ts for the requirements that are met differently. */
import { beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { newstore } from '../../src/surfaces/newstore.ts'
import { newstoreOpenapi } from '../../src/surfaces/newstore-openapi.ts'
import { TENANT } from '../harness.ts'
import { createNewstore, FORM, form, PASSWORD, USERNAME } from './newstore-exchange.ts'

const { harness, login } = createNewstore({
  ending: {
    sunset: Date.UTC(2027, 5, 30) / 1000,
    sunsetPolicy: 'https://example.com/sunset',
    migrationGuide: 'https://example.com/guide',
  },
})

beforeAll(async () => {
  await harness.user({ username: USERNAME, password: PASSWORD })
})

describe('9. deprecation', () => {
  const ENDING = 'ending.x.newstore.net'

  test('R130 R132 every answer says since when, and where to go', async () => {
    const expected =
      '<https://docs.newstore.net/developers/troubleshooting/migration-token-api-v0>; rel="deprecation"; type="text/html", <https://dodici.x.newstore.net/auth/realms/dodici/protocol/openid-connect/token>; rel="successor-version"'
    const answers = [
      await login(),
      await login({ body: '' }),
      await login({ parameters: { password: 'wrong' } }),
      await login({ path: '/v0/token?password' }),
      await login({ body: 'x'.repeat(20_000) }),
    ]
    for (const answer of answers) {
      expect(answer.header('deprecation')).toBe('@1704672000')
      expect(answer.header('link')).toBe(expected)
      expect(answer.header('sunset')).toBeNull()
    }
  })

  test('R130 so do 404 and 405', async () => {
    for (const answer of [await login({ host: 'unknown' }), await login({ method: 'GET' })]) {
      expect(answer.header('deprecation')).toBe('@1704672000')
      expect(answer.header('link')).toContain('rel="deprecation"')
    }
  })

  test('R131 R132 with a sunset, when the end is known', async () => {
    const answer = await login({ host: ENDING, body: '' })
    expect(answer.header('sunset')).toBe('Wed, 30 Jun 2027 00:00:00 GMT')
    expect(answer.header('link')).toBe(
      '<https://example.com/guide>; rel="deprecation"; type="text/html", <https://dodici.x.newstore.net/auth/realms/ending/protocol/openid-connect/token>; rel="successor-version", <https://example.com/sunset>; rel="sunset"',
    )
  })

  test('R131 a sunset before the deprecation is refused', () => {
    expect(() => newstore.policy({ sunset: 1704671999 }, TENANT)).toThrow(RangeError)
  })

  test('R132 the successor is there', async () => {
    const successor =
      /<([^>]+)>; rel="successor-version"/.exec((await login()).header('link') ?? '')?.[1] ?? ''
    const client = await harness.client({ id: 'successor', scopes: ['read'] })
    const body = form({
      grant_type: 'client_credentials',
      client_id: client.id,
      client_secret: client.secret,
    })
    const response = await harness.send({ path: new URL(successor).pathname, headers: FORM, body })
    expect(response.status).toBe(200)
  })

  test('R140 the API document is served, and marks both operations', async () => {
    const response = await harness.send({ method: 'GET', path: '/v0/openapi.json' })
    expect(response.status).toBe(200)
    expect(response.header('content-type')).toBe('application/json')
    const { paths } = response.json()
    expect(Object.keys(paths)).toEqual(['/token', '/refresh_token'])
    expect(paths['/token'].post.deprecated).toBe(true)
    expect(paths['/refresh_token'].post.deprecated).toBe(true)
    const { status, headers } = await harness.send({ path: '/v0/openapi.json' })
    expect([status, headers.Allow]).toEqual([405, 'GET'])
  })

  test('R140 so does the file, which is valid YAML', async () => {
    const yaml = stringify(newstoreOpenapi(), { lineWidth: 100, aliasDuplicateObjects: false })
    await expect(yaml).toMatchFileSnapshot('../../docs/api/newstore-v0.openapi.yaml')
    expect(parse(yaml)).toEqual(JSON.parse(JSON.stringify(newstoreOpenapi())))
  })

  test('R140 every answer given is one of the document', () => {
    const { responses, schemas } = newstoreOpenapi().components as {
      readonly responses: Record<string, { readonly content: Record<string, { readonly example?: unknown }> }>
      readonly schemas: object
    }
    expect(Object.keys(schemas)).toEqual(['post_token_response', 'error_response'])
    for (const [name, { content }] of Object.entries(responses)) {
      expect(Object.keys(content), name).toEqual(['application/json'])
    }
  })
})
