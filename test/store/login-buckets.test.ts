import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createLoginBuckets, type Login, type LoginBucketsOptions } from '../../src/store/login-buckets.ts'

const digest = (text: string) => createHmac('sha512', 'key').update(text).digest('base64url')

function bucketsWith(options: Partial<LoginBucketsOptions> = {}) {
  return createLoginBuckets({
    digest,
    failuresPerUser: 10,
    failuresPerSource: 100,
    isTrusted: () => false,
    ...options,
  })
}

const LOGIN: Login = { tenant: 'shop', userId: 'u-1', username: 'ann', source: '192.0.2.1' }

describe('the buckets of a login', () => {
  test('are that of the user at the source, and that of the source', () => {
    const buckets = bucketsWith()
    const source = buckets.ofSource('shop', '192.0.2.1')
    expect(buckets.of(LOGIN)).toEqual([
      { user: buckets.ofUser('shop', 'u-1'), source, failureMs: 90_000, capacityMs: 900_000 },
      { user: null, source, failureMs: 864_000, capacityMs: 86_400_000 },
    ])
  })

  test('T101 are the same by whatever name somebody is found', () => {
    const { of } = bucketsWith()
    expect(of({ ...LOGIN, username: 'ann@shop.example' })).toEqual(of(LOGIN))
  })

  test('T101 are the same for all spellings of a name that nobody has', () => {
    const { of } = bucketsWith()
    const nobody = { ...LOGIN, userId: null }
    expect(of({ ...nobody, username: ' ＡＮＮ\u200b' })).toEqual(of({ ...nobody, username: 'ann' }))
    expect(of({ ...nobody, username: 'bob' })[0]).not.toEqual(of({ ...nobody, username: 'ann' })[0])
  })

  test('are others for another tenant, user or source', () => {
    const { of } = bucketsWith()
    const logins = [LOGIN, { ...LOGIN, tenant: 'other' }, { ...LOGIN, source: '192.0.2.2' }]
    const all = logins.flatMap((login) => of(login).map((bucket) => JSON.stringify(bucket)))
    expect(new Set(all).size).toBe(6)
    const ofName = of({ ...LOGIN, userId: null, username: 'u-1' })[0]
    expect(ofName?.user).not.toBe(of(LOGIN)[0]?.user)
  })

  test('T118 name nobody, and are as long for whatever names', () => {
    const { of } = bucketsWith()
    const long = { tenant: 'shop', userId: null, username: 'ann'.repeat(9999), source: 'y'.repeat(999) }
    for (const login of [LOGIN, long]) {
      for (const { user, source } of of(login)) {
        expect([user ?? source, source]).toEqual(Array(2).fill(expect.stringMatching(/^[\w-]{43}$/)))
        expect(`${user} ${source}`).not.toMatch(/ann|192/)
      }
    }
    const other = bucketsWith({ digest: (text) => digest(`x${text}`) })
    expect(other.of(LOGIN)[0]?.user).not.toBe(of(LOGIN)[0]?.user)
  })

  test('are none of those that are off', () => {
    const userOf = (options: Partial<LoginBucketsOptions>) =>
      bucketsWith(options)
        .of(LOGIN)
        .map(({ user }) => user !== null)
    expect(userOf({ failuresPerSource: 0 })).toEqual([true])
    expect(userOf({ failuresPerUser: 0 })).toEqual([false])
    expect(userOf({ failuresPerUser: 0, failuresPerSource: 0 })).toEqual([])
  })

  test('are those of the users alone for a trusted source, or one that is not known', () => {
    const { of } = bucketsWith({ isTrusted: (source) => source === '192.0.2.9' })
    for (const source of ['192.0.2.9', null]) {
      expect(of({ ...LOGIN, source }).map(({ user }) => user !== null)).toEqual([true])
    }
  })
})
