import { hashClientSecret } from '../crypto/client-secret.ts'
import { createClientSecret } from '../crypto/client-secret-text.ts'
import type { Services } from '../endpoints/call.ts'
import { Secret } from '../protocol/secret.ts'
import { NO_CLIENT, type PresentedClient } from '../protocol/token.ts'
import type { ClientRow, ClientSecretRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'

/** What an operator needs to make a request in the place of a client or user. */
export interface Trusted {
  /** As the request shows the client. */
  readonly client: PresentedClient
  readonly services: Services
}

/**
 * The services as they are, but any password is right, and confidential clients have one secret, drawn just now and
 * known to nobody else. Who operates the server may act for its clients and users; every other rule stays, because
 * the request goes the way of all requests.
 */
export function trust(client: ClientRow | null, services: Services): Trusted {
  const secret = createClientSecret(services.random)
  const row = { id: 'operator', name: null, hash: hashClientSecret(secret), createdAt: 0, expiresAt: null }
  return {
    client: client === null ? NO_CLIENT : presented(client, secret),
    services: {
      ...services,
      secretUses: { note: () => {} },
      passwords: { ...services.passwords, verify: async () => 'match' },
      store: {
        ...services.store,
        findClient: withSecret(services.store.findClient, row),
        findCurrentClient: withSecret(services.store.findCurrentClient, row),
      },
    },
  }
}

function withSecret(find: Store['findClient'], secret: ClientSecretRow): Store['findClient'] {
  return async (tenant, id) => {
    const found = await find(tenant, id)
    return found === null || found.public ? found : { ...found, secrets: [secret] }
  }
}

function presented(client: ClientRow, secret: string): PresentedClient {
  if (client.public) return { method: 'none', clientId: client.id }
  return { method: 'client_secret_post', clientId: client.id, clientSecret: new Secret(secret) }
}
