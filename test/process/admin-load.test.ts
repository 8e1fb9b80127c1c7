import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { CONFIGURATION, createWorkplace, freePort } from '../cli/workplace.ts'

const FAIL = pathToFileURL(join(import.meta.dirname, 'fail-first-load.ts')).href
const ADMIN_TOKEN = 'canary-admin-token-0123456789'

it('an admin API that could not be loaded is loaded with the next request', async () => {
  const place = createWorkplace()
  onTestFinished(() => place.remove())
  place.write('mintkeeper.yaml', CONFIGURATION)
  const env = { NODE_OPTIONS: `--import=${FAIL}`, MINTKEEPER_ADMIN_TOKEN: ADMIN_TOKEN }
  const server = await place.serve(['--admin-port', String(await freePort())], { env })
  const ask = () =>
    fetch(`${server.adminUrl}/admin/v1/tenants`, { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } })

  expect((await ask()).status).toBe(500)
  expect((await fetch(`${server.adminUrl}/readyz`)).status).toBe(200)
  expect((await ask()).status).toBe(200)
  expect((await ask()).status).toBe(200)
})
