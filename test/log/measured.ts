import { createApp } from '../../src/http/app.ts'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import { SILENT_LOG } from '../../src/log/log.ts'
import { createMetrics } from '../../src/log/metrics.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { createHarness, TENANT } from '../harness.ts'

/** Of the client `shop`. */
export const SECRET = 'a-secret-of-43-characters-0123456789-abcdef'

type Headers = Readonly<Record<string, string>>

/** The token plane on a memory store, measured, with the user `ann` (`right`) and the client `shop`. */
export async function measured() {
  const tenants = [
    {
      ...TENANT,
      signingAlgorithm: 'ES256' as const,
      surfaces: { newstore: {}, spree: {}, standard: {}, realm: {} },
    },
  ]
  const harness = createHarness({ tenants })
  await harness.user({ username: 'ann', password: 'right' })
  await harness.client({ id: 'shop', secret: SECRET })
  const metrics = createMetrics()
  const directory = createTenantDirectory(tenants, SURFACES, { defaultTenant: null, baseDomains: [] })
  const { services } = harness
  const app = createApp({ services, directory: () => directory, log: SILENT_LOG, metrics })
  const host = TENANT.hosts[0] ?? ''
  const send = (method: string, url: string, body = '', headers: Headers = {}) =>
    app.handle(
      { method, url, headers: { get: (name) => headers[name] ?? null }, text: async () => body },
      { host: headers.host ?? host, source: null },
    )
  return { ...harness, send, metrics }
}
