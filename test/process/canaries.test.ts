import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, freePort, post, postJson, type Workplace } from '../cli/workplace.ts'

const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }
const JOE = { grant_type: 'password', username: 'joe@example.com', password: 'canary-password-of-joe' }

describe('at the most talkative log level', () => {
  let place: Workplace
  beforeEach(() => {
    place = createWorkplace()
    place.write('mintkeeper.yaml', CONFIGURATION)
    place.write('admin-token', 'canary-admin-token-0123456789abcdef')
  })
  afterEach(() => place.remove())

  it('no secret and no token is in the log, the database, its log or the command line', async () => {
    const server = await place.serve([
      ...[
        '--admin-port',
        String(await freePort()),
        '--admin-token-file',
        'admin-token',
        '--log-level',
        'trace',
      ],
    ])
    const { url, adminUrl } = server
    const tokens: string[] = []
    const keep = ({ access_token, refresh_token }: Record<string, string>) => {
      tokens.push(...[access_token, refresh_token].filter((token) => token !== undefined))
      expect(access_token).toMatch(/\S/)
      return { access_token, refresh_token }
    }

    // What works.
    const newstore = keep(await postJson(`${url}/v0/token`, JOE))
    keep(
      await postJson(`${url}/v0/refresh_token`, {
        grant_type: 'refresh_token',
        refresh_token: newstore.refresh_token ?? '',
      }),
    )
    const spree = keep(await postJson(`${url}/spree_oauth/token`, { ...SYNC, ...JOE }))
    keep(
      await postJson(`${url}/spree_oauth/token`, {
        ...SYNC,
        grant_type: 'refresh_token',
        refresh_token: spree.refresh_token ?? '',
      }),
    )
    const standard = keep(await postJson(`${url}/oauth/token`, { ...SYNC, grant_type: 'client_credentials' }))
    await post(`${url}/oauth/introspect`, { ...SYNC, token: standard.access_token ?? '' })
    await post(`${url}/oauth/revoke`, { ...SYNC, token: standard.access_token ?? '' })
    const bearer = { Authorization: `Bearer ${spree.access_token}` }
    await fetch(`${url}/spree_oauth/token/info`, { headers: bearer })

    // What does not.
    for (const path of [
      '/v0/token',
      '/spree_oauth/token',
      '/oauth/token',
      '/auth/realms/dodici/protocol/openid-connect/token',
    ]) {
      await post(`${url}${path}`, { ...JOE, password: 'canary-wrong-password' })
      await post(`${url}${path}`, {
        ...SYNC,
        grant_type: 'client_credentials',
        client_secret: 'canary-wrong-secret',
      })
      await post(`${url}${path}`, {
        ...SYNC,
        grant_type: 'refresh_token',
        refresh_token: 'canary-refresh-token',
      })
      await post(`${url}${path}?password=canary-in-the-query&access_token=canary-in-the-query`, JOE)
      await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { Authorization: 'Basic canary-basic' },
        body: '{"canary-json',
      })
    }
    await fetch(`${url}/nowhere/canary-in-the-path`, { headers: { Cookie: 'canary-cookie' } })

    // The control plane.
    const admin = { Authorization: `Bearer ${place.read('admin-token')}`, 'Content-Type': 'application/json' }
    const created = await fetch(`${adminUrl}/admin/v1/tenants/dodici/users`, {
      method: 'POST',
      headers: admin,
      body: JSON.stringify({ username: 'ann', password: 'canary-password-of-ann' }),
    })
    expect(created.status).toBe(201)
    await fetch(`${adminUrl}/admin/v1/tenants?canary-in-the-query=1`, {
      headers: { Authorization: 'Bearer canary-wrong-token' },
    })

    const commandLine =
      process.platform === 'linux' ? readFileSync(`/proc/${server.child.pid}/cmdline`, 'latin1') : ''
    server.child.kill('SIGTERM')
    const { stdout, stderr } = await server.ended
    expect(stdout.split('"msg":"request"').length).toBeGreaterThan(25)
    const found = [...tokens, 'canary', 'Y2FuYXJ5'].filter((secret) => {
      return [stdout, stderr, commandLine, place.databaseText()].some((text) => text.includes(secret))
    })
    expect(found).toEqual([])
  })
})
