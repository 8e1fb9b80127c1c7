import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2'
import { bcryptCompare } from './bcrypt.ts'
import {
  createBoundedQueue,
  type QueueObserver,
  type QueueStatistics,
  type Requester,
} from './bounded-queue.ts'
import type { PasswordCache } from './password-cache.ts'
import { parseLegacyHash, verifyLegacyHash } from './password-legacy.ts'

/** `match_weak`: right, but the hash is weaker than what `hash` makes now: store a new one. */
export type PasswordAnswer = 'match' | 'match_weak' | 'mismatch'

export interface PasswordOptions {
  /**
   * Hashes computed at once; default: one for each core but one, which is left to everything else. They run on libuv's
   * threads, and never take the last of them: RS256 signatures and files need it.
   */
  readonly concurrency?: number | null | undefined
  /** Requests that may wait for their turn; default 64. Each holds its body, of 64 KiB at most. */
  readonly queue?: number
  /** argon2id: KiB of memory, passes, lanes; default 19456, 2, 1 (OWASP's recommendation). */
  readonly argon2?: Argon2Cost
  readonly observer?: QueueObserver | undefined
  /** By default every password is hashed. */
  readonly cache?: PasswordCache | undefined
}

export interface Argon2Cost {
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
}

/**
 * Hashes and verifies passwords on worker threads, a few at a time. Both methods refuse with
 * `temporarily_unavailable` when too many wait already (reason `hash_queue_full`), or too many of the requester's
 * source (`hash_queue_share`).
 *
 * A password is its UTF-8 bytes as they were sent: not trimmed, not normalised, since the systems that made imported
 * hashes did neither.
 */
export interface Passwords {
  /** A PHC string (argon2id). Throws an Error for more than 256 bytes, a NUL or half a surrogate pair. */
  hash(password: string, requester?: Requester): Promise<string>
  /**
   * With null or a hash of unknown form it does the work of a real one and answers `mismatch`. So it does for a right
   * password that may not be told so: the work of a mismatch is the same in all.
   */
  verify(
    hash: string | null,
    password: string,
    requester?: Requester,
    terms?: DisclosureTerms,
  ): Promise<PasswordAnswer>
  /**
   * Which of several hashes the password fits, all in one turn; null: none, or it may not be told. That costs the work of
   * a mismatch with each of them, a null included: whoever has fewer hashes than others makes up for it with nulls.
   */
  findMatch(
    hashes: readonly (string | null)[],
    password: string,
    requester: Requester,
    judge: PasswordJudge,
  ): Promise<number | null>
  /**
   * Whether a password was found right a moment ago, for the same holder and hash; costs no hash, and the same time for
   * whatever password. Null for a user who is refused in any case, and must not be told apart by being answered soon.
   */
  remembers(hash: string | null, password: string, holder: string | null): boolean
  /** Of those that wait for their turn. */
  statistics(): QueueStatistics
}

/** What is to become of the answer. */
export interface DisclosureTerms {
  /** Whose hash it is, as of which change of the user: then a `match` that is told is remembered. */
  readonly holder?: string | null
  readonly judge?: PasswordJudge
}

/**
 * Called when the turn of a password has come. What it returns is called as soon as it was compared, with whether it
 * is right, and says whether it may be told so; it is asked of a wrong one as well, so that both take the same time.
 */
export type PasswordJudge = () => (isRight: boolean) => Promise<boolean>

/** What was found, and which hashes of a mismatch that has cost. */
interface Comparison {
  readonly answer: PasswordAnswer
  /** `argon2`: with which parameters, null is none; `bcrypt`: of which cost, 0 is none. */
  readonly spent: { readonly argon2: string | null; readonly bcrypt: number }
}

const NOTHING_SPENT: Comparison['spent'] = { argon2: null, bcrypt: 0 }

/** Of a password that fits none, or may not be told so, the index is -1. */
interface Match {
  readonly answer: PasswordAnswer
  readonly index: number
}

const NO_MATCH: Match = { answer: 'mismatch', index: -1 }

const ARGON2ID_2023: Argon2Cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** A bound on the work of one request; nobody types more. */
const MAX_PASSWORD_BYTES = 256

