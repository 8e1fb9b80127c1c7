/** The options that limit guessing, in a server behind a listener and a proxy it trusts. */
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createMetrics, createMintkeeper, type MintkeeperConfig, type RequestEntry } from '../../src/index.ts'
import { SILENT_LOG } from '../../src/log/log.ts'
import { listen } from '../listen.ts'
import { readSeries, valueIn } from '../log/series.ts'

const RIGHT = 'correct-Horse_7-battery-staple'

async function start(options: Partial<MintkeeperConfig> = {}) {
  const metrics = createMetrics()
  const entries: RequestEntry[] = []
  const mintkeeper = await createMintkeeper(
    {
      database: 'memory:',
      masterKey: Buffer.alloc(32, 7).toString('base64'),
      server: { trustedProxies: ['127.0.0.1'] },
      defaultTenant: 'shop',
      tenants: [
        {
          id: 'shop',
          issuer: 'https://shop.example/',
          signingAlgorithm: 'ES256',
          surfaces: { newstore: {}, spree: {} },
          users: ['ann', 'bob'].map((username) => ({ username, password: RIGHT })),
        },
      ],
      ...options,
    },
    { metrics, log: { ...SILENT_LOG, request: (entry) => entries.push(entry) } },
  )
  const { origin, close } = await listen(createServer(mintkeeper.node))
  onTestFinished(async () => {
    await close()
    await mintkeeper.close()
  })

  async function login(
    username: string,
    password: string,
    source = '192.0.2.1',
    path = '/spree_oauth/token',
  ) {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: { 'x-forwarded-for': source },
      body: new URLSearchParams({ grant_type: 'password', username, password }),
    })
    return { status: response.status, body: await response.text() }
  }
  const told = (reason: string) => entries.filter((entry) => entry.reason === reason).length
  const blocks = async () => valueIn(readSeries(await metrics.text()), 'mintkeeper_login_blocks_total')
  return { login, told, blocks }
}

test('T100 ten failures of a user end guessing by default, and the metric counts what is refused then', async () => {
  const { login, told, blocks } = await start()
  expect(await blocks()).toBe(0)
  const answers = await Promise.all(Array.from({ length: 12 }, () => login('ann', 'wrong')))
  answers.push(await login('ann', RIGHT))
  expect(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size).toBe(1)
  expect([told('wrong_password') <= 10, await blocks()]).toEqual([true, told('login_blocked')])
  expect((await login('ann', RIGHT, '192.0.2.2')).status).toBe(200)
  expect((await login('bob', RIGHT)).status).toBe(200)
})

test('T103 behind a proxy the addresses of one network count together, and nothing else that is forwarded', async () => {
  const { login, told } = await start()
  for (let n = 1; n <= 20; n++) await login('ann', 'wrong', `203.0.113.${n}, 2001:db8:1:2::${n}`)
  expect([told('wrong_password'), told('login_blocked')]).toEqual([10, 10])
  expect((await login('ann', RIGHT, '203.0.113.1, 2001:db8:1:3::1')).status).toBe(200)
})

test('T117 a hundred failures from an address end guessing by default, on all surfaces, but not from trusted sources', async () => {
  const { login, told } = await start({ trustedSources: ['203.0.113.0/24', '2001:db8:1:2::7'] })
  const guessFrom = async (source: string) => {
    for (let n = 0; n < 101; n++)
      await login(`user${n}`, 'wrong', source, n % 2 === 0 ? '/v0/token' : undefined)
  }
  for (const source of ['203.0.113.9', '2001:db8:1:2::8']) await guessFrom(source)
  expect(told('login_blocked')).toBe(0)
  expect((await login('ann', RIGHT, '203.0.113.9')).status).toBe(200)
  await guessFrom('192.0.2.1')
  expect(told('login_blocked')).toBe(1)
  expect((await login('ann', RIGHT)).status).toBe(400)
})

test('the limits are as configured, and 0 is none', async () => {
  const { login, told } = await start({ loginFailuresPerUser: 2, loginFailuresPerSource: 0 })
  for (let n = 0; n < 150; n++) await login(`user${n}`, 'wrong')
  for (let n = 0; n < 3; n++) await login('ann', 'wrong')
  expect([told('unknown_user'), told('wrong_password'), told('login_blocked')]).toEqual([150, 2, 1])
  const free = await start({ loginFailuresPerUser: 0, loginFailuresPerSource: 0 })
  for (let n = 0; n < 150; n++) await free.login('ann', 'wrong')
  expect((await free.login('ann', RIGHT)).status).toBe(200)
})

test('T100 what the cache remembers opens nothing to whoever is blocked', async () => {
  const { login, told } = await start({ passwordCacheSeconds: 300, passwordHashQueue: 200 })
  expect((await login('ann', RIGHT)).status).toBe(200)
  const guesses = Array.from({ length: 60 }, (_, n) => login('ann', n === 50 ? RIGHT : 'wrong'))
  expect(new Set((await Promise.all(guesses)).map(({ status }) => status))).toEqual(new Set([400]))
  expect(told('wrong_password')).toBeLessThanOrEqual(10)
  expect((await login('ann', RIGHT)).status).toBe(400)
  expect((await login('ann', RIGHT, '192.0.2.2')).status).toBe(200)
})
