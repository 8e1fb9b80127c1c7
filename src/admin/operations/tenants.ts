import type { TenantDefinition } from '../../protocol/policy.ts'
import type { TenantRow } from '../../store/rows.ts'
import { AdminError, invalid, type Problem } from './admin-error.ts'
import { type Change, changesOf, type ItemReport } from './apply-change.ts'
import { planClient } from './apply-client.ts'
import { planUser } from './apply-user.ts'
import { type ClientInput, clientInput, clientProblems } from './client-input.ts'
import { withDefaults } from './clients.ts'
import { eventOf, type Operations } from './operations.ts'
import { passwordProblems, type UserInput, userInput } from './user-input.ts'
import { validated } from './validated.ts'

/** A tenant as operators see it. */
export type TenantResource = Required<TenantDefinition>

/** A tenant as a configuration lists it, checked by the configuration's own rules. */
export interface TenantInput extends TenantDefinition {
  readonly users: readonly UserInput[]
  readonly clients: readonly (ClientInput & { readonly id: string })[]
}

/** What `applyTenant` did. Holds no secrets. */
export interface TenantReport {
  readonly tenant: string
  /** The tenant itself, its clients and its users, in the order of the configuration. */
  readonly items: readonly ItemReport[]
}

/**
 * How often everything is looked at anew because another node wrote at the same time, as when all start at once, and
 * yet no more is done than before: then it is no race but a conflict that stays.
 */
const ATTEMPTS = 5

export async function listTenants({ store }: Operations): Promise<readonly TenantResource[]> {
  return (await store.listTenants()).map(toTenantResource)
}

/**
 * Makes a tenant what the configuration lists: the tenant itself, its users (found by id, else by user name) and its
 * clients. What is not listed stays. What is listed already is not written, and its password or secret not hashed
 * again. Everything is looked at before anything is written. Throws `invalid` with all problems, `conflict` and
 * `changed`.
 */
export async function applyTenant(operations: Operations, input: TenantInput): Promise<TenantReport> {
  const listed = { ...input, ...validatedAccounts(input) }
  const done = new Map<string, ItemReport>()
  let leastLeft = Number.POSITIVE_INFINITY
  for (let attempt = 1; ; attempt++) {
    const changes = await plan(operations, listed)
    const left = changes.filter(({ write }) => write !== null).length
    if (left < leastLeft) attempt = 1
    leastLeft = Math.min(leastLeft, left)
    for (const { report } of changes)
      if (!done.has(report.path)) done.set(report.path, { ...report, outcome: 'unchanged' })
    try {
      for (const { report, write } of changes) {
        if (write === null) continue
        await write()
        done.set(report.path, report)
      }
      return { tenant: input.id, items: [...done.values()] }
    } catch (thrown) {
      const isRace = thrown instanceof AdminError && (thrown.code === 'conflict' || thrown.code === 'changed')
      if (!isRace || attempt === ATTEMPTS) throw thrown
    }
  }
}

async function plan(operations: Operations, input: TenantInput): Promise<readonly Change[]> {
  const changes = [await planTenant(operations, input)]
  for (const [index, client] of input.clients.entries()) {
    changes.push(await planClient(operations, input.id, client, `clients[${index}]`))
  }
  for (const [index, user] of input.users.entries()) {
    changes.push(await planUser(operations, input.id, user, `users[${index}]`))
  }
  return changes
}

async function planTenant(operations: Operations, input: TenantInput): Promise<Change> {
  const { store } = operations
  const row: TenantRow = toTenantResource(input)
  const tenants = await store.listTenants()
  const host = row.hosts.find((name) =>
    tenants.some((other) => other.id !== row.id && other.hosts.includes(name)),
  )
  if (host !== undefined) throw new AdminError('conflict', `The host ${host} is that of another tenant.`)
  const known = tenants.find(({ id }) => id === row.id)
  const fields = known === undefined ? [] : changesOf(toTenantResource(known), row)
  const details = known === undefined ? 'created' : fields.join(' ')
  const save = () => store.saveTenant(row, eventOf(operations, 'tenant.save', { tenant: row.id, details }))
  return {
    report: {
      path: '',
      kind: 'tenant',
      id: row.id,
      name: null,
      outcome: known === undefined ? 'created' : fields.length > 0 ? 'updated' : 'unchanged',
      fields,
    },
    write: known !== undefined && fields.length === 0 ? null : save,
  }
}

/** The listed users and clients under the rules of the operations. Throws `invalid` with the problems of all. */
function validatedAccounts(input: TenantInput): Pick<TenantInput, 'users' | 'clients'> {
  const problems: Problem[] = []
  function each<Input, Output>(
    key: string,
    inputs: readonly Input[],
    validate: (input: Input) => Output,
  ): Output[] {
    return inputs.flatMap((item, index) => {
      try {
        return [validate(item)]
      } catch (thrown) {
        if (!(thrown instanceof AdminError)) throw thrown
        const prefix = `${key}[${index}]`
        problems.push(
          ...thrown.problems.map(({ path, message }) => ({ path: joined(prefix, path), message })),
        )
        return []
      }
    })
  }
  const clients = each('clients', input.clients, (client) => {
    const fields = validated('client', clientInput, client, (value) =>
      clientProblems(withDefaults(value), typeof value.secret === 'string'),
    )
    return { ...fields, id: client.id }
  })
  const users = each('users', input.users, (user) => validated('user', userInput, user, passwordProblems))
  const clientIds = new Set(input.clients.map(({ id }) => id))
  input.users.forEach(({ id }, index) => {
    if (id == null || !clientIds.has(id)) return
    problems.push({
      path: `users[${index}].id`,
      message: "must not be a client's id: both are a token's sub",
    })
  })
  if (problems.length > 0) throw invalid(`tenant ${input.id}`, problems)
  return { users, clients }
}

function joined(prefix: string, path: string): string {
  if (path === '') return prefix
  return path.startsWith('[') ? `${prefix}${path}` : `${prefix}.${path}`
}

function toTenantResource(tenant: TenantRow): TenantResource {
  const { id, hosts, issuer, signingAlgorithm, surfaces } = tenant
  const { requestsPerSecond = null, clientRequestsPerSecond = null } = tenant
  return { id, hosts, issuer, signingAlgorithm, surfaces, requestsPerSecond, clientRequestsPerSecond }
}
