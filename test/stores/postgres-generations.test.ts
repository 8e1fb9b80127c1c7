import { expect, test } from 'vitest'
import { createGenerations, MAX_AGE_MS } from '../../src/stores/postgres/generations.ts'

function fixture() {
  const time = { ms: 5000 }
  return { time, generations: createGenerations(() => time.ms) }
}

test('nothing may be kept before it is known that all is heard', () => {
  const { time, generations } = fixture()
  expect(generations.of('clients')).toBeNull()
  generations.heard(time.ms)
  expect(generations.of('clients')).not.toBeNull()
})

test('silence counts for a second after it was asked, not after it was answered', () => {
  const { time, generations } = fixture()
  const askedAtMs = time.ms
  time.ms += MAX_AGE_MS - 1
  generations.heard(askedAtMs)
  expect(generations.of('users')).not.toBeNull()
  time.ms += 1
  expect(generations.of('users')).not.toBeNull()
  time.ms += 1
  expect(generations.of('users')).toBeNull()
})

test('a change of a table counts for its rows alone', () => {
  const { time, generations } = fixture()
  generations.heard(time.ms)
  const [clients, users] = [generations.of('clients'), generations.of('users')]
  generations.changed(['clients'])
  expect(generations.of('clients')).toBeGreaterThan(clients as number)
  expect(generations.of('users')).toBe(users)
})

test('while nobody listened anything may have been changed', () => {
  const { time, generations } = fixture()
  generations.heard(time.ms)
  const before = [generations.of('clients'), generations.of('users')] as number[]
  generations.lost()
  expect([generations.of('clients'), generations.of('users')]).toEqual([null, null])
  generations.heard(time.ms)
  expect(generations.of('clients')).toBeGreaterThan(before[0] as number)
  expect(generations.of('users')).toBeGreaterThan(before[1] as number)
})
