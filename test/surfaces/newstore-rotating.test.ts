import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { createHarness, TENANT } from '../harness.ts'

const LOGIN = { grant_type: 'password', username: 'ann', password: 'correct' }

test('where refresh tokens rotate, a reused one ends the JWTs of its family too', async () => {
  const surfaces = { newstore: { refresh: 'rotate', reuseWindow: 0 }, standard: {} } as const
  const harness = createHarness({ tenants: [{ ...TENANT, surfaces }] })
  await harness.user({ username: 'ann', password: 'correct' })
  const api = await harness.client({ introspect: 'any' })
  const isActive = async (token: string) => {
    const form = { token, client_id: api.id, client_secret: api.secret }
    return (await harness.post('/oauth/introspect', form)).json().active
  }
  const login = (await harness.post('/v0/token', LOGIN)).json()
  const refresh = () =>
    harness.post('/v0/refresh_token', { grant_type: 'refresh_token', refresh_token: login.refresh_token })
  const successor = (await refresh()).json()
  expect(decodeJwt(successor.access_token).jti).toBeTypeOf('string')
  expect(await isActive(successor.access_token)).toBe(true)
  expect((await refresh()).status).toBe(403)
  expect(await isActive(successor.access_token)).toBe(false)
  expect(await isActive(login.access_token)).toBe(false)
})

test('an answer to a wrong method says when the surface ends, as all its answers do', async () => {
  const surfaces = { newstore: { sunset: 1_814_313_600 }, realm: {} }
  const harness = createHarness({ tenants: [{ ...TENANT, surfaces }] })
  const answer = await harness.send({ method: 'GET', path: '/v0/token' })
  expect(answer.status).toBe(405)
  expect(answer.header('sunset')).toBe('Wed, 30 Jun 2027 00:00:00 GMT')
  expect(answer.header('link')).toContain('rel="successor-version"')
})
