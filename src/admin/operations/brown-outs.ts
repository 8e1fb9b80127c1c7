import { z } from 'zod'
import { LEGACY_SURFACES, type LegacySurface } from '../../protocol/policy.ts'
import { type EpochSeconds, epochSeconds } from '../../protocol/time.ts'
import { brownOutsOf, type KnownBrownOut } from '../../store/brown-outs.ts'
import type { TenantRow } from '../../store/rows.ts'
import { AdminError, invalid, type Problem } from './admin-error.ts'
import { notFound, toConflict } from './change-row.ts'
import { lineOfText, objectOf, oneOf, setOf } from './fields.ts'
import { eventOf, type Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { validated } from './validated.ts'

/** A brown-out as operators see it. */
export interface BrownOutResource {
  readonly id: string
  readonly surface: LegacySurface
  /** Ids; of a configured one, whatever the configuration names them by. Null: everybody. */
  readonly users: readonly string[] | null
  /** The same by the names they have now; who is no user any more, by what stands in `users`. */
  readonly usernames: readonly string[] | null
  readonly from: EpochSeconds
  readonly to: EpochSeconds
  /** `ended`: before its time. */
  readonly state: 'scheduled' | 'running' | 'ended'
  readonly origin: 'configuration' | 'operator'
}

const time = z
  .int('must be a time in seconds')
  .min(0, 'must be a time in seconds')
  .max(9_999_999_999, 'must be seconds, not milliseconds')

export const brownOutInput = objectOf({
  surface: oneOf(LEGACY_SURFACES),
  from: time.optional().describe('Seconds since 1970. Default: now.'),
  to: time.describe('The first second after it. Seconds since 1970.'),
  users: setOf(lineOfText).optional().describe('Names, e-mail addresses or ids. Default: everybody.'),
})

export type BrownOutInput = Omit<z.input<typeof brownOutInput>, 'users'> & {
  readonly users?: readonly string[] | undefined
}

/** Of one tenant, not over yet. All are looked through for some requests. */
const MAX_STARTED = 100

/** Those whose time is not over, in the order of their begins. Throws `not_found` (tenant). */
export async function listBrownOuts(
  operations: Operations,
  tenant: string,
): Promise<readonly BrownOutResource[]> {
  const known = await knownOf(operations, await requireTenant(operations, tenant))
  const now = epochSeconds(operations.clock)
  const items: BrownOutResource[] = []
  for (const brownOut of known.toSorted((one, other) => one.from - other.from)) {
    items.push(await toResource(operations, brownOut, now))
  }
  return items
}

/**
 * Has a surface issue no tokens for a while. Throws `not_found` (tenant), `invalid`, and `conflict` if the surface is off
 * or the tenant has a hundred already.
 */
export async function startBrownOut(
  operations: Operations,
  tenantId: string,
  input: BrownOutInput,
): Promise<BrownOutResource> {
  const tenant = await requireTenant(operations, tenantId)
  const now = epochSeconds(operations.clock)
  const {
    surface,
    from = now,
    to,
    users,
  } = validated('brown-out', brownOutInput, input, (value) => timeProblems(value.from ?? now, value.to, now))
  if (tenant.surfaces !== null && tenant.surfaces[surface] === undefined) {
    throw new AdminError('conflict', `The surface ${surface} is off.`)
  }
  const started = (await knownOf(operations, tenant)).filter(({ origin }) => origin === 'operator')
  if (started.length >= MAX_STARTED) {
    throw new AdminError('conflict', `The tenant has ${MAX_STARTED} brown-outs already that are not over.`)
  }
  const ids = users === undefined ? undefined : await idsOf(operations, tenantId, users)
  const row = {
    tenant: tenantId,
    id: operations.random.uuid().slice(0, 8),
    surface,
    from,
    to,
    ...(ids !== undefined && { users: ids }),
    endedAt: null,
  }
  try {
    const details = `${surface} until ${new Date(to * 1000).toISOString().replace('.000', '')}`
    const event = eventOf(operations, 'brownout.start', { tenant: tenantId, object: row.id, details })
    await operations.store.insertBrownOut(row, now, event)
  } catch (thrown) {
    throw toConflict(thrown)
  }
  return await toResource(operations, { ...row, origin: 'operator' }, now)
}

/** Ends a brown-out, or has it not begin; one of the configuration, too. Idempotent. Throws `not_found`. */
export async function endBrownOut(
  operations: Operations,
  tenantId: string,
  id: string,
): Promise<BrownOutResource> {
  const known = await knownOf(operations, await requireTenant(operations, tenantId))
  const brownOut = known.find((each) => each.id === id)
  if (brownOut === undefined) throw notFound('brown-out')
  const now = epochSeconds(operations.clock)
  const { origin: _, ...row } = brownOut
  if (row.endedAt === null) {
    const event = eventOf(operations, 'brownout.end', { tenant: tenantId, object: id })
    await operations.store.endBrownOut({ ...row, endedAt: now }, event)
  }
  return await toResource(operations, { ...brownOut, endedAt: row.endedAt ?? now }, now)
}

async function knownOf({ store, clock }: Operations, tenant: TenantRow): Promise<readonly KnownBrownOut[]> {
  const now = epochSeconds(clock)
  return brownOutsOf(tenant, await store.listBrownOuts(now)).filter(({ to }) => to > now)
}

function timeProblems(from: EpochSeconds, to: EpochSeconds, now: EpochSeconds): readonly Problem[] {
  if (to <= from) return [{ path: 'to', message: 'must be after from' }]
  return to <= now ? [{ path: 'to', message: 'must not be over already' }] : []
}

/** A name may be given to somebody else while it is brown: so it is the ids that count. */
async function idsOf(
  { store }: Operations,
  tenant: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const problems: Problem[] = []
  const ids = new Set<string>()
  for (const [index, name] of names.entries()) {
    const named = await store.findUserByLogin(tenant, name)
    const byId = await store.findUser(tenant, name)
    const user = named ?? byId
    const path = `users[${index}]`
    if (user === null) problems.push({ path, message: 'is no user of the tenant' })
    else if (named !== null && byId !== null && named.id !== byId.id) {
      problems.push({
        path,
        message: 'is the name of one user and the id of another: give the id of the first',
      })
    } else ids.add(user.id)
  }
  if (names.length === 0) {
    problems.push({ path: 'users', message: 'must name somebody; without it, it is for everybody' })
  }
  if (problems.length > 0) throw invalid('brown-out', problems)
  return [...ids]
}

async function toResource(
  { store }: Operations,
  brownOut: KnownBrownOut,
  now: EpochSeconds,
): Promise<BrownOutResource> {
  const { tenant, id, surface, users = null, from, to, endedAt, origin } = brownOut
  const state = endedAt !== null ? 'ended' : now < from ? 'scheduled' : 'running'
  let usernames: string[] | null = null
  if (users !== null) {
    usernames = []
    for (const user of users) usernames.push((await store.findUser(tenant, user))?.username ?? user)
  }
  return { id, surface, users, usernames, from, to, state, origin }
}
