/** What is wanted of Mintkeeper, next to what the machine can do and to what others need. */
import { type LimitSample, type Rate, rateOf, type Sample, type Spread, spreadOf } from './figures.ts'
import { CEILING, PASSWORD_CACHE, POSTGRES, SQLITE } from './setups.ts'

/** One target, and what was reached in the rounds there were; null: it was not measured. */
export interface Reached {
  readonly operation: string
  readonly target: number
  readonly bound: 'at least' | 'at most'
  /** What it is a part of. */
  readonly of: string
  readonly perCpuSecond: Spread | null
  readonly perSecond: Spread | null
  /** What a server reached that does little else than to commit or to sign; null: it was not asked that. */
  readonly ceiling: { readonly perCpuSecond: Spread; readonly perSecond: Spread } | null
}

interface Target extends Pick<Reached, 'operation' | 'target' | 'bound' | 'of'> {
  readonly setup: string
  readonly request: string
  /** What it is compared with, of the same round; null: that was not measured. */
  readonly with: (sample: Sample, round: Round) => Rate | null
  /** Whether the CPU time of the database counts as well. */
  readonly withDatabase?: true
  /** Of two servers that take turns on a core the CPU time tells more than the time of the clock. */
  readonly cpuOnly?: true
  /** Whether the server that does as little as it can does the same work. */
  readonly hasCeiling?: boolean
}

interface Round {
  limit(name: string): Rate | null
  sample(setup: string, request: string): Sample | null
}

const BARE = 'bare `node:http`'

function ofBare(operation: string, target: number, request: string, setup = SQLITE): Target {
  const hasCeiling = setup !== POSTGRES
  return {
    operation,
    target,
    bound: 'at least',
    of: BARE,
    setup,
    request,
    hasCeiling,
    with: ({ bare }) => bare,
  }
}

/** A request needs a signature after what `node:http` needs: the times add up. */
function ofSigning(algorithm: string): Target {
  return {
    operation: `client credentials, JWT ${algorithm}`,
    target: 0.9,
    bound: 'at least',
    of: '1/(1/http + 1/signatures)',
    setup: SQLITE,
    request: `standard client_credentials, JWT ${algorithm}`,
    hasCeiling: true,
    with({ bare }, { limit }) {
      const signing = limit(`signatures, ${algorithm}`)
      if (signing === null) return null
      const oneAfterTheOther = (one: number, other: number) => 1 / (1 / one + 1 / other)
      return {
        perCpuSecond: oneAfterTheOther(bare.perCpuSecond, signing.perCpuSecond),
        perSecond: oneAfterTheOther(bare.perSecond, signing.perSecond),
      }
    },
  }
}

/** How much of a peer's CPU time the same request takes. */
function ofPeer(operation: string, target: number, request: string, theirs: string): Target {
  return {
    operation: `CPU a request: ${operation}`,
    target,
    bound: 'at most',
    of: 'oidc-provider',
    setup: SQLITE,
    request,
    cpuOnly: true,
    with(_, round) {
      const peer = round.sample('oidc-provider', theirs)
      return peer === null ? null : { perCpuSecond: rateOf(peer.figures).perCpuSecond, perSecond: Number.NaN }
    },
  }
}

const OPAQUE = 'standard client_credentials, opaque'
const RS256 = 'standard client_credentials, JWT RS256'
const ROTATE = 'standard refresh, rotate, opaque'
const INTROSPECTION = 'standard introspection, opaque'

const TARGETS: readonly Target[] = [
  ofBare('client credentials, opaque', 0.6, OPAQUE),
  ofBare('refresh, rotate', 0.42, ROTATE),
  ofBare('introspection, opaque', 0.7, INTROSPECTION),
  ofSigning('RS256'),
  ofSigning('ES256'),
  ofSigning('EdDSA'),
  {
    ...ofBare('password, cold', 0.9, 'standard password, opaque'),
    of: 'argon2id hashes',
    hasCeiling: false,
    with: (_, { limit }) => limit('argon2id hashes'),
  },
  ofBare('password, verification cache', 0.4, 'standard password, opaque', PASSWORD_CACHE),
  ofBare('client credentials, opaque, PostgreSQL (CPU of the server alone)', 0.3, OPAQUE, POSTGRES),
  {
    ...ofBare('client credentials, opaque, PostgreSQL (with the CPU of the database)', 0.3, OPAQUE, POSTGRES),
    withDatabase: true,
  },
  ofPeer('client credentials, opaque', 0.5, OPAQUE, 'client_credentials, opaque'),
  ofPeer('client credentials, JWT RS256', 2 / 3, RS256, 'client_credentials, JWT RS256'),
  ofPeer('refresh, rotate', 0.5, ROTATE, 'refresh, rotate, opaque'),
  ofPeer('introspection, opaque', 0.5, INTROSPECTION, 'introspection, opaque'),
]

/** Compares what was measured with the targets, round by round, and tells the spread of the ratios. */
export function reachedTargets(
  samples: readonly Sample[],
  limits: readonly LimitSample[],
): readonly Reached[] {
  return TARGETS.map(({ setup, request, with: other, withDatabase, cpuOnly, hasCeiling, ...target }) => {
    const reachedBy = (name: string) =>
      spreadsOf(
        samples.flatMap((sample) => {
          if (sample.setup !== name || sample.request !== request) return []
          const rate = other(sample, roundOf(sample.round, samples, limits))
          return rate === null ? [] : [ratioTo(rate, rateWith(sample, withDatabase), target.bound)]
        }),
      )
    const reached = reachedBy(setup)
    return {
      ...target,
      perCpuSecond: reached?.perCpuSecond ?? null,
      perSecond: cpuOnly === true ? null : (reached?.perSecond ?? null),
      ceiling: hasCeiling === true ? reachedBy(CEILING) : null,
    }
  })
}

function spreadsOf(ratios: readonly Rate[]): Reached['ceiling'] {
  if (ratios.length === 0) return null
  return {
    perCpuSecond: spreadOf(ratios.map(({ perCpuSecond }) => perCpuSecond)),
    perSecond: spreadOf(ratios.map(({ perSecond }) => perSecond)),
  }
}

/** Null: there is nothing to compare. */
export function isMet(
  { target, bound }: Pick<Reached, 'target' | 'bound'>,
  reached: Spread | null,
): boolean | null {
  if (reached === null) return null
  return bound === 'at least' ? reached.median >= target : reached.median <= target
}

function roundOf(round: number, samples: readonly Sample[], limits: readonly LimitSample[]): Round {
  return {
    limit: (name) => limits.find((each) => each.round === round && each.limit === name) ?? null,
    sample: (setup, request) =>
      samples.find((each) => each.round === round && each.setup === setup && each.request === request) ??
      null,
  }
}

function rateWith({ figures }: Sample, withDatabase: true | undefined): Rate {
  const { cpuMicroseconds, databaseCpuMicroseconds } = figures
  const extra = withDatabase === true ? (databaseCpuMicroseconds ?? Number.NaN) : 0
  return rateOf({ ...figures, cpuMicroseconds: cpuMicroseconds + extra })
}

/** More is better, but of CPU time: there it is ours in theirs. */
function ratioTo(other: Rate, own: Rate, bound: Reached['bound']): Rate {
  if (bound === 'at most')
    return { perCpuSecond: other.perCpuSecond / own.perCpuSecond, perSecond: Number.NaN }
  return {
    perCpuSecond: own.perCpuSecond / other.perCpuSecond,
    perSecond: own.perSecond / other.perSecond,
  }
}
