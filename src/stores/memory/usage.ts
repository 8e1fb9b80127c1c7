import {
  FACTS_KEPT,
  type Usage,
  type UsageCount,
  type UsageFact,
  type UsageHour,
  type UsageKey,
  type UsageQuery,
  type UsageStore,
} from '../../store/usage.ts'
import { pageOf } from '../page.ts'
import { byCodePoint } from './map-key.ts'

interface Kept {
  readonly tenant: string
  readonly key: UsageKey
  readonly hours: Map<number, UsageHour>
  readonly facts: Map<string, UsageFact>
}

export function memoryUsage(): UsageStore {
  const all = new Map<string, Kept>()

  function keep(usage: Usage): void {
    const { tenant, surface, use, user, client } = usage
    const name = JSON.stringify([tenant, surface, use, user, client])
    const kept = all.get(name) ?? {
      tenant,
      key: { surface, use, user, client },
      hours: new Map(),
      facts: new Map(),
    }
    all.set(name, kept)
    for (const hour of usage.hours) kept.hours.set(hour.hour, hoursTogether(hour, kept.hours.get(hour.hour)))
    for (const fact of usage.facts) {
      const id = JSON.stringify([fact.fact, fact.value])
      const { calls = 0, lastAt = 0 } = kept.facts.get(id) ?? {}
      kept.facts.set(id, { ...fact, calls: calls + fact.calls, lastAt: Math.max(lastAt, fact.lastAt) })
    }
  }

  /** In the order of their keys, with the hours that were asked for. */
  function found(query: UsageQuery): readonly Kept[] {
    return [...all.values()]
      .filter((kept) => isAskedFor(kept, query))
      .map((kept) => ({ ...kept, hours: new Map([...kept.hours].filter(([hour]) => hour >= query.from)) }))
      .sort((one, other) => compare(one.key, other.key))
  }

  const inRange = (query: UsageQuery, first: UsageKey, last: UsageKey) =>
    found(query).filter(({ key }) => compare(first, key) <= 0 && compare(key, last) <= 0)

  return {
    addUsage: async (usages) => usages.forEach(keep),
    async listUsage(query, after, limit) {
      const totals = found(query)
        .filter(({ key, hours }) => hours.size > 0 && (after === null || compare(key, after) > 0))
        .map(({ key, hours }) => ({ ...key, ...totalOf([...hours.values()]) }))
      return pageOf(totals, limit, ({ surface, use, user, client }) => ({ surface, use, user, client }))
    },
    listUsageDays: async (query, first, last) =>
      inRange(query, first, last).flatMap(({ key, hours }) =>
        counts([...hours.values()], 86_400).map((count) => ({ ...key, ...count })),
      ),
    listUsageFacts: async (query, first, last) =>
      inRange(query, first, last)
        .flatMap(({ key, facts }) =>
          latestFirst(facts).flatMap((ofName) =>
            ofName.slice(0, FACTS_KEPT).map(([, fact]) => ({ ...key, ...fact })),
          ),
        )
        .filter(({ lastAt }) => lastAt >= query.from)
        .sort((one, other) => other.lastAt - one.lastAt),
    async sumUsage(query, to) {
      const groups = Map.groupBy(found(query), ({ key: { surface, use } }) => JSON.stringify([surface, use]))
      return [...groups.values()].flatMap((group) => {
        const hours = group.flatMap((kept) => [...kept.hours.values()]).filter(({ hour }) => hour < to)
        const { surface, use } = (group[0] as Kept).key
        return counts(hours, 1).map((count) => ({ surface, use, ...count }))
      })
    },
    async purgeUsage(before, limit) {
      let gone = 0
      for (const { hours, facts } of all.values()) {
        for (const [hour] of hours) if (hour < before && gone < limit) gone += Number(hours.delete(hour))
        const surplus = latestFirst(facts).flatMap((ofName) => ofName.slice(FACTS_KEPT))
        const old = [...facts].filter(([, { lastAt }]) => lastAt < before)
        for (const [id] of [...old, ...surplus]) if (gone < limit) gone += Number(facts.delete(id))
      }
      for (const [name, { hours, facts }] of all) if (hours.size + facts.size === 0) all.delete(name)
      return gone
    },
  }
}

function hoursTogether(added: UsageHour, known: UsageHour = added): UsageHour {
  const isNew = known === added
  return {
    hour: added.hour,
    succeeded: added.succeeded + (isNew ? 0 : known.succeeded),
    failed: added.failed + (isNew ? 0 : known.failed),
    firstAt: Math.min(known.firstAt, added.firstAt),
    lastAt: Math.max(known.lastAt, added.lastAt),
    expiresIn: Math.max(known.expiresIn, added.expiresIn),
  }
}

/** The facts of each name. */
function latestFirst(facts: Kept['facts']): readonly (readonly (readonly [string, UsageFact])[])[] {
  return [...Map.groupBy(facts, ([, { fact }]) => fact).values()].map((ofName) =>
    ofName.sort(([, one], [, other]) => other.lastAt - one.lastAt || byCodePoint(one.value, other.value)),
  )
}

function totalOf(hours: readonly UsageHour[]) {
  return {
    succeeded: hours.reduce((sum, { succeeded }) => sum + succeeded, 0),
    failed: hours.reduce((sum, { failed }) => sum + failed, 0),
    firstAt: Math.min(...hours.map(({ firstAt }) => firstAt)),
    lastAt: Math.max(...hours.map(({ lastAt }) => lastAt)),
    tokensPerLife: Math.max(
      ...hours.map(({ succeeded, expiresIn }) => Math.floor((succeeded * Math.min(expiresIn, 3600)) / 3600)),
    ),
  }
}

/** Calls by the times of their hours, divided by a number. */
function counts(hours: readonly UsageHour[], divisor: number): readonly UsageCount[] {
  return [...Map.groupBy(hours, ({ hour }) => Math.floor(hour / divisor))]
    .sort(([one], [other]) => one - other)
    .map(([at, group]) => {
      const { succeeded, failed } = totalOf(group)
      return { at, succeeded, failed }
    })
}

function isAskedFor({ tenant, key }: Kept, query: UsageQuery): boolean {
  return (
    tenant === query.tenant &&
    (query.surface ?? key.surface) === key.surface &&
    (query.use ?? key.use) === key.use &&
    (query.user ?? key.user) === key.user &&
    (query.client ?? key.client) === key.client
  )
}

function compare(one: UsageKey, other: UsageKey): number {
  return (
    byCodePoint(one.surface, other.surface) ||
    byCodePoint(one.use, other.use) ||
    byCodePoint(one.user ?? '', other.user ?? '') ||
    byCodePoint(one.client ?? '', other.client ?? '')
  )
}
