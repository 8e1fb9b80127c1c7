import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, freePort, postJson, type Workplace } from './workplace.ts'

const ADMIN_TOKEN = 'an-admin-token-0123456789'
const CLIENT = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }
const LOGIN = {
  ...CLIENT,
  ...{ grant_type: 'password', username: 'joe@example.com', password: 'canary-password-of-joe' },
}

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  const surfaces = 'surfaces: { standard: { passwordGrant: true }, spree: }'
  const configuration = CONFIGURATION.replace('    users:', `    ${surfaces}\n    users:`)
  place.write('mintkeeper.yaml', `adminToken: ${ADMIN_TOKEN}\n${configuration}`)
})
afterEach(() => place.remove())

async function stop({ child, ended }: Awaited<ReturnType<Workplace['serve']>>): Promise<void> {
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
}

async function types(...filter: readonly string[]): Promise<readonly string[]> {
  return (await place.json(['audit', ...filter])).map(({ type }: { type: string }) => type)
}

describe('audit', () => {
  it('T032 T162 tells what a server was asked for, the latest first', async () => {
    const server = await place.serve(['--admin-port', '0'])
    const { access_token: token } = await postJson(`${server.url}/oauth/token`, LOGIN)
    const revoke = () => postStatus(`${server.url}/oauth/revoke`, { ...CLIENT, token })
    expect(await Promise.all(Array.from({ length: 50 }, revoke))).toEqual(Array(50).fill(200))
    await postJson(`${server.url}/oauth/token`, { ...LOGIN, password: 'canary-password-of-nobody' })
    // Another process sees what this one has kept, without waiting for its end.
    await expect
      .poll(() => types('--type', 'login', '--user', 'joe@example.com'), { timeout: 20_000 })
      .toHaveLength(2)
    await stop(server)
    expect(await types('--client', 'sync')).toEqual(['login', 'revoke', 'login', 'client.create'])
    const { stdout } = await place.run(['audit', '--limit', '3', '--tenant', 'dodici'])
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^TIME +TENANT +TYPE +WHO +WHAT +SOURCE +RESULT$/)
    expect(lines[1]).toMatch(
      /^\d{4}-\d\d-\d\d [\d:.]+Z +dodici +login +auth0\|\w+ +sync +127\.0\.0\.1 +invalid_grant \(wrong_password\)$/,
    )
    expect(lines[2]).toMatch(/ dodici +revoke +auth0\|\w+ +sync \w+ +127\.0\.0\.1 +ok$/)
    expect(lines).toHaveLength(4)
    expect(place.databaseText()).not.toContain('canary')
  })

  it('T162 tells of the admin API who asked, and from where', async () => {
    const server = await place.serve(['--admin-port', String(await freePort())])
    const { access_token: token } = await postJson(`${server.url}/oauth/token`, LOGIN)
    const answer = await fetch(`${server.adminUrl}/admin/v1/tenants/dodici/revocations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    expect(answer.status).toBe(204)
    await stop(server)
    expect(await place.json(['audit', '--type', 'token.revoke'])).toEqual([
      expect.objectContaining({
        ...{ actor: 'admin', source: '127.0.0.1', requestId: answer.headers.get('x-request-id') },
        ...{ user: expect.stringMatching(/^auth0\|/), client: 'sync', result: 'ok' },
      }),
    ])
  })

  it('can leave out each token that is issued, but nothing else', async () => {
    const server = await place.serve(['--admin-port', '0', '--audit-issues', 'false'])
    const form = { ...CLIENT, grant_type: 'client_credentials' }
    await postJson(`${server.url}/oauth/token`, form)
    const { refresh_token } = await postJson(`${server.url}/oauth/token`, LOGIN)
    await postJson(`${server.url}/oauth/token`, { ...CLIENT, grant_type: 'refresh_token', refresh_token })
    await postJson(`${server.url}/oauth/token`, { ...form, client_secret: 'wrong' })
    await postJson(`${server.url}/oauth/token`, {
      ...CLIENT,
      grant_type: 'refresh_token',
      refresh_token: 'x',
    })
    await stop(server)
    const told = await place.json(['audit', '--type', 'login issue refresh'])
    expect(told.map(({ type, result }: Record<string, string>) => `${type} ${result}`)).toEqual([
      'refresh invalid_grant',
      'issue invalid_client',
      'login ok',
    ])
  })

  it('can be asked for a time', async () => {
    await place.run(['apply'])
    expect(await types('--since', '1h')).not.toEqual([])
    expect(await types('--until', '1h')).toEqual([])
    expect(await types('--since', '2100-01-01T00:00:00Z')).toEqual([])
    for (const wrong of [
      ['--since', 'yesterday'],
      ['--type', 'nothing'],
      ['--limit', '0'],
    ]) {
      expect((await place.run(['audit', ...wrong])).code).toBe(2)
    }
  })
})

describe('audit verify', () => {
  it('finds all as it was written, and the last record that the log told of', async () => {
    const server = await place.serve(['--admin-port', '0'])
    const [, head = ''] = await server.said(/"head":"([^"]+)"/)
    await stop(server)
    expect(await place.json(['audit', 'verify', '--head', head])).toMatchObject({ isWhole: true, faults: [] })
    const { stdout, stderr } = await place.run(['audit', 'verify'])
    expect(stdout).toMatch(/^The audit log is whole: \d+ events in \d+ records\.\n$/)
    expect(stderr).toContain('--head')
    expect((await place.run(['audit', 'verify', '--head', 'x'])).code).toBe(2)
  })

  it('exits with 1 and says so if a record was taken away', async () => {
    await place.run(['apply'])
    await place.run(['user', 'create', 'ann'])
    await place.run(['user', 'delete', 'ann'])
    await place.run(['user', 'create', 'bob'])
    const deleted = place.sql("delete from audit where events like '%user.delete%' returning key")
    expect(deleted).toHaveLength(1)
    const { code, stdout, stderr } = await place.run(['audit', 'verify'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^The audit log is not whole/)
    expect(stdout).toContain('it was written, and is not there')
    expect(stderr).toContain('Somebody has changed the database')
  })
})

async function postStatus(url: string, form: Readonly<Record<string, string>>): Promise<number> {
  return (await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).status
}
