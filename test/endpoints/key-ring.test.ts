import { decodeProtectedHeader } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { createMasterKey } from '../../src/crypto/seal.ts'
import { createKeyRing, type KeyRing } from '../../src/endpoints/key-ring.ts'
import type { RotationOutcome } from '../../src/endpoints/key-ring-changes.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

const DAY = 86_400
const MASTER_KEY = createMasterKey(new Uint8Array(32).fill(7))

let nowMs: number
let store: Store
/** What the store is asked besides, and whether it can be asked at all. */
let asked: { name: string; before?: () => Promise<void> }[]
let isGone: boolean
let reported: unknown[]

const clock = () => nowMs
const now = () => nowMs / 1000
const advance = (seconds: number) => {
  nowMs += seconds * 1000
}

beforeEach(() => {
  nowMs = 1_767_225_600_000
  asked = []
  isGone = false
  reported = []
  const memory = createMemoryStore({ clock })
  store = new Proxy(memory, {
    get: (target, name: keyof Store) => async (parameter: never, other: never) => {
      if (isGone) throw new StoreUnavailable('the database could not be read')
      const planned = asked.find((each) => each.name === name && each.before !== undefined)
      const before = planned?.before
      if (planned !== undefined) delete planned.before
      await before?.()
      asked.push({ name })
      return await (target[name] as (...words: never[]) => unknown)(parameter, other)
    },
  })
})

/** The keys as one more process has them. */
function open(masterKey = MASTER_KEY): KeyRing {
  return createKeyRing({ store, clock, masterKey, onStale: (cause) => reported.push(cause) })
}

async function sign(keys: KeyRing, life = 3600): Promise<string> {
  return await keys.sign('shop', 'ES256', 'JWT', { exp: now() + life })
}

async function published(keys: KeyRing): Promise<(string | undefined)[]> {
  return JSON.parse(await keys.jwks('shop')).keys.map(({ kid }: { kid: string }) => kid)
}

const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid

async function force(keys: KeyRing): Promise<Extract<RotationOutcome, { kind: 'rotated' }>> {
  const outcome = await keys.rotate('shop', 'ES256', { force: true })
  if (outcome.kind !== 'rotated') throw new Error(outcome.kind)
  return outcome
}

/** Lets what nobody waits for come to its end. */
const settled = () => new Promise(setImmediate)

describe('while the store is gone', () => {
  it('T180 JWKS and verification go on with the keys that are known', async () => {
    const keys = open()
    const jwt = await sign(keys)
    const before = await keys.jwks('shop')
    isGone = true
    for (const seconds of [5, 5, 3600, 1]) {
      advance(seconds)
      expect(await keys.jwks('shop')).toBe(before)
      expect(await keys.verify('shop', jwt)).not.toBeNull()
      await settled()
    }
    expect(reported).toHaveLength(3)
    expect(new Set(reported.map((cause) => cause instanceof StoreUnavailable))).toEqual(new Set([true]))
  })

  it('no key signs that may have retired long ago', async () => {
    const [keys, other] = [open(), open()]
    const old = await sign(keys)
    isGone = true
    advance(59)
    expect(kidOf(await sign(keys))).toBe(kidOf(old))
    advance(1)
    await expect(sign(keys)).rejects.toBeInstanceOf(StoreUnavailable)
    isGone = false
    await force(other)
    expect(kidOf(await sign(keys))).not.toBe(kidOf(old))
  })

  it('nothing is known of a tenant that nobody has asked for', async () => {
    isGone = true
    await expect(open().jwks('shop')).rejects.toBeInstanceOf(StoreUnavailable)
  })
})

describe('a rotation', () => {
  it('is seen at once by the process that did it', async () => {
    const keys = open()
    const old = await sign(keys)
    advance(5)
    // Being read while it is rotated.
    void keys.jwks('shop')
    await force(keys)
    const young = await sign(keys)
    expect(kidOf(young)).not.toBe(kidOf(old))
    expect(await published(keys)).toHaveLength(3)
    expect([await keys.verify('shop', old), await keys.verify('shop', young)]).not.toContain(null)
  })

  it('is seen by another process after five seconds, and no request waits for that', async () => {
    const [keys, other] = [open(), open()]
    const old = await sign(keys)
    await force(other)
    advance(5)
    expect(kidOf(await sign(keys))).toBe(kidOf(old))
    await settled()
    expect(kidOf(await sign(keys))).not.toBe(kidOf(old))
  })

  it('is seen at the first request of a process that was idle', async () => {
    const [keys, other] = [open(), open()]
    const old = await sign(keys)
    await force(other)
    advance(3600)
    expect(kidOf(await sign(keys))).not.toBe(kidOf(old))
  })

  it('T084 is refused before verifiers know the announced key', async () => {
    const keys = open()
    await keys.ensure('shop', 'ES256')
    const possibleAt = now() + 360
    for (const seconds of [0, 300, 59]) {
      advance(seconds)
      expect(await keys.rotate('shop', 'ES256')).toEqual({ kind: 'too_early', possibleAt })
    }
    const before = await published(keys)
    const old = kidOf(await sign(keys))
    advance(1)
    expect(await keys.rotate('shop', 'ES256')).toMatchObject({ kind: 'rotated' })
    const young = kidOf(await sign(keys))
    expect(before.toSorted()).toEqual([old, young].toSorted())
    expect(await keys.rotate('shop', 'ES256')).toEqual({ kind: 'too_early', possibleAt: now() + 360 })
  })

  it('is done at once if it must be', async () => {
    const keys = open()
    const kids = new Set([kidOf(await sign(keys))])
    for (let count = 0; count < 3; count++) {
      await force(keys)
      kids.add(kidOf(await sign(keys)))
    }
    expect(kids.size).toBe(4)
  })

  it('that comes second changes nothing', async () => {
    const [keys, other] = [open(), open()]
    await keys.ensure('shop', 'ES256')
    advance(360)
    const outcomes = await Promise.all([keys.rotate('shop', 'ES256'), other.rotate('shop', 'ES256')])
    const rows = await store.listSigningKeys('shop')
    expect(rows.map(({ state }) => state).toSorted()).toEqual(['active', 'announced', 'retired'])
    const outcome = { kind: 'rotated', keys: rows, goneAt: now() + DAY + 60 }
    expect(outcomes).toEqual([outcome, outcome])
  })
})

