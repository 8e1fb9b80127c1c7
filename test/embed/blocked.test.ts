import { expect, onTestFinished, test } from 'vitest'
import { createMintkeeper } from '../../src/index.ts'
import { createTestConfig, OPAQUE_CLIENT } from '../clients/tenant.ts'
import { connectTo, newPath } from '../stores/sqlite-file.ts'
import { basic } from './exchange.ts'

test('what another process does while a host waits for it without a turn holds for the next request', async () => {
  const path = newPath()
  const issuer = 'https://auth.example.com/'
  const config = { ...createTestConfig(issuer), database: `sqlite:${path}` }
  const mintkeeper = await createMintkeeper(config)
  onTestFinished(() => mintkeeper.close())
  const other = connectTo(path)
  const introspect = async () => {
    const body = new URLSearchParams({ token: 'nobody-has-it' })
    const headers = basic(OPAQUE_CLIENT)
    return (
      await mintkeeper.fetch(new Request(`${issuer}oauth/introspect`, { method: 'POST', headers, body }))
    ).status
  }
  expect(await introspect()).toBe(200)
  other.exec('delete from clients')
  expect(await introspect()).toBe(401)
})
