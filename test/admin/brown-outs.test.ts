import { beforeEach, describe, expect, it } from 'vitest'
import { withBrownOuts } from '../../src/store/brown-outs.ts'
import { TENANT } from '../harness.ts'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'

const NOW = 1_767_225_600
const PATH = `${BASE}/brown-outs`
const CONFIGURED = { from: NOW + 100, to: NOW + 200 }
const OF_SOME = { from: NOW - 100, to: NOW + 50, users: ['jane'] }
const CONFIGURED_ID = 'newstore-20260101T000140Z-20260101T000320Z'

let harness: AdminHarness
beforeEach(async () => {
  const brownOuts = [OF_SOME, CONFIGURED, { from: NOW - 20, to: NOW }]
  harness = await createAdminHarness({
    tenants: [
      { ...TENANT, surfaces: { newstore: { brownOuts }, standard: {} } },
      { ...TENANT, id: 'all', hosts: [], issuer: 'https://all.example/' },
    ],
    now: NOW,
  })
})

const idsOf = async () => (await harness.admin('GET', PATH)).body.items.map(({ id }: { id: string }) => id)

/** What requests see of a tenant, by the rows there are. */
async function seen(id: string) {
  const [all, dodici] = await harness.store.listTenants()
  const tenant = id === 'all' ? all : dodici
  if (tenant === undefined) throw new Error('no tenant')
  const { surfaces } = withBrownOuts(tenant, await harness.store.listBrownOuts(harness.now()))
  return surfaces
}

