import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeHeapSnapshot } from 'node:v8'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createPasswordCache } from '../../src/crypto/password-cache.ts'
import { createRandom } from '../../src/crypto/random.ts'
import { newDirectory } from '../directory.ts'

const RIGHT = { holder: 'dodici/ann/1', hash: '$argon2id$of-ann', password: 'spree123' }

function createCache(options: { seconds?: number; holders?: number } = {}) {
  let nowMs = 1_767_225_600_000
  const cache = createPasswordCache({
    seconds: 30,
    ...options,
    clock: () => nowMs,
    random: createRandom(),
  })
  const advance = (ms: number) => {
    nowMs += ms
  }
  return { ...cache, advance }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('what was remembered', () => {
  it.each([
    ['another password', { password: 'spree124' }],
    ['no password', { password: '' }],
    ['the same user after a change', { holder: 'dodici/ann/2' }],
    ['another user', { holder: 'dodici/bob/1' }],
    ['a user of another tenant', { holder: 'tredici/ann/1' }],
    ['nobody', { holder: null }],
    ['the same password, hashed again', { hash: '$argon2id$of-ann-again' }],
    ['a password that begins in the hash', { hash: '$argon2id$of-an', password: 'nspree123' }],
    ['a password that ends in the hash', { hash: '$argon2id$of-anns', password: 'pree123' }],
  ])('is not %s', (_, other) => {
    const { knows, remember } = createCache()
    expect(knows(RIGHT)).toBe(false)
    remember(RIGHT)
    expect(knows({ ...RIGHT, ...other })).toBe(false)
    expect(knows(RIGHT)).toBe(true)
  })

  it('is the last of a holder alone', () => {
    const { knows, remember } = createCache()
    remember(RIGHT)
    remember({ ...RIGHT, hash: 'another' })
    expect(knows(RIGHT)).toBe(false)
    expect(knows({ ...RIGHT, hash: 'another' })).toBe(true)
  })

  it('is told apart where a password looks like two parts', () => {
    const { knows, remember } = createCache()
    remember({ ...RIGHT, hash: 'a', password: 'b","c' })
    expect(knows({ ...RIGHT, hash: 'a","b', password: 'c' })).toBe(false)
  })

  it('has a key of 256 bits, drawn for each cache', () => {
    const random = createRandom()
    const drawn: number[] = []
    const bytes = (length: number) => {
      drawn.push(length)
      return random.bytes(length)
    }
    for (const expected of [[32], [32, 32]]) {
      createPasswordCache({ seconds: 30, clock: () => 0, random: { ...random, bytes } })
      expect(drawn).toEqual(expected)
    }
  })
})

describe('it is remembered', () => {
  it('for its life, however often it is asked for', () => {
    const { knows, remember, advance } = createCache({ seconds: 30 })
    remember(RIGHT)
    for (let second = 0; second < 30; second++) {
      expect(knows(RIGHT)).toBe(true)
      advance(1000)
    }
    expect(knows(RIGHT)).toBe(false)
  })

  it('from when it was found right last', () => {
    const { knows, remember, advance } = createCache({ seconds: 30 })
    remember(RIGHT)
    advance(20_000)
    remember(RIGHT)
    advance(29_999)
    expect(knows(RIGHT)).toBe(true)
    advance(1)
    expect(knows(RIGHT)).toBe(false)
  })

  it('not by a clock that was put back', () => {
    const { knows, remember, advance } = createCache()
    remember(RIGHT)
    advance(-1)
    expect(knows(RIGHT)).toBe(false)
  })
})

describe('it holds', () => {
  it('the latest holders, and at most twice as many', () => {
    const { knows, remember } = createCache({ holders: 10 })
    const nth = (n: number) => ({ ...RIGHT, holder: `dodici/${n}/1` })
    for (let n = 0; n < 1000; n++) {
      remember(nth(n))
      for (let back = 0; back < 10 && back <= n; back++) expect(knows(nth(n - back))).toBe(true)
    }
    const known = Array.from({ length: 1000 }, (_, n) => knows(nth(n))).filter(Boolean)
    expect(known.length).toBeLessThanOrEqual(20)
  })

  it('nothing for longer than twice its life, though nobody asks', () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    // The clock stands still: it is the memory that is looked at.
    const { knows, remember } = createCache({ seconds: 30 })
    remember(RIGHT)
    vi.advanceTimersByTime(29_999)
    remember({ ...RIGHT, holder: 'later' })
    vi.advanceTimersByTime(30_000)
    expect(knows(RIGHT)).toBe(true)
    vi.advanceTimersByTime(1)
    expect(knows(RIGHT)).toBe(false)
    remember({ ...RIGHT, holder: 'still later' })
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(90_000)
    expect(knows({ ...RIGHT, holder: 'still later' })).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
    remember(RIGHT)
    expect(vi.getTimerCount()).toBe(1)
  })

  it('neither the password nor the hash', () => {
    // Made here, so that they stand in no source.
    const backwards = (text: string) => [...text].reverse().join('')
    const cache = createCache()
    cache.remember({
      holder: backwards('redloh-canary'),
      hash: backwards('hsah-canary'),
      password: backwards('drowssap-canary'),
    })
    const snapshot = readFileSync(writeHeapSnapshot(join(newDirectory(), 'x.heapsnapshot')))
    // It does see what the cache holds.
    expect(snapshot.includes(backwards('redloh-canary'))).toBe(true)
    expect(snapshot.includes(backwards('hsah-canary'))).toBe(false)
    expect(snapshot.includes(backwards('drowssap-canary'))).toBe(false)
    expect(cache.knows({ holder: null, hash: '', password: '' })).toBe(false)
  }, 30_000)
})
