import { describe, expect, it } from 'vitest'
import { TENANT } from '../harness.ts'
import { type AdminHarness, BASE, createAdminHarness } from './harness.ts'

const REFUSALS = `${BASE}/refusals`
const OTHER = { ...TENANT, id: 'other', hosts: ['other.example'], issuer: 'https://other.example/' }

async function setUp(): Promise<AdminHarness> {
  const harness = await createAdminHarness({ tenants: [TENANT, OTHER] })
  await harness.client({ id: 'shop', secret: 'right' })
  return harness
}

/** The id of a request that is refused. */
async function refused(harness: AdminHarness, client_secret = 'wrong', host?: string): Promise<string> {
  const { header } = await harness.send({
    ...(host !== undefined && { host }),
    path: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'sync/1.0' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'shop',
      client_secret,
    }).toString(),
  })
  await harness.writeRefusals()
  return header('x-request-id') ?? ''
}

describe('a refusal', () => {
  it('is told with the redacted request and why', async () => {
    const harness = await setUp()
    const id = await refused(harness)
    const { status, body } = await harness.admin('GET', `${REFUSALS}/${id.toUpperCase()}`)
    expect(status).toBe(200)
    expect(body).toEqual({
      ...{ requestId: id, at: '2026-01-01T00:00:00.000Z', tenant: 'dodici', status: 401 },
      ...{ code: 'invalid_client', reason: 'wrong_client_secret', surface: 'standard', endpoint: 'token' },
      ...{ grant: 'client_credentials', client: 'shop', user: null, source: '192.0.2.1', earlier: 0 },
      request: {
        ...{ method: 'POST', path: '/oauth/token', query: [], host: 'dodici.x.newstore.net' },
        ...{ userAgent: 'sync/1.0', contentType: 'application/x-www-form-urlencoded', contentLength: null },
        ...{ authorization: null, headers: [] },
        parameters: [
          { name: 'grant_type', value: 'client_credentials' },
          { name: 'client_id', value: 'shop' },
          { name: 'client_secret', value: '[secret]' },
        ],
      },
      diagnosis: {
        title: 'The client was not authenticated',
        explanation: 'None of the secrets of the client that are still valid.',
        facts: [
          {
            fact: 'secrets_of_client',
            says: 'The client has one secret, the newest made at 2026-01-01 00:00:00Z.',
          },
        ],
        next: [expect.stringContaining('mintkeeper client show')],
        sources: ['RFC 6749 §2.3'],
      },
    })
  })

  it('T150 of another tenant, or of none, is not there', async () => {
    const harness = await setUp()
    const id = await refused(harness, 'wrong', 'other.example')
    const ofNone = await refused(harness, 'wrong', 'nowhere.example')
    for (const missing of [id, ofNone, 'nonsense', '018f3c1e-0000-7000-8000-000000000001']) {
      const { status, body } = await harness.admin('GET', `${REFUSALS}/${missing}`)
      expect([status, body.type]).toEqual([404, 'urn:mintkeeper:problem:not_found'])
    }
    expect((await harness.admin('GET', `/admin/v1/tenants/other/refusals/${id}`)).status).toBe(200)
    expect((await harness.admin('GET', `/admin/v1/tenants/nobody/refusals/${id}`)).status).toBe(404)
    expect((await harness.admin('GET', `/admin/v1/tenants/nobody/refusals`)).status).toBe(404)
    expect((await harness.admin('GET', REFUSALS)).body.items).toEqual([])
  })

  it('is in the list, newest first, whatever the size of its pages', async () => {
    const harness = await setUp()
    const ids: string[] = []
    for (let index = 0; index < 5; index++) ids.unshift(await refused(harness))
    for (const limit of [1, 2, 5]) {
      const found: string[] = []
      let next: string | null = ''
      while (next !== null) {
        const cursor = next === '' ? '' : `&cursor=${next}`
        const { body } = await harness.admin('GET', `${REFUSALS}?limit=${limit}${cursor}`)
        found.push(...body.items.map(({ requestId }: { requestId: string }) => requestId))
        next = body.next
      }
      expect(found).toEqual(ids)
    }
    const { status } = await harness.admin('GET', `${REFUSALS}?cursor=forged`)
    expect(status).toBe(400)
  })
})
