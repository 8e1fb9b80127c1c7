import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { MintkeeperConfig } from '../src/index.ts'
import { createMintkeeper, type Mintkeeper } from '../src/server.ts'
import { newDirectory } from './directory.ts'

const ORIGIN = 'http://localhost'

let directory: string
beforeEach(() => {
  directory = newDirectory()
})

interface Secrets {
  readonly password?: string
  readonly passwordHash?: string
  readonly clientSecret: string
}

function config({ clientSecret, ...user }: Secrets): MintkeeperConfig {
  return {
    database: `sqlite:${join(directory, 'tokens.db')}`,
    defaultTenant: 'shop',
    tenants: [
      {
        id: 'shop',
        issuer: `${ORIGIN}/`,
        users: [{ username: 'ann', ...user }],
        clients: [{ id: 'sync', secret: clientSecret, grants: ['client_credentials'] }],
      },
    ],
  }
}

async function withServer<T>(secrets: Secrets, use: (server: Mintkeeper) => Promise<T>): Promise<T> {
  const server = await createMintkeeper(config(secrets))
  try {
    return await use(server)
  } finally {
    await server.close()
  }
}

async function post(server: Mintkeeper, path: string, form: Record<string, string>): Promise<number> {
  const body = new URLSearchParams(form)
  return (await server.fetch(new Request(ORIGIN + path, { method: 'POST', body }))).status
}

const login = (password: string) => (server: Mintkeeper) =>
  post(server, '/spree_oauth/token', { grant_type: 'password', username: 'ann', password })
const ask = (secret: string) => (server: Mintkeeper) =>
  post(server, '/oauth/token', { grant_type: 'client_credentials', client_id: 'sync', client_secret: secret })

const OLD_SECRET = 'first-secret-0123456789abcdefghijklmnop'
const NEW_SECRET = 'other-secret-0123456789abcdefghijklmnop'

describe('a configuration that changed only in a secret is applied at the next start', () => {
  test('a password', async () => {
    expect(
      await withServer({ password: 'old password', clientSecret: OLD_SECRET }, login('old password')),
    ).toBe(200)
    const changed = { password: 'new password', clientSecret: OLD_SECRET }
    expect(await withServer(changed, login('old password'))).toBe(400)
    expect(await withServer(changed, login('new password'))).toBe(200)
  })

  test('a client secret', async () => {
    expect(await withServer({ clientSecret: OLD_SECRET }, ask(OLD_SECRET))).toBe(200)
    expect(await withServer({ clientSecret: NEW_SECRET }, ask(OLD_SECRET))).toBe(401)
    expect(await withServer({ clientSecret: NEW_SECRET }, ask(NEW_SECRET))).toBe(200)
  })
})

test('what was changed otherwise stays, as long as the configuration is the same', async () => {
  const secrets = { password: 'from the file', clientSecret: OLD_SECRET }
  await withServer(secrets, async (server) => {
    const user = await server.services.store.findUserByLogin('shop', 'ann')
    const passwordHash = await server.services.passwords.hash('changed by an admin')
    if (user !== null) await server.services.store.updateUser({ ...user, passwordHash })
  })
  expect(await withServer(secrets, login('changed by an admin'))).toBe(200)
  expect(await withServer(secrets, login('from the file'))).toBe(400)
})

test('a database that is gone is not replaced by an empty one while its master key is there', async () => {
  await withServer({ clientSecret: OLD_SECRET }, ask(OLD_SECRET))
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(directory, `tokens.db${suffix}`), { force: true })
  await expect(createMintkeeper(config({ clientSecret: OLD_SECRET }))).rejects.toThrow(/tokens\.db/)
})

test('a user or client that was disabled elsewhere is not enabled by a change of the file', async () => {
  const secrets = { password: 'the password', clientSecret: OLD_SECRET }
  await withServer(secrets, async ({ services: { store } }) => {
    const user = await store.findUserByLogin('shop', 'ann')
    const client = await store.findClient('shop', 'sync')
    if (user !== null) await store.updateUser({ ...user, disabled: true })
    if (client !== null) await store.updateClient({ ...client, disabled: true })
  })
  const changed = { password: 'another password', clientSecret: NEW_SECRET }
  expect(await withServer(changed, login('another password'))).toBe(400)
  expect(await withServer(changed, ask(NEW_SECRET))).toBe(401)
})

test('a lost master key is not replaced by a new one', async () => {
  await withServer({ clientSecret: OLD_SECRET }, ask(OLD_SECRET))
  const keyFile = join(directory, 'tokens.db.key')
  rmSync(keyFile)
  await expect(createMintkeeper(config({ clientSecret: OLD_SECRET }))).rejects.toThrow(
    /neither configured nor in/,
  )
  expect(existsSync(keyFile)).toBe(false)
})

test('a start that is refused leaves no timer, and the database to others', async () => {
  await withServer({ clientSecret: OLD_SECRET }, ask(OLD_SECRET))
  const started = vi.spyOn(globalThis, 'setInterval')
  const cleared = vi.spyOn(globalThis, 'clearInterval')
  onTestFinished(() => void vi.restoreAllMocks())
  const other = { ...config({ clientSecret: OLD_SECRET }), masterKey: Buffer.alloc(32, 9).toString('base64') }
  await expect(createMintkeeper(other)).rejects.toThrow()
  expect(cleared.mock.calls.flat()).toEqual(
    expect.arrayContaining(started.mock.results.map(({ value }) => value)),
  )
  expect(existsSync(join(directory, 'tokens.db-wal'))).toBe(false)
})
