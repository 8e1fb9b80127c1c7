import { assertionClaims, assertionForm, CLIENT_KEYS, KEY, OTHER_KEY } from '../crypto/assertions.ts'
import type { Harness, TestResponse } from '../harness.ts'
import { startFaces } from '../surfaces/faces.ts'

/** Of the standard surface. */
export const ISSUER = 'https://main.example/'
export const CLIENT_CREDENTIALS = { grant_type: 'client_credentials' }

export type Form = Readonly<Record<string, string>>

/** A server with the clients `shop`, which has two keys, and `till`, which has another; and with those of all surfaces. */
export interface AssertionServer {
  readonly harness: Harness
  /** What a good assertion of `shop` claims. */
  claimsOf(audience?: string): ReturnType<typeof assertionClaims>
  /** `url` may be whole. */
  post(url: string, form: Form, headers?: Form): Promise<TestResponse>
  /** Asks the standard surface for client credentials. */
  ask(assertion: string, form?: Form): Promise<TestResponse>
}

export async function startAssertionServer(): Promise<AssertionServer> {
  const harness = await startFaces()
  const common = { tenant: 'main', secrets: [], scopes: ['read'] }
  const [rs256 = KEY] = CLIENT_KEYS
  await harness.client({ ...common, id: 'shop', jwks: { keys: [KEY.jwk, rs256.jwk] } })
  await harness.client({ ...common, id: 'till', jwks: { keys: [OTHER_KEY.jwk] } })
  const post: AssertionServer['post'] = (url, form, headers = {}) =>
    harness.post(url.replace('https://main.example', ''), form, headers)
  return {
    harness,
    post,
    claimsOf: (audience = ISSUER) => assertionClaims('shop', audience, harness.now()),
    ask: (assertion, form = {}) =>
      post('/oauth/token', { ...CLIENT_CREDENTIALS, ...assertionForm(assertion), ...form }),
  }
}
