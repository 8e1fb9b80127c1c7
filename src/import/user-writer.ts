import type { FollowedRow, FollowOutcome, ImportedUserOutcome, ImportMark } from '../store/imported-rows.ts'
import type { UserRow } from '../store/rows.ts'
import { decide, markOf, type Said, secretMark, USER_COLUMNS, withoutProfile } from './follow.ts'
import type { ImportItem } from './import.ts'
import { changesInParts, type ImportRun, patiently, reasonOf } from './import-run.ts'

const WHY_NOT: Readonly<Record<Exclude<ImportedUserOutcome, 'imported' | 'known'>, string>> = {
  deleted: 'was here before, and was deleted: its id is not given again',
  name_taken: 'has the user name or e-mail address of another user who is here, but for the case of letters',
}

/** How many may wait for a name that somebody may still give up. */
const MOST_WAITING = 10_000

/** A user on the way, and where it comes from. */
interface PlacedUser {
  readonly place: string
  readonly said: Said<UserRow>
  readonly mark: ImportMark
  /** Why it comes only if it is here already; null: it comes in any case. */
  readonly gone: string | null
}

export type UserBatch = readonly PlacedUser[]

/** Users of one run. */
export interface UserWriter {
  /** What is to be written of a user; null: it was refused. */
  prepare(item: ImportItem & { readonly kind: 'user' }): Promise<PlacedUser | null>
  write(batch: UserBatch): Promise<void>
  /** Tries those once more whose names were others', who may have other names by now. */
  settle(): Promise<void>
  /** Whether a user did not come, whose tokens need not come either. */
  isRefused(id: string): boolean
  refuse(id: string, place: string, reason: string): Promise<void>
}

