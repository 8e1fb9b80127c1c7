import { describe, expect, it } from 'vitest'
import { createCursors } from '../../src/admin/cursor.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { TENANT } from '../harness.ts'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'

const OTHER = { ...TENANT, id: 'other', hosts: ['other.example'] }

/** Every page, and how many there were. */
async function walk(
  { admin }: AdminHarness,
  path: string,
  limit: number,
): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = []
  let next: string | null = null
  let pages = 0
  do {
    const cursor: string = next === null ? '' : `&cursor=${encodeURIComponent(next)}`
    const { body } = await admin('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor}`)
    ids.push(...body.items.map(({ id }: { id: string }) => id))
    expect(body.items.length).toBeLessThanOrEqual(limit)
    next = body.next
    pages++
  } while (next !== null && pages < 1000)
  return { ids, pages }
}

async function setUp(): Promise<AdminHarness> {
  const harness = await createAdminHarness({ tenants: [TENANT, OTHER] })
  for (let index = 0; index < 23; index++) {
    await harness.user({
      id: `auth0|${index % 2 ? 'ä' : 'Z'}${index}`,
      username: `u${index}`,
      password: 'secret',
    })
    await harness.client({ id: `client-${index}` })
    const username = `u${index % 3}`
    await harness.post('/spree_oauth/token', { grant_type: 'password', username, password: 'secret' })
  }
  await harness.store.insertUser({ ...(await harness.user({ id: 'x', username: 'x' })), tenant: 'other' })
  await harness.store.deleteUser('dodici', 'x')
  return harness
}

describe('a list', () => {
  it.each(['users', 'clients', 'tokens'])(
    'of %s is complete, whatever the size of its pages',
    async (noun) => {
      const harness = await setUp()
      const whole = await walk(harness, `${BASE}/${noun}`, 200)
      expect([whole.pages, new Set(whole.ids).size]).toEqual([1, 23])
      for (const limit of [1, 2, 7, 22, 23, 24]) {
        const { ids, pages } = await walk(harness, `${BASE}/${noun}`, limit)
        expect(ids).toEqual(whole.ids)
        expect(pages).toBe(Math.ceil(23 / limit))
      }
    },
  )

  it('with a filter is complete too', async () => {
    const harness = await setUp()
    const { ids } = await walk(harness, `${BASE}/tokens?user=auth0%7CZ0`, 3)
    expect(ids).toHaveLength(8)
  })

  it('has pages of 50 items unless it is told otherwise', async () => {
    const harness = await createAdminHarness()
    for (let index = 0; index < 51; index++) await harness.client({ id: `c${index}`, public: true })
    const { body } = await harness.admin('GET', `${BASE}/clients`)
    expect([body.items.length, body.next === null]).toEqual([50, false])
  })

  it.each(['0', '201', '-1', '1.5', '', 'all', '1e2', '5&limit=6', '٣'])(
    'is refused the limit %s',
    async (limit) => {
      const { admin } = await createAdminHarness()
      for (const noun of ['users', 'clients', 'tokens']) {
        const { status, body } = await admin('GET', `${BASE}/${noun}?limit=${limit}`)
        expect([status, body.problems[0].path]).toEqual([400, 'limit'])
      }
    },
  )

  it.each(['sort=id', 'filter=x', 'offset=1', "user='--", 'q=%25'])(
    'is refused what it does not know: %s',
    async (query) => {
      const { admin } = await createAdminHarness()
      expect((await admin('GET', `${BASE}/users?${query}`)).status).toBe(400)
    },
  )
})

describe('a cursor', () => {
  it('T157 is refused if it was changed, made up, or is another list’s', async () => {
    const harness = await setUp()
    const next = async (path: string) => (await harness.admin('GET', `${path}limit=2`)).body.next as string
    const users = await next(`${BASE}/users?`)
    const cases = [
      '',
      'x',
      ' ',
      users.slice(0, -1),
      `${users}A`,
      `${users}=`,
      `${users} `,
      users.toLowerCase(),
      Buffer.from('auth0|Z0').toString('base64url'),
      `AAAAAAAAAAAAAAAA${Buffer.from('auth0|Z0').toString('base64url')}`,
      "' OR 1=1 --",
      '\0',
      'ä',
      'x'.repeat(2000),
      await next(`${BASE}/clients?`),
      await next(`${BASE}/tokens?`),
      ...[...users].map(
        (_, at) => `${users.slice(0, at)}${users[at] === 'A' ? 'B' : 'A'}${users.slice(at + 1)}`,
      ),
    ]
    for (const cursor of cases) {
      const { status, body } = await harness.admin(
        'GET',
        `${BASE}/users?cursor=${encodeURIComponent(cursor)}`,
      )
      expect([cursor, status, body.problems[0].path]).toEqual([cursor, 400, 'cursor'])
    }
    const other = await harness.admin('GET', `/admin/v1/tenants/other/users?cursor=${users}`)
    expect(other.status).toBe(400)
    expect((await harness.admin('GET', `${BASE}/users?cursor=${users}&cursor=${users}`)).status).toBe(400)
    expect((await harness.admin('GET', `${BASE}/users?cursor=${users}`)).status).toBe(200)
  })

  it('is good for the same filters only', async () => {
    const harness = await setUp()
    const { next } = (await harness.admin('GET', `${BASE}/tokens?user=auth0%7CZ0&limit=2`)).body
    const status = async (query: string) =>
      (await harness.admin('GET', `${BASE}/tokens?cursor=${next}${query}`)).status
    expect(await status('&user=auth0%7CZ0')).toBe(200)
    expect(await status('&user=auth0%7CZ2')).toBe(400)
    expect(await status('&client=auth0%7CZ0')).toBe(400)
    expect(await status('')).toBe(400)
  })

  it('is good on every node with the same admin token, or with its digest only', () => {
    const sha256 = Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex')
    const [one, two, stranger] = [new Secret('abc'), { sha256 }, new Secret('abd')].map(createCursors)
    const cursor = one?.seal(['users', 'dodici'], 'auth0|5') ?? undefined
    expect(two?.open(['users', 'dodici'], cursor)).toBe('auth0|5')
    expect(() => stranger?.open(['users', 'dodici'], cursor)).toThrow('cursor')
    expect(() => two?.open(['users', 'dodici', null], cursor)).toThrow('cursor')
  })
})
