import type { ClientResource, ClientSecretResource } from '../admin/operations/client-resource.ts'
import { showClient } from '../admin/operations/clients.ts'
import type { ClientJwk } from '../protocol/client-jwks.ts'
import type { Secret } from '../protocol/secret.ts'
import type { Answer } from './answer.ts'
import { CommandFailed } from './failure.ts'
import { card } from './table.ts'
import { timeText } from './time-text.ts'
import type { OpenedTenant } from './with-mintkeeper.ts'

/** Throws `CommandFailed`. */
export async function requireClient(
  { mintkeeper, tenant }: OpenedTenant,
  id: string,
): Promise<ClientResource> {
  if ((await mintkeeper.services.store.findClient(tenant.id, id)) === null) {
    throw new CommandFailed(`The tenant ${tenant.id} has no client ${id}. See: mintkeeper client list`)
  }
  return await showClient(mintkeeper.operations, tenant.id, id)
}

/** The client, and a secret of it that was made just now. */
export function shown(
  client: ClientResource,
  secret: Secret | null = null,
  done: string | null = null,
): Answer {
  const revealed = secret?.reveal() ?? null
  return {
    data: revealed === null ? client : { ...client, secret: revealed },
    text: `${done === null ? '' : `${done} the client ${client.id}.\n\n`}${clientCard(client, revealed)}`,
    ...(revealed !== null && { note: '\nThe secret is shown this once; only its hash is kept.\n' }),
  }
}

function clientCard(client: ClientResource, secret: string | null): string {
  return card([
    ['client_id', client.id],
    ['client_secret', secret],
    ['name', client.name],
    ['type', typeOf(client)],
    ...client.secrets.map((secret) => ['secret id', secretText(secret)] as const),
    ...(client.jwks?.keys ?? []).map((key) => ['key', keyText(key)] as const),
    ['grants', client.grants.join(' ') || 'none'],
    ['scopes', client.scopes.join(' ') || 'none'],
    ['roles', client.roles.join(' ') || null],
    ['claims', Object.keys(client.claims).length === 0 ? null : JSON.stringify(client.claims)],
    [
      'access token',
      client.dpopBoundAccessTokens ? `${client.accessToken}, bound to a key` : client.accessToken,
    ],
    ['expires in', client.expiresIn === null ? null : `${client.expiresIn} s`],
    ['introspects', client.introspect === 'any' ? 'any token of the tenant' : 'its own tokens'],
    ['state', stateOf(client)],
    [
      'tokens',
      client.tokensValidAfter === 0 ? null : `dead if issued before ${timeText(client.tokensValidAfter)}`,
    ],
    ['created', timeText(client.createdAt)],
  ])
}

function secretText(secret: ClientSecretResource): string {
  const { id, name, createdAt, expiresAt, muted, lastUsedAt, lastUsedFrom } = secret
  return [
    name === null ? id : `${id} (${name})`,
    `since ${timeText(createdAt)}`,
    ...(expiresAt === null ? [] : [`until ${timeText(expiresAt)}`]),
    ...(muted ? ['muted'] : []),
    lastUsedAt === null ? 'no use known' : `last used ${timeText(lastUsedAt)}`,
  ]
    .join(', ')
    .concat(lastUsedFrom === null ? '' : ` from ${lastUsedFrom}`)
}

/** Such as `EC P-256, ES256, kid 2026-05`. */
function keyText({ kty, crv, alg, kid }: ClientJwk): string {
  return [[kty, crv].filter(Boolean).join(' '), alg, kid && `kid ${kid}`].filter(Boolean).join(', ')
}

export function typeOf(client: ClientResource): string {
  return client.public ? 'public' : 'confidential'
}

export function stateOf(client: ClientResource): string {
  return client.disabled ? 'disabled' : 'enabled'
}