export function createUserWriter(run: ImportRun): UserWriter {
  const { target, tenant, tally } = run
  const refused = new Set<string>()
  let waiting: PlacedUser[] = []

  async function refuse(id: string, place: string, reason: string): Promise<void> {
    refused.add(id)
    await run.refuse('user', place, reason)
  }

  /** Adds who is not here; who is. */
  async function add(batch: UserBatch, nameless: UserBatch[number][]): Promise<UserBatch> {
    const rows = batch.map(({ said, mark }) => ({ ...said.row, mark }))
    const outcomes = await patiently(() => target.importUsers(rows))
    const known: PlacedUser[] = []
    for (const [index, outcome] of outcomes.entries()) {
      const user = batch[index] as PlacedUser
      if (outcome === 'imported') run.added('user', user.said.row.id)
      else if (outcome === 'known') known.push(user)
      else if (outcome === 'name_taken') nameless.push(user)
      else await refuse(user.said.row.id, user.place, WHY_NOT[outcome])
    }
    return known
  }

  /** What is to become of those who are here; of the others of these there is nothing to do. */
  async function changesOf(batch: UserBatch): Promise<readonly UserChange[]> {
    const ids = batch.map(({ said }) => said.row.id)
    const found = await patiently(() => target.findKnownUsers(tenant, ids))
    const rows = new Map(found.map((known) => [known.row.id, known]))
    const changes: UserChange[] = []
    for (const user of batch) {
      const { said, mark, place, gone } = user
      const known = rows.get(said.row.id)
      const decision = known && decide(known, said, mark, USER_COLUMNS, run.overwritesChanged)
      if (known === undefined || decision === undefined || decision.kind === 'known') {
        if (gone === null) tally.known('user', 1)
        else tally.leftOut('user', gone)
      } else if (decision.kind === 'changed here') {
        await run.tellChanged('user', place, known, decision.fields)
      } else {
        const { to, fields } = decision
        changes.push({ user, change: { from: known.row, to, mark: decision.mark }, fields })
      }
    }
    return changes
  }

  /** With the end of the tokens of those who have another password, or are disabled, as when an operator does that. */
  async function withEnds(changes: readonly UserChange[]): Promise<readonly UserChange[]> {
    const ending = changes.filter(({ change }) => endsTokens(change))
    if (run.endOfTokens === null || ending.length === 0) return changes
    const tokensValidAfter = await run.endOfTokens(ending.map(({ change }) => change.from))
    return changes.map((each) =>
      endsTokens(each.change)
        ? { ...each, change: { ...each.change, to: { ...each.change.to, tokensValidAfter } } }
        : each,
    )
  }

  /** Changes them; those who were changed meanwhile, to be looked at again. */
  async function follow(
    changes: readonly UserChange[],
    onOutcome: (user: PlacedUser, outcome: 'followed' | 'name_taken') => Promise<void> | void,
  ): Promise<UserBatch> {
    const rows = (await withEnds(changes)).map(({ user, change, fields }) => {
      const details = fields.join(', ')
      return { ...change, event: run.eventOf('user.update', { user: user.said.row.id, details }) }
    })
    const outcomes: FollowOutcome[] = []
    for (const part of changesInParts(rows))
      outcomes.push(...(await patiently(() => target.followUsers(part))))
    const again: PlacedUser[] = []
    for (const [index, { user }] of changes.entries()) {
      const outcome = outcomes[index] ?? 'changed'
      if (outcome === 'changed') again.push(user)
      else await onOutcome(user, outcome)
    }
    return again
  }

  /** Those whose names are another's. */
  async function tryToWrite(batch: UserBatch): Promise<UserBatch> {
    const nameless: PlacedUser[] = []
    const known = await add(
      batch.filter(({ gone }) => gone === null),
      nameless,
    )
    let left: UserBatch = [...known, ...batch.filter(({ gone }) => gone !== null)]
    while (left.length > 0) {
      left = await follow(await changesOf(left), (user, outcome) => {
        if (outcome === 'followed') tally.updated('user', 1)
        else nameless.push(user)
      })
    }
    return nameless
  }

  /** Who is here follows in all but the name, which is tried again by the next run; who is not here does not come. */
  async function writeNameless(batch: UserBatch): Promise<void> {
    const strangers: PlacedUser[] = []
    const here = await add(
      batch.filter(({ gone }) => gone === null),
      strangers,
    )
    for (const { said, place } of strangers) await refuse(said.row.id, place, WHY_NOT.name_taken)
    let left: UserBatch = [...here, ...batch.filter(({ gone }) => gone !== null)]
    while (left.length > 0) {
      const changes = (await changesOf(left)).map(withoutNames)
      const tell = ({ place }: PlacedUser) =>
        run.refuse('user', place, `${WHY_NOT.name_taken}: keeps its own, and follows in all else`)
      for (const { user, fields } of changes) if (fields.length === 0) await tell(user)
      left = await follow(
        changes.filter(({ fields }) => fields.length > 0),
        tell,
      )
    }
  }

  return {
    async prepare({ place, user, gone = null, passwordIsTold = true }) {
      try {
        const row = run.rules.user(user)
        const said = { row, secret: passwordIsTold ? secretMark(row.passwordHash ?? '') : null }
        return { place, gone, said, mark: markOf(said, USER_COLUMNS) }
      } catch (thrown) {
        await refuse(user.id, place, reasonOf(thrown))
        return null
      }
    },
    async write(batch) {
      const nameless = await tryToWrite(batch)
      const mayWait = Math.max(0, MOST_WAITING - waiting.length)
      waiting.push(...nameless.slice(0, mayWait))
      if (nameless.length > mayWait) await writeNameless(nameless.slice(mayWait))
    },
    async settle() {
      for (let before = Number.POSITIVE_INFINITY; waiting.length > 0 && waiting.length < before; ) {
        before = waiting.length
        waiting = [...(await tryToWrite(waiting))]
      }
      const rest = waiting
      waiting = []
      if (rest.length > 0) await writeNameless(rest)
    },
    isRefused: (id) => refused.has(id),
    refuse,
  }
}

/** What is to become of a user who is here. */
interface UserChange {
  readonly user: PlacedUser
  readonly change: FollowedRow<UserRow>
  readonly fields: readonly string[]
}

function endsTokens({ from, to }: FollowedRow<UserRow>): boolean {
  return to.passwordHash !== from.passwordHash || (to.disabled && !from.disabled)
}

const NAMES: readonly string[] = ['username', 'email']

/** It is not as the source has it, so that the next run must not take the source for unchanged, whatever that says. */
function withoutNames({ change: { from, to, mark }, fields, user }: UserChange): UserChange {
  const { username, email } = from
  return {
    user,
    change: { from, to: { ...to, username, email }, mark: withoutProfile(mark) },
    fields: fields.filter((name) => !NAMES.includes(name)),
  }
}
