import { TENANT, type TestResponse } from '../harness.ts'
import { type AdminHarness, type AdminResponse, BASE, createAdminHarness } from './harness.ts'

export const PASSWORD = 'correct horse battery staple'
export const USER = 'auth0|batch'
export const TOKEN_PATH = `/auth/realms/${TENANT.id}/protocol/openid-connect/token`
export const CLAIMS = { newstore_id: '3S40MqkNyMLbOLNGqF6Ryc' }

const ONE = `${BASE}/integrations/${encodeURIComponent(USER)}`

/** An integration that logs in as the user `batch`. What it asks for is in the usage ledger at once. */
export interface Batch {
  readonly harness: AdminHarness
  login(password?: string, scope?: string): Promise<TestResponse>
  /** Asks for a token as a client. */
  ask(client: string, secret: string): Promise<TestResponse>
  migrate(body?: object, user?: string): Promise<AdminResponse>
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  status(query?: string): Promise<any>
  finish(body?: object): Promise<AdminResponse>
}

export async function createBatch(options: Parameters<typeof createAdminHarness>[0] = {}): Promise<Batch> {
  const harness = await createAdminHarness(options)
  const roles = ['newstore_admin', 'admin']
  await harness.user({ id: USER, username: 'batch', password: PASSWORD, roles, claims: CLAIMS })
  return {
    harness,
    async login(password = PASSWORD, scope = 'write read') {
      const form = { grant_type: 'password', username: 'batch', password, scope }
      const answer = await harness.post('/spree_oauth/token', form)
      await harness.writeUsage()
      return answer
    },
    async ask(client, secret) {
      const form = { grant_type: 'client_credentials', client_id: client, client_secret: secret }
      const answer = await harness.post(TOKEN_PATH, form)
      await harness.writeUsage()
      return answer
    },
    migrate: async (body = {}, user = USER) =>
      await harness.admin('POST', `${BASE}/integrations/${encodeURIComponent(user)}/migrate`, { body }),
    status: async (query = '') => (await harness.admin('GET', `${ONE}${query}`)).body,
    finish: async (body = {}) => await harness.admin('POST', `${ONE}/finish`, { body }),
  }
}