describe('a retired key', () => {
  it('R103 verifies for a day at least, and is gone then without a purge', async () => {
    const keys = open()
    const old = await sign(keys, 60)
    expect((await force(keys)).goneAt).toBe(now() + DAY + 60)
    advance(DAY + 59)
    expect(await published(keys)).toContain(kidOf(old))
    expect(await keys.verify('shop', old)).not.toBeNull()
    advance(10)
    expect(await published(keys)).not.toContain(kidOf(old))
    expect(await keys.verify('shop', old)).toBeNull()
    expect(await published(open())).not.toContain(kidOf(old))
    expect(await store.listSigningKeys('shop')).toHaveLength(3)
  })

  it('verifies until the longest of its tokens has expired, whatever lives are short by then', async () => {
    const keys = open()
    const long = await sign(keys, 30 * DAY)
    await sign(keys, 600)
    advance(10 * DAY)
    await sign(open(), 7 * DAY)
    expect((await force(open())).goneAt).toBe(now() + 30 * DAY + 60)
    advance(20 * DAY - 1)
    expect(await keys.verify('shop', long)).not.toBeNull()
  })

  it('is not kept for what keys before it signed', async () => {
    const keys = open()
    await sign(keys, 30 * DAY)
    await force(keys)
    await sign(keys)
    expect((await force(keys)).goneAt).toBe(now() + DAY + 60)
  })

  it('outlives a token that was signed just when it retired', async () => {
    const [keys, other] = [open(), open()]
    await keys.ensure('shop', 'ES256')
    await other.ensure('shop', 'ES256')
    for (const moment of ['findFact', 'replaceSigningKeys', 'listSigningKeys']) {
      let jwt = ''
      const before = async () => {
        jwt = await sign(other, 30 * DAY)
      }
      asked.push({ name: moment, before })
      await force(keys)
      advance(29 * DAY)
      expect([moment, await open().verify('shop', jwt)]).not.toContain(null)
    }
  })

  it('outlives it too if the next rotation comes before that is written', async () => {
    const [keys, other] = [open(), open()]
    await keys.ensure('shop', 'ES256')
    let jwt = ''
    const rotateOnce = async () => {
      await force(other)
    }
    const signLong = async () => {
      jwt = await sign(other, 30 * DAY)
      asked.push({ name: 'replaceSigningKeys', before: rotateOnce })
    }
    asked.push({ name: 'replaceSigningKeys', before: signLong })
    await force(keys)
    expect(await store.listSigningKeys('shop')).toHaveLength(4)
    advance(29 * DAY)
    expect(await open().verify('shop', jwt)).not.toBeNull()
  })

  it('outlives a token that a process signed which did not know yet that it retired', async () => {
    const [keys, other] = [open(), open()]
    const old = kidOf(await sign(keys))
    await force(other)
    const long = await sign(keys, 30 * DAY)
    expect(kidOf(long)).not.toBe(old)
    expect((await force(other)).goneAt).toBe(now() + 30 * DAY + 60)
  })

  it('outlives the tokens of a process whose note another one has written over', async () => {
    const keys = open()
    const kid = kidOf(await sign(keys, 30 * DAY))
    await store.saveFact(`longest_token_life/shop/${kid}`, String(2 * DAY))
    advance(5)
    await keys.jwks('shop')
    await settled()
    expect((await force(open())).goneAt).toBe(now() + 30 * DAY + 60)
  })
})

it('tokens of up to a day cost the store nothing', async () => {
  const keys = open()
  await sign(keys)
  asked = []
  await sign(keys, DAY)
  expect(asked).toEqual([])
})

it('keys that are known are not parsed again', async () => {
  const keys = open()
  const jwt = await sign(keys)
  const rows = (await store.listSigningKeys('shop')).map((row) => {
    return { ...row, publicJwk: '{}', sealedPrivateKey: new Uint8Array() }
  })
  const activeKid = kidOf(jwt) ?? ''
  await store.replaceSigningKeys({ tenant: 'shop', algorithm: 'ES256', activeKid, rows })
  advance(3600)
  expect(await keys.jwks('shop')).toBe('{"keys":[{},{}]}')
  expect(kidOf(await sign(keys))).toBe(activeKid)
  expect(await keys.verify('shop', jwt)).not.toBeNull()
  expect(reported).toEqual([])
})

describe('another master key', () => {
  const OTHER = createMasterKey(new Uint8Array(32).fill(8))

  it('is refused when the keys are loaded, and the operator is told what to do', async () => {
    await open().ensure('shop', 'ES256')
    await expect(open(OTHER).load('shop')).rejects.toMatchObject({
      name: 'SigningKeyRefused',
      message: expect.stringMatching(
        /ES256 key of tenant shop .* another master key.* --master-key-file FILE/,
      ),
    })
  })

  it('does not matter to a tenant without keys', async () => {
    await open().ensure('shop', 'ES256')
    await open(OTHER).load('other')
  })
})
