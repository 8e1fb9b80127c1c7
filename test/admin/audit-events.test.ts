import { describe, expect, it } from 'vitest'
import { TENANT } from '../harness.ts'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'

const EVENTS = `${BASE}/audit-events`
const OTHER = { ...TENANT, id: 'other', hosts: ['other.example'] }

/** Twelve users, whose creation is one second from the next. */
async function setUp(): Promise<AdminHarness> {
  const harness = await createAdminHarness({ tenants: [TENANT, OTHER] })
  for (let index = 0; index < 12; index++) {
    harness.advance(1)
    await harness.admin('POST', `${BASE}/users`, { body: { id: `u${index}`, username: `name-${index}` } })
  }
  await harness.admin('POST', '/admin/v1/tenants/other/users', { body: { id: 'u3', username: 'name-3' } })
  await harness.admin('POST', `${BASE}/clients`, { body: { id: 'shop' } })
  await harness.admin('PATCH', `${BASE}/users/u3`, { body: { roles: ['admin'] } })
  return harness
}

async function told(harness: AdminHarness, query: string): Promise<readonly string[]> {
  const { status, body } = await harness.admin('GET', `${EVENTS}?limit=200&${query}`)
  expect(status).toBe(200)
  return body.items.map(({ type, user, client }: Record<string, string>) => `${type} ${user ?? client}`)
}

describe('the audit log', () => {
  it('T162 tells who did what, when, and with what result', async () => {
    const harness = await setUp()
    const { body } = await harness.admin('GET', `${EVENTS}?limit=1`)
    expect(body.items).toEqual([
      {
        ...{ id: expect.stringMatching(/^\d+\.\d+$/), type: 'user.update', at: '2026-01-01T00:00:12.000Z' },
        ...{ tenant: 'dodici', actor: 'admin', user: 'u3', client: null, object: null, surface: null },
        ...{ source: null, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/), result: 'ok' },
        ...{ reason: null, details: 'roles' },
      },
    ])
  })

  it('is complete and newest first, whatever the size of its pages', async () => {
    const { admin } = await setUp()
    const whole = (await admin('GET', `${EVENTS}?limit=200`)).body.items
    expect(whole).toHaveLength(14)
    expect(whole[0].type).toBe('user.update')
    for (const limit of [1, 5, 14]) {
      const items: unknown[] = []
      let next: string | null = ''
      while (next !== null) {
        const { body } = await admin('GET', `${EVENTS}?limit=${limit}${next === '' ? '' : `&cursor=${next}`}`)
        items.push(...body.items)
        next = body.next
      }
      expect(items).toEqual(whole)
    }
  })

  it('can be asked for types, users, clients and times', async () => {
    const harness = await setUp()
    expect(await told(harness, 'type=client.create,user.update')).toEqual([
      'user.update u3',
      'client.create shop',
    ])
    expect(await told(harness, 'user=u3')).toEqual(['user.update u3', 'user.create u3'])
    expect(await told(harness, 'client=shop')).toEqual(['client.create shop'])
    expect(await told(harness, 'user=nobody')).toEqual([])
    const some = 'from=2026-01-01T00:00:02Z&to=2026-01-01T01:00:04.000%2B01:00'
    expect(await told(harness, some)).toEqual(['user.create u2', 'user.create u1'])
  })

  it('T161 tells of a user who is gone, and nothing of them to whoever is next of the name', async () => {
    const harness = await setUp()
    await harness.admin('DELETE', `${BASE}/users/u3`)
    const { body } = await harness.admin('POST', `${BASE}/users`, { body: { username: 'name-3' } })
    expect(await told(harness, 'user=u3')).toEqual(['user.delete u3', 'user.update u3', 'user.create u3'])
    expect(await told(harness, `user=${encodeURIComponent(body.id)}`)).toEqual([`user.create ${body.id}`])
  })

  it('holds nothing of other tenants', async () => {
    const { admin } = await setUp()
    const { body } = await admin('GET', '/admin/v1/tenants/other/audit-events')
    expect(body.items).toHaveLength(1)
    expect(body.items[0].tenant).toBe('other')
    expect((await admin('GET', '/admin/v1/tenants/nobody/audit-events')).status).toBe(404)
  })

  it('T157 takes a cursor for the list it came from only', async () => {
    const { admin } = await setUp()
    const { next } = (await admin('GET', `${EVENTS}?limit=1&user=u3`)).body
    expect((await admin('GET', `${EVENTS}?limit=1&user=u3&cursor=${next}`)).status).toBe(200)
    for (const query of ['', '&user=u4', '&user=u3&type=login', '&user=u3&from=2026-01-01T00:00:00Z']) {
      expect((await admin('GET', `${EVENTS}?limit=1${query}&cursor=${next}`)).status).toBe(400)
    }
    const other = `/admin/v1/tenants/other/audit-events?limit=1&user=u3&cursor=${next}`
    expect((await admin('GET', other)).status).toBe(400)
  })

  it.each([
    ['type=nothing', 'type[0]'],
    ['type=login,', 'type[1]'],
    ['from=yesterday', 'from'],
    ['to=2026-01-01', 'to'],
    ['to=2026-13-01T00:00:00Z', 'to'],
    ['actor=admin', 'actor'],
  ])('refuses %s', async (query, path) => {
    const { admin } = await createAdminHarness()
    const { status, body } = await admin('GET', `${EVENTS}?${query}`)
    expect([status, body.problems[0].path]).toEqual([400, path])
  })
})