/** Of the cores this process may use, as an affinity or a container's quota has it. */
const SPARE_CORES = Math.max(1, navigator.hardwareConcurrency - 1)

/** More memory or passes than these are a broken or hostile row. KiB; passes. */
const MAX_MEMORY_COST = 2 ** 20
const MAX_TIME_COST = 64

/** Ways to make argon2 hashes of which a mismatch makes up for one another: ours, and those of what was imported. */
const MOST_PARAMETERS = 4

const ARGON2 = /^(\$argon2(id|i|d)(?:\$v=(\d+))?\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,3}))\$[\w+/]+\$[\w+/]+$/

/** Salt and digest that belong to no password: to find one that fits is to break argon2 or bcrypt. */
const NO_ARGON2_DIGEST = 'bWludGtlZXBlcmR1bW15cw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const NO_BCRYPT_DIGEST = 'MintkeeperDummySaltsO................................'

/** A password hasher with its own queue. Create one for the whole process. */
export function createPasswords(options: PasswordOptions = {}): Passwords {
  const cost = options.argon2 ?? ARGON2ID_2023
  const { run, statistics } = createBoundedQueue(
    Math.min(options.concurrency ?? SPARE_CORES, Math.max(1, libuvThreads() - 1)),
    options.queue ?? 64,
    options.observer,
  )
  const ours = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}`
  /** The parameters of argon2 hashes that were verified since the start. */
  const argon2Parameters = new Set([ours])
  /** The highest cost of a bcrypt hash that was verified since the start; 0: none yet. */
  let bcryptCost = 0

  /**
   * Spends what a mismatch has not spent yet. Every mismatch costs one argon2 and, once imported hashes were seen, one
   * with the parameters of each of them, or one bcrypt of the highest cost seen, whatever the user's own hash is: the
   * time of a refusal does not tell whether the user exists, nor where the hash came from. 2^c rounds plus
   * 2^c + 2^(c+1) + … + 2^(max-1) are 2^max.
   */
  async function spendRest(password: string, spent: Comparison['spent']): Promise<void> {
    for (const parameters of argon2Parameters) {
      if (parameters !== spent.argon2) await argon2Verify(dummyArgon2(parameters), password)
    }
    if (bcryptCost === 0) return
    if (spent.bcrypt === 0) await bcryptCompare(password, dummyBcrypt(bcryptCost))
    else for (let c = spent.bcrypt; c < bcryptCost; c++) await bcryptCompare(password, dummyBcrypt(c))
  }

  async function compare(stored: string | null, password: string): Promise<Comparison> {
    const argon2 = stored === null ? null : parseArgon2(stored)
    if (stored !== null && argon2 !== null) {
      const matches = await orNull(argon2Verify(stored, password))
      const match = isWeaker(argon2, cost) ? 'match_weak' : 'match'
      const { parameters } = argon2
      if (matches !== null && argon2Parameters.size < MOST_PARAMETERS) argon2Parameters.add(parameters)
      const spent = { argon2: matches === null ? null : parameters, bcrypt: 0 }
      return { answer: matches ? match : 'mismatch', spent }
    }
    const legacy = stored === null ? null : parseLegacyHash(stored)
    if (legacy?.scheme === 'bcrypt') {
      bcryptCost = Math.max(bcryptCost, legacy.cost)
      const matches = await orNull(verifyLegacyHash(legacy, password))
      const spent = { argon2: null, bcrypt: matches === null ? 0 : legacy.cost }
      return { answer: matches ? 'match_weak' : 'mismatch', spent }
    }
    const matches = legacy !== null && (await verifyLegacyHash(legacy, password))
    // Before the answer is known to anybody: neither nobody's password nor that of a cheap hash is quicker than others.
    await argon2Verify(dummyArgon2(ours), password)
    return { answer: matches ? 'match_weak' : 'mismatch', spent: { argon2: ours, bcrypt: 0 } }
  }

  async function compareAll(
    hashes: readonly (string | null)[],
    password: string,
    judge: PasswordJudge | undefined,
  ): Promise<Match> {
    const mayTell = judge?.()
    const compared: Comparison[] = []
    for (const stored of hashes) {
      const comparison = await compare(stored, password)
      compared.push(comparison)
      if (comparison.answer !== 'mismatch') break
    }
    const { answer } = compared.at(-1) ?? NO_MATCH
    const isRight = answer !== 'mismatch'
    const isTold = mayTell === undefined || (await mayTell(isRight))
    if (isRight && isTold) return { answer, index: compared.length - 1 }
    for (const index of hashes.keys()) await spendRest(password, compared[index]?.spent ?? NOTHING_SPENT)
    return NO_MATCH
  }

  async function matchOf(
    hashes: readonly (string | null)[],
    password: string,
    requester: Requester | undefined,
    judge: PasswordJudge | undefined,
  ): Promise<Match> {
    // Says nothing about whose hashes they are: it depends on the request alone.
    if (!isHashable(password)) return NO_MATCH
    return await run(() => compareAll(hashes, password, judge), requester)
  }

  return {
    async hash(password, requester) {
      if (!isHashable(password)) {
        throw new Error(
          `The password is too long (over ${MAX_PASSWORD_BYTES} bytes) or holds a NUL or half a character.`,
        )
      }
      // 2: Argon2id. The package's own enum is erased by the compiler.
      return run(() => argon2Hash(password, { ...cost, algorithm: 2, outputLen: 32 }), requester)
    },
    remembers(stored, password, holder) {
      const known = { holder, hash: stored ?? '', password }
      return isHashable(password) && options.cache?.knows(known) === true
    },
    async findMatch(hashes, password, requester, judge) {
      const { index } = await matchOf(hashes, password, requester, judge)
      return index === -1 ? null : index
    },
    async verify(hash, password, requester, { holder = null, judge } = {}) {
      const { answer } = await matchOf([hash], password, requester, judge)
      // A weak hash is not remembered: a login that finds the new one is.
      if (answer === 'match' && holder !== null && hash !== null) {
        options.cache?.remember({ holder, hash, password })
      }
      return answer
    },
    statistics,
  }
}

/** A NUL would end the password in one bcrypt and not in another; half a surrogate pair has no UTF-8 form. */
function isHashable(password: string): boolean {
  return (
    password.length <= MAX_PASSWORD_BYTES &&
    Buffer.byteLength(password) <= MAX_PASSWORD_BYTES &&
    !password.includes('\0') &&
    password.isWellFormed()
  )
}

interface ParsedArgon2 {
  /** All that comes before the salt. */
  readonly parameters: string
  readonly kind: string
  readonly version: number
  readonly memoryCost: number
  readonly timeCost: number
}

/** Null for what is no argon2 hash, or one that asks for absurd work. */
function parseArgon2(stored: string): ParsedArgon2 | null {
  const [, parameters, kind, version = '16', memory, time] = ARGON2.exec(stored) ?? []
  if (parameters === undefined || kind === undefined) return null
  const memoryCost = Number(memory)
  const parsed = { parameters, kind, version: Number(version), memoryCost, timeCost: Number(time) }
  return parsed.memoryCost <= MAX_MEMORY_COST && parsed.timeCost <= MAX_TIME_COST ? parsed : null
}

function isWeaker(hash: ParsedArgon2, cost: Argon2Cost): boolean {
  return (
    hash.kind !== 'id' ||
    hash.version !== 19 ||
    hash.memoryCost * hash.timeCost < cost.memoryCost * cost.timeCost
  )
}

/** Null: the library could not read the hash, although its form looked right. */
async function orNull(answer: Promise<boolean>): Promise<boolean | null> {
  try {
    return await answer
  } catch {
    return null
  }
}

function dummyArgon2(parameters: string): string {
  return `${parameters}$${NO_ARGON2_DIGEST}`
}

function dummyBcrypt(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${NO_BCRYPT_DIGEST}`
}

/** As libuv reads it: 4 unless the variable says otherwise. */
function libuvThreads(): number {
  const { UV_THREADPOOL_SIZE: asked } = process.env
  return asked === undefined ? 4 : Math.min(Math.max(1, Number.parseInt(asked, 10) || 1), 1024)
}
