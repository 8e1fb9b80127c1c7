import { expect, onTestFinished, test, vi } from 'vitest'
import { type ClientSecretUses, createClientSecretUses } from '../../src/endpoints/client-secret-uses.ts'
import { createMintkeeper } from '../../src/index.ts'
import type { ClientSecretUse } from '../../src/store/client-secret-uses.ts'
import { createHarness } from '../harness.ts'

const NOW = 1_767_225_600

/** Uses, and what became of each write. */
function recorded(save: () => Promise<void> = async () => {}) {
  const saved: (readonly ClientSecretUse[])[] = []
  const failures: unknown[] = []
  const uses = createClientSecretUses({
    store: {
      async saveClientSecretUses(written) {
        saved.push(written)
        await save()
      },
    },
    onFailure: (cause) => failures.push(cause),
  })
  return { uses, saved, failures }
}

function use(secret = 's-1', columns: Partial<ClientSecretUse> = {}): ClientSecretUse {
  return { tenant: 'acme', client: 'shop', secret, usedAt: NOW, usedFrom: '192.0.2.1', ...columns }
}

function note(uses: ClientSecretUses, { usedAt, usedFrom, ...secret }: ClientSecretUse): void {
  uses.note(secret, usedAt, () => usedFrom)
}

test('a write has one use of each secret, the latest, and none that was written before', async () => {
  const { uses, saved } = recorded()
  await uses.write()
  expect(saved).toEqual([])
  for (let request = 0; request < 1000; request++) note(uses, use('s-1', { usedAt: NOW + (request % 60) }))
  const others = [use('s-1', { client: 'till' }), use('s-1', { tenant: 'other' }), use('s-2')]
  for (const other of others) note(uses, other)
  note(uses, use('s-1', { usedAt: NOW + 60, usedFrom: null }))
  expect(saved).toEqual([])
  await uses.write()
  expect(saved).toEqual([
    expect.arrayContaining([use('s-1', { usedAt: NOW + 60, usedFrom: null }), ...others]),
  ])
  expect(saved[0]).toHaveLength(4)
  await uses.write()
  expect(saved).toHaveLength(1)
})

test('where a request comes from is asked once a second and secret', () => {
  const { uses } = recorded()
  const source = vi.fn(() => '192.0.2.1')
  const secret = { tenant: 'acme', client: 'shop', secret: 's-1' }
  for (let request = 0; request < 100; request++) uses.note(secret, NOW + Math.floor(request / 50), source)
  // A clock that goes back tells nothing that is later.
  uses.note(secret, NOW - 3600, source)
  expect(source).toHaveBeenCalledTimes(2)
})

test('what could not be written is written the next time, unless there is something later', async () => {
  let fails = true
  const { uses, saved, failures } = recorded(async () => {
    // Meanwhile.
    note(uses, use('s-2', { usedAt: NOW + 1 }))
    if (fails) throw new Error('gone')
  })
  note(uses, use('s-1'))
  note(uses, use('s-2'))
  await uses.write()
  expect(failures).toEqual([new Error('gone')])
  fails = false
  await uses.write()
  expect(saved[1]).toHaveLength(2)
  expect(saved[1]).toEqual(expect.arrayContaining([use('s-1'), use('s-2', { usedAt: NOW + 1 })]))
})

test('memory is bounded: with too many secrets the next write is at once, and one at a time', async () => {
  const ends: (() => void)[] = []
  const { uses, saved } = recorded(() => new Promise((resolve) => ends.push(resolve)))
  for (let secret = 0; secret < 30_000; secret++) note(uses, use(`s-${secret}`))
  expect(saved.map((written) => written.length)).toEqual([10_000])
  ends[0]?.()
  await uses.write()
  const next = uses.write()
  ends[1]?.()
  await next
  expect(saved.map((written) => written.length)).toEqual([10_000, 10_000])
})

test.each([[false], [true]])(
  'the last write is one attempt, if the store fails; underway: %s',
  async (isUnderway) => {
    const { promise, reject } = Promise.withResolvers<void>()
    const { uses, saved, failures } = recorded(() => promise)
    note(uses, use('s-1'))
    if (isUnderway) void uses.write()
    note(uses, use('s-2'))
    const ended = uses.end()
    reject(new Error('frozen'))
    await ended
    expect([saved.length, failures.length]).toEqual([1, 1])
  },
)

test('the last write has what was noted during one that was underway', async () => {
  const { uses, saved } = recorded()
  note(uses, use('s-1'))
  void uses.write()
  note(uses, use('s-2'))
  await uses.end()
  expect(saved).toEqual([[use('s-1')], [use('s-2')]])
})

test('each authentication of a client is a use of its secret, and nothing else is', async () => {
  const harness = createHarness()
  const client = await harness.client({ id: 'shop' })
  await harness.client({ id: 'off', secret: client.secret, disabled: true })
  const { store, post } = harness
  const uses = () => store.listClientSecretUses('dodici', '', '~')
  async function send(path: string, form: Record<string, string>, status: number) {
    expect((await post(path, { client_secret: client.secret, ...form })).status).toBe(status)
    await harness.writeSecretUses()
  }
  const token = { grant_type: 'client_credentials' }
  await send('/oauth/token', { ...token, client_id: 'shop', client_secret: 'wrong' }, 401)
  await send('/oauth/token', { ...token, client_id: 'off' }, 401)
  expect(await uses()).toEqual([])
  const first = { tenant: 'dodici', client: 'shop', secret: 'first', usedFrom: '192.0.2.1' }
  for (const [path, form, status] of [
    ['/oauth/token', token, 200],
    ['/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x' }, 400],
    ['/oauth/introspect', { token: 'x' }, 200],
    ['/oauth/revoke', { token: 'x' }, 200],
    ['/spree_oauth/token', token, 200],
  ] as const) {
    harness.advance(1)
    await send(path, { ...form, client_id: 'shop' }, status)
    expect(await uses()).toEqual([{ ...first, usedAt: harness.now() }])
  }
})

test('a server writes each minute, and when it is closed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  let nowMs = NOW * 1000
  const secret = 'the-secret-of-the-shop-that-nobody-can-guess'
  const mintkeeper = await createMintkeeper(
    {
      database: 'memory:',
      defaultTenant: 'main',
      tenants: [
        {
          id: 'main',
          hosts: ['main.example'],
          issuer: 'https://main.example/',
          clients: [{ id: 'shop', secret, grants: ['client_credentials'] }],
        },
      ],
    },
    { clock: () => nowMs },
  )
  const ask = () =>
    mintkeeper.fetch(
      new Request('https://main.example/oauth/token', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: 'shop',
          client_secret: secret,
        }).toString(),
      }),
    )
  const times = async () =>
    (await mintkeeper.services.store.listClientSecretUses('main', 'shop', 'shop')).map(({ usedAt }) => usedAt)
  expect((await ask()).status).toBe(200)
  expect(await times()).toEqual([])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await times()).toEqual([NOW])
  nowMs += 5000
  await ask()
  expect(await times()).toEqual([NOW])
  await mintkeeper.close()
  expect(await times()).toEqual([NOW + 5])
})