describe('brown-outs', () => {
  it('of the configuration are listed as long as they are not over', async () => {
    const { status, body } = await harness.admin('GET', PATH)
    expect(status).toBe(200)
    const common = { surface: 'newstore', origin: 'configuration' }
    expect(body).toEqual({
      items: [
        {
          ...{ ...common, ...OF_SOME, usernames: ['jane'] },
          ...{ id: 'newstore-20251231T235820Z-20260101T000050Z', state: 'running' },
        },
        { ...common, ...CONFIGURED, id: CONFIGURED_ID, users: null, usernames: null, state: 'scheduled' },
      ],
      next: null,
    })
    harness.advance(150)
    expect((await harness.admin('GET', PATH)).body.items).toMatchObject([
      { id: CONFIGURED_ID, state: 'running' },
    ])
    harness.advance(50)
    expect(await idsOf()).toEqual([])
  })

  it('are started at once or for later, for everybody or some, and ended', async () => {
    const jane = await harness.user({ username: 'jane', email: 'Jane@example.com' })
    const joe = await harness.user({ username: 'joe' })
    const started = await harness.admin('POST', PATH, { body: { surface: 'newstore', to: NOW + 60 } })
    expect(started.status).toBe(201)
    const { id } = started.body
    expect(started.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}$/),
      surface: 'newstore',
      users: null,
      usernames: null,
      from: NOW,
      to: NOW + 60,
      state: 'running',
      origin: 'operator',
    })
    const body = {
      surface: 'newstore',
      from: NOW + 10,
      to: NOW + 70,
      users: ['jane@EXAMPLE.com', 'jane', joe.id],
    }
    const later = await harness.admin('POST', PATH, { body })
    expect(later.body).toMatchObject({ users: [jane.id, joe.id], usernames: ['jane', 'joe'] })
    expect(later.body.state).toBe('scheduled')
    expect((await seen('dodici'))?.newstore?.brownOuts).toHaveLength(5)

    const end = `${PATH}/${id}/end`
    const ended = await harness.admin('POST', end)
    expect([ended.status, ended.body]).toEqual([200, { ...started.body, state: 'ended' }])
    harness.advance(5)
    expect((await harness.admin('POST', end)).body).toEqual(ended.body)
    expect((await harness.store.listBrownOuts(NOW)).find((row) => row.id === id)?.endedAt).toBe(NOW)
    await harness.admin('POST', `${PATH}/${later.body.id}/end`)
    expect((await seen('dodici'))?.newstore?.brownOuts).toMatchObject([OF_SOME, CONFIGURED, { to: NOW }])
  })

  it('tell the names that users have now, or had if they are no more', async () => {
    const jane = await harness.user({ id: 'u-jane', username: 'jane' })
    const joe = await harness.user({ id: 'u-joe', username: 'joe' })
    const body = { surface: 'newstore', to: NOW + 60, users: ['jane', 'joe'] }
    const { id } = (await harness.admin('POST', PATH, { body })).body
    await harness.admin('PATCH', `${BASE}/users/${jane.id}`, { body: { username: 'jane-2' } })
    await harness.admin('DELETE', `${BASE}/users/${joe.id}`)
    const told = { users: [jane.id, joe.id], usernames: ['jane-2', joe.id] }
    expect((await harness.admin('GET', PATH)).body.items).toContainEqual(
      expect.objectContaining({ id, ...told }),
    )
    expect((await harness.admin('POST', `${PATH}/${id}/end`)).body).toMatchObject(told)
  })

  it('of the configuration are ended early, and stay so while their times are the same', async () => {
    const ended = await harness.admin('POST', `${PATH}/${CONFIGURED_ID}/end`)
    expect(ended.body).toMatchObject({ id: CONFIGURED_ID, state: 'ended', origin: 'configuration' })
    expect((await seen('dodici'))?.newstore?.brownOuts).not.toContainEqual(
      expect.objectContaining(CONFIGURED),
    )
    const apply = async (brownOut: object) => {
      const brownOuts = [{ ...CONFIGURED, ...brownOut }]
      await harness.store.saveTenant({ ...TENANT, surfaces: { newstore: { brownOuts } } })
      return (await harness.admin('GET', PATH)).body.items.map(({ state }: { state: string }) => state)
    }
    expect(await apply({ users: ['jane'] })).toEqual(['ended'])
    expect(await apply({ to: NOW + 201 })).toEqual(['scheduled'])
  })

  it('tell the audit log who has started and ended them, once', async () => {
    const { body } = await harness.admin('POST', PATH, { body: { surface: 'newstore', to: NOW + 60 } })
    for (const id of [body.id, body.id, CONFIGURED_ID]) await harness.admin('POST', `${PATH}/${id}/end`)
    await harness.admin('POST', PATH, { body: { surface: 'newstore', to: NOW } })
    const query = { tenant: TENANT.id, types: null, user: null, client: null, fromMs: null, toMs: null }
    const { rows } = await harness.store.listEvents({ ...query, before: null, limit: 10 })
    const told = rows.map(({ type, actor, object, details }) => ({ type, actor, object, details }))
    expect(told.toReversed()).toEqual([
      {
        type: 'brownout.start',
        actor: 'admin',
        object: body.id,
        details: 'newstore until 2026-01-01T00:01:00Z',
      },
      { type: 'brownout.end', actor: 'admin', object: body.id, details: null },
      { type: 'brownout.end', actor: 'admin', object: CONFIGURED_ID, details: null },
    ])
  })

  it('make the surfaces of a tenant that has all of them what they were, but for those', async () => {
    expect(await seen('all')).toBeNull()
    const path = '/admin/v1/tenants/all/brown-outs'
    const { body } = await harness.admin('POST', path, { body: { surface: 'spree', to: NOW + 60 } })
    const brownOuts = [expect.objectContaining({ from: NOW, to: NOW + 60 })]
    expect(await seen('all')).toEqual({
      newstore: { brownOuts: [] },
      spree: { brownOuts },
      standard: {},
      realm: {},
    })
    expect(await idsOf()).not.toContain(body.id)
  })

  it.each([
    [{}, ['surface', 'to']],
    [{ surface: 'standard', to: NOW + 1 }, ['surface']],
    [{ surface: 'newstore', to: '2027-03-01T09:00:00Z' }, ['to']],
    [{ surface: 'newstore', to: NOW + 0.5 }, ['to']],
    [{ surface: 'newstore', to: (NOW + 60) * 1000 }, ['to']],
    [{ surface: 'newstore', to: NOW }, ['to']],
    [{ surface: 'newstore', from: NOW - 60, to: NOW }, ['to']],
    [{ surface: 'newstore', from: NOW + 60, to: NOW + 60 }, ['to']],
    [{ surface: 'newstore', to: NOW + 60, users: [] }, ['users']],
    [
      { surface: 'newstore', to: NOW + 60, users: ['jane', 'nobody', 'nobody@x'] },
      ['users[0]', 'users[1]', 'users[2]'],
    ],
    [{ surface: 'newstore', to: NOW + 60, user: 'jane' }, ['user']],
  ])('are refused as %j', async (body, paths) => {
    const answer = await harness.admin('POST', PATH, { body })
    expect(answer.status).toBe(400)
    expect(answer.body.problems.map(({ path }: { path: string }) => path)).toEqual(paths)
    expect(await harness.store.listBrownOuts(0)).toEqual([])
  })

  it('are refused for a user whose name is the id of another', async () => {
    await harness.user({ username: 'jane' })
    await harness.user({ username: 'other', id: 'jane' })
    const body = { surface: 'newstore', to: NOW + 60, users: ['jane'] }
    expect((await harness.admin('POST', PATH, { body })).body.problems).toEqual([
      {
        path: 'users[0]',
        message: 'is the name of one user and the id of another: give the id of the first',
      },
    ])
  })

  it('are refused on a surface that is off, of a tenant there is not, and beyond a hundred', async () => {
    const body = { surface: 'newstore', to: NOW + 60 }
    expect((await harness.admin('POST', PATH, { body: { ...body, surface: 'spree' } })).status).toBe(409)
    const elsewhere = PATH.replace(TENANT.id, 'nobody')
    expect((await harness.admin('POST', elsewhere, { body })).status).toBe(404)
    expect((await harness.admin('GET', elsewhere)).status).toBe(404)
    expect((await harness.admin('POST', `${PATH}/nothing/end`)).status).toBe(404)
    for (let n = 0; n < 100; n++) {
      expect((await harness.admin('POST', PATH, { body })).status).toBe(201)
    }
    expect((await harness.admin('POST', PATH, { body })).status).toBe(409)
    harness.advance(60)
    expect((await harness.admin('POST', PATH, { body: { ...body, to: NOW + 90 } })).status).toBe(201)
  })
})
