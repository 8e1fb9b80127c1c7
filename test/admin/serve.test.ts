import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { serveAdmin } from '../../src/admin/serve.ts'
import { ADMIN_TOKEN, createAdminHarness } from './harness.ts'

const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` }

it('answers over a socket, and logs who asked', async () => {
  const { adminApp, lines } = await createAdminHarness()
  const listener = await serveAdmin(adminApp, { host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${listener.port}`
  expect(listener.port).toBeGreaterThan(0)
  expect((await fetch(`${url}/admin/v1/tenants`)).status).toBe(401)
  const answer = await fetch(`${url}/admin/v1/tenants/dodici/users`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'ada', id: 'auth0|ada' }),
  })
  expect([answer.status, answer.headers.get('location')]).toEqual([
    201,
    '/admin/v1/tenants/dodici/users/auth0%7Cada',
  ])
  const shown = await fetch(new URL(answer.headers.get('location') ?? '', url), { headers })
  expect(await shown.json()).toMatchObject({ id: 'auth0|ada' })
  const large = await fetch(`${url}/admin/v1/tenants/dodici/users`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: `"${'x'.repeat(70_000)}"`,
  })
  expect([large.status, large.headers.get('content-type')]).toEqual([413, 'application/problem+json'])
  expect(lines.map(({ fields }) => fields.source)).toEqual(Array(4).fill('127.0.0.1'))
  await listener.close()
  await expect(fetch(`${url}/healthz`)).rejects.toThrow()
})

it('rejects an address that is taken', async () => {
  const { adminApp } = await createAdminHarness()
  const listener = await serveAdmin(adminApp, { host: '127.0.0.1', port: 0 })
  await expect(serveAdmin(adminApp, { host: '127.0.0.1', port: listener.port })).rejects.toThrow('EADDRINUSE')
  await listener.close()
})

it('answers what is under way before it ends, and lets no idle connection hold it up', async () => {
  const begun = Promise.withResolvers<void>()
  const release = Promise.withResolvers<boolean>()
  const ready = async () => {
    begun.resolve()
    return await release.promise
  }
  const { adminApp } = await createAdminHarness({ admin: { ready } })
  const listener = await serveAdmin(adminApp, { host: '127.0.0.1', port: 0 })
  await fetch(`http://127.0.0.1:${listener.port}/healthz`)
  const idle = connect(listener.port, '127.0.0.1').on('error', () => {})
  const answer = fetch(`http://127.0.0.1:${listener.port}/readyz`)
  await begun.promise
  const closing = listener.close()
  release.resolve(true)
  expect((await answer).status).toBe(200)
  await closing
  idle.destroy()
})

it('cuts off what does not come to an end', async () => {
  const begun = Promise.withResolvers<void>()
  const ready = () => {
    begun.resolve()
    return new Promise<boolean>(() => {})
  }
  const { adminApp } = await createAdminHarness({ admin: { ready } })
  const listener = await serveAdmin(adminApp, { host: '127.0.0.1', port: 0, closeTimeoutMs: 1 })
  const answer = fetch(`http://127.0.0.1:${listener.port}/readyz`)
  await begun.promise
  await Promise.all([listener.close(), expect(answer).rejects.toThrow()])
})
