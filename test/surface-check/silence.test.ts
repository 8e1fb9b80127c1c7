/** A server that does not answer everything it is asked. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../clients/server.ts'
import { DOCUMENT_CLIENT, SPREE_USER } from '../clients/tenant.ts'
import { check, namesOf } from './checked.ts'
import { type Asked, startRelay } from './old-server.ts'

const SPREE = { ...SPREE_USER, client_id: DOCUMENT_CLIENT.id, client_secret: DOCUMENT_CLIENT.secret }

let server: RunningServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

/** Cuts the connection where it says so, or answers 429. */
async function checkAgainst(isSilent: (asked: Asked, count: number) => boolean, status: 429 | null = null) {
  let count = 0
  const old = await startRelay(server.origin, (said, asked) => {
    count += 1
    if (!isSilent(asked, count)) return said
    return status === null ? null : { status, headers: {}, body: '{}' }
  })
  try {
    const results = await check('spree', { against: old.origin, here: server.origin }, SPREE)
    return { old, results }
  } finally {
    await old.close()
  }
}

const isXml = ({ headers }: Asked) => headers['content-type'] === 'application/xml'

describe('a request that has no answer', () => {
  test('leaves the others to be compared', async () => {
    const { old, results } = await checkAgainst(isXml)
    expect(namesOf(results, 'no answer')).toEqual(['password-xml'])
    expect(results.get('password-xml')?.reason).toContain(
      `${old.origin}/ can not be asked: the connection was cut`,
    )
    expect(namesOf(results, 'same')).toHaveLength(results.size - 1)
  })

  test('is none either if the server has been asked too much, which no difference is', async () => {
    const { results } = await checkAgainst(isXml, 429)
    expect(namesOf(results, 'no answer')).toEqual(['password-xml'])
    expect(results.get('password-xml')?.reason).toContain('wants fewer requests (429)')
  })

  test('followed by another is the last one', async () => {
    const { old, results } = await checkAgainst((_, count) => count > 5)
    expect(old.asked).toHaveLength(7)
    expect(namesOf(results, 'same')).toHaveLength(5)
    expect(namesOf(results, 'no answer')).toHaveLength(results.size - 5)
    expect([...results.values()].at(-1)?.reason).toBe('was not asked any more')
  })

  test('and none before leaves nothing to tell', async () => {
    await expect(checkAgainst(() => true)).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringContaining('the connection was cut'),
    })
  })
})

describe('a refusal of both', () => {
  test('proves something where servers may refuse', async () => {
    const [against, here] = await Promise.all(
      [0, 1].map(() => startServer({ surfaces: { spree: { refresh: 'rotate', reuseWindow: 0 } } })),
    )
    try {
      const servers = { against: String(against?.origin), here: String(here?.origin) }
      const results = await check('spree', servers, SPREE)
      expect(results.get('refresh-again')).toMatchObject({
        state: 'same',
        statuses: { against: 400, here: 400 },
      })
    } finally {
      await against?.close()
      await here?.close()
    }
  })
})
