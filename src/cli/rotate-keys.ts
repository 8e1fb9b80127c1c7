import type { SigningAlgorithm } from '../protocol/jwt.ts'
import type { Tenant } from '../protocol/policy.ts'
import type { Seconds } from '../protocol/time.ts'
import type { Mintkeeper } from '../server.ts'
import type { SigningKeyRow } from '../store/rows.ts'
import { everyPage } from './every-page.ts'

/** Nodes that have not heard of a rotation yet go on signing with the retired key; with a wide margin. */
const NEWS_DELAY: Seconds = 60

/** What a rotation did. */
export interface Rotation {
  /** All keys of the tenant, as they are now. */
  readonly keys: readonly SigningKeyRow[]
  /** How long the retired key stays published: until the last token it may have signed has expired. */
  readonly publishedFor: Seconds
}

/** Makes the announced key the active one. The retired one stays published as long as any of its tokens may live. */
export async function rotateKeys(
  { services }: Pick<Mintkeeper, 'services'>,
  tenant: Tenant,
  algorithm: SigningAlgorithm,
): Promise<Rotation> {
  const clients = await everyPage<{ readonly expiresIn: Seconds | null }, string>(async (after, limit) => {
    const { rows, next } = await services.store.listClients(tenant.id, after, limit)
    return { items: rows, next }
  })
  const ofSurfaces = [...tenant.surfaces.values()].map(({ expiresIn }) => expiresIn)
  const ofClients = clients.map(({ expiresIn }) => expiresIn ?? 0)
  const publishedFor = Math.max(0, ...ofSurfaces, ...ofClients) + NEWS_DELAY
  return { keys: await services.keys.rotate(tenant.id, algorithm, publishedFor), publishedFor }
}
