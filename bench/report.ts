import type { Environment } from './environment.ts'
import { type Figures, rateOf, type Sample, type Spread, spreadOf } from './figures.ts'
import type { Samples } from './rounds.ts'
import type { StartUp } from './start-up.ts'
import { type Reached, reachedTargets } from './targets.ts'

export interface How {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  /** Whether server, load and database were held to cores of their own. */
  readonly heldToCores: boolean
}

export interface LimitRow {
  readonly limit: string
  readonly perSecond: Spread
  readonly perCpuSecond: Spread
}

export type FigureSpreads = {
  readonly [Name in keyof Figures]: Name extends 'databaseCpuMicroseconds' ? Spread | null : Spread
}

export interface RequestRow extends FigureSpreads {
  readonly setup: string
  readonly request: string
  /** Of what the bare server does: per CPU second, and per second. */
  readonly ratio: { readonly perCpuSecond: Spread; readonly perSecond: Spread }
}

/** One change and what it brought, written by hand. */
export interface Change {
  readonly change: string
  readonly request: string
  /** CPU microseconds a request. */
  readonly before: number
  readonly after: number
}

/** All that one run has measured. */
export interface Report {
  readonly environment: Environment
  readonly how: How
  readonly targets: readonly Reached[]
  readonly limits: readonly LimitRow[]
  readonly requests: readonly RequestRow[]
  readonly startUps: readonly StartUp[]
  readonly changes: readonly Change[]
  /** What was not answered as it should be, and so is not among the figures. */
  readonly failures: readonly string[]
}

export interface Measured extends Samples {
  readonly startUps: readonly StartUp[]
}

export function reportOf(
  { samples, limits, failures, startUps }: Measured,
  rest: Pick<Report, 'environment' | 'how' | 'changes'>,
): Report {
  return {
    ...rest,
    targets: reachedTargets(samples, limits),
    limits: groupsOf(limits, ({ limit }) => limit).map(([limit, group]) => ({
      limit,
      perSecond: spreadOf(group.map(({ perSecond }) => perSecond)),
      perCpuSecond: spreadOf(group.map(({ perCpuSecond }) => perCpuSecond)),
    })),
    requests: groupsOf(samples, ({ setup, request }) => JSON.stringify([setup, request])).map(([, group]) =>
      requestRow(group),
    ),
    startUps,
    failures,
  }
}

function requestRow(samples: readonly Sample[]): RequestRow {
  const spread = (pick: (sample: Sample) => number) => spreadOf(samples.map(pick))
  const hasDatabase = samples.every(({ figures }) => figures.databaseCpuMicroseconds !== null)
  return {
    setup: samples[0]?.setup ?? '',
    request: samples[0]?.request ?? '',
    perSecond: spread(({ figures }) => figures.perSecond),
    cpuMicroseconds: spread(({ figures }) => figures.cpuMicroseconds),
    databaseCpuMicroseconds: hasDatabase
      ? spread(({ figures }) => figures.databaseCpuMicroseconds ?? 0)
      : null,
    p50: spread(({ figures }) => figures.p50),
    p99: spread(({ figures }) => figures.p99),
    p999: spread(({ figures }) => figures.p999),
    rssMegabytes: spread(({ figures }) => figures.rssMegabytes),
    ratio: {
      perCpuSecond: spread(({ figures, bare }) => rateOf(figures).perCpuSecond / bare.perCpuSecond),
      perSecond: spread(({ figures, bare }) => figures.perSecond / bare.perSecond),
    },
  }
}

/** In the order of their first members. */
function groupsOf<T>(
  values: readonly T[],
  nameOf: (value: T) => string,
): readonly (readonly [string, readonly T[]])[] {
  return [...Map.groupBy(values, nameOf)]
}
