import type { z } from 'zod'
import { SIGNING_ALGORITHMS } from '../protocol/jwt.ts'
import { type ClientConfig, client } from './client-schema.ts'
import { issuerUrl, requestHost } from './network-values.ts'
import { documented, type Immutable, listOf, mappingOf, orNull } from './option.ts'
import { requestRate } from './scalar-values.ts'
import { surfaces } from './surface-schema.ts'
import { oneOf, tenantId } from './text-values.ts'
import { type UserConfig, user } from './user-schema.ts'

/** The options of a tenant. */
export const TENANT_SHAPE = {
  id: documented(tenantId, {
    sentence: 'Names the tenant in the realm paths, logs and commands.',
    type: 'text of a-z, 0-9 and -',
    default: 'required',
  }),
  hosts: documented(listOf(requestHost).default([]), {
    sentence: 'The hosts whose requests are for this tenant.',
    type: 'list of host names without port',
    default: '`[]`',
  }),
  issuer: documented(issuerUrl, {
    sentence: 'The `iss` of its tokens and base of its endpoints: `https`, or `http` on a loopback host.',
    type: 'URL',
    default: 'required',
  }),
  signingAlgorithm: documented(oneOf(SIGNING_ALGORITHMS).default('RS256'), {
    sentence: 'How JWTs are signed; the NewStore surface always uses RS256.',
    type: SIGNING_ALGORITHMS.map((algorithm) => `\`${algorithm}\``).join(', '),
    default: '`RS256`',
  }),
  surfaces: documented(surfaces, {
    sentence: 'The surfaces that are on, and how they behave.',
    type: 'mapping',
    default: 'all are on',
  }),
  requestsPerSecond: documented(orNull(requestRate), {
    sentence:
      'How many requests each process answers; more get 429 with `Retry-After`. NewStore allows 200, and 100 in development.',
    type: 'requests a second',
    default: 'no limit',
  }),
  clientRequestsPerSecond: documented(orNull(requestRate), {
    sentence: 'The same for each client that has authenticated.',
    type: 'requests a second',
    default: 'no limit',
  }),
  users: documented(listOf(user).default([]), { sentence: 'Users.', type: 'list of users', default: '`[]`' }),
  clients: documented(listOf(client).default([]), {
    sentence: 'Clients.',
    type: 'list of clients',
    default: '`[]`',
  }),
}

/** A tenant as the file lists it. */
export const tenant = mappingOf(TENANT_SHAPE)

/** A tenant with its users and clients, with defaults filled in. */
export interface TenantConfig extends Omit<Immutable<z.output<typeof tenant>>, 'users' | 'clients'> {
  readonly users: readonly UserConfig[]
  readonly clients: readonly ClientConfig[]
}
